// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/human.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define S 1000000000u

static void test_rfc3339(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2000-02-29T12:34:56Z", 951827696 * (uint64_t)S},
		{"2026-11-23T22:00:00.5Z", 1795471200 * (uint64_t)S + S / 2},
		{"2026-11-23T22:00:00.123456789Z", 1795471200 * (uint64_t)S + 123456789},
		{"2026-11-24T00:30:00+02:30", 1795471200 * (uint64_t)S},
	};
	static const char *const bad[] = {"",
					  "2026-11-23",
					  "2026-11-23T22:00:00",
					  "2026-13-23T22:00:00Z",
					  "2026-11-23T24:00:00Z",
					  "2026-11-23 22:00:00Z",
					  "2026-11-23T22:00:00+2",
					  "1969-12-31T23:59:59Z",
					  "1970-01-01T00:00:00+01:00",
					  "2026-11-23T22:00:00Zx"};
	uint64_t ns;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(human_parse_rfc3339(good[i].text, strlen(good[i].text), &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(human_parse_rfc3339(bad[i], strlen(bad[i]), &ns), -EINVAL);
}

static void test_moments(void **state)
{
	const uint64_t now = 1795471200 * (uint64_t)S;
	struct err err = ERR_INIT;
	uint64_t ns;

	assert_int_equal(human_parse_moment("10m", now, &ns, &err), 0);
	assert_int_equal(ns, now - 600 * (uint64_t)S);
	assert_int_equal(human_parse_moment("1h30m", now, &ns, &err), 0);
	assert_int_equal(ns, now - 5400 * (uint64_t)S);
	assert_int_equal(human_parse_moment("1795471200", now, &ns, &err), 0);
	assert_int_equal(ns, now);
	assert_int_equal(human_parse_moment("2026-11-23", now, &ns, &err), 0);
	assert_int_equal(ns, 1795392000 * (uint64_t)S);
	assert_int_equal(human_parse_moment("soon", now, &ns, &err), -EINVAL);
	assert_int_equal(human_parse_moment("", now, &ns, &err), -EINVAL);
	assert_int_equal(human_parse_moment("-5m", now, &ns, &err), -EINVAL);
}

static void expect_duration(uint64_t seconds, const char *expected)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	human_duration(&out, seconds);
	assert_string_equal(out.text, expected);
}

static void test_durations_are_dockers(void **state)
{
	expect_duration(0, "Less than a second");
	expect_duration(1, "1 second");
	expect_duration(59, "59 seconds");
	expect_duration(60, "About a minute");
	expect_duration(119, "About a minute");
	expect_duration(180, "3 minutes");
	expect_duration(3600, "About an hour");
	expect_duration(7200, "2 hours");
	expect_duration(3 * 86400, "3 days");
	expect_duration(15 * 86400, "2 weeks");
	expect_duration(90 * 86400, "3 months");
	expect_duration((uint64_t)1000 * 86400, "2 years");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc3339),
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_durations_are_dockers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
