// SPDX-License-Identifier: GPL-2.0-or-later
/* Schedules: which texts are some, and which minutes they have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/cron.h"
#include "core/base/err.h"

#include <stdio.h>
#include <string.h>

/* TIME is "YYYY-MM-DD HH:MM"; its day of the week is worked out. */
static struct tm moment(const char *time)
{
	struct tm tm = {.tm_isdst = -1};

	assert_int_equal(sscanf(time, "%d-%d-%d %d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
				&tm.tm_hour, &tm.tm_min),
			 5);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	timegm(&tm);
	return tm;
}

static bool matches(const char *text, const char *time)
{
	struct tm tm = moment(time);
	struct cron cron;

	if (cron_parse(text, &cron, NULL) < 0)
		fail_msg("'%s' is refused", text);
	return cron_matches(&cron, &tm);
}

static void the_minutes_of_a_schedule(void **state)
{
	static const struct {
		const char *text, *yes, *no;
	} table[] = {
		{"* * * * *", "2026-11-24 12:34", NULL},
		{"*/5 * * * *", "2026-11-24 12:35", "2026-11-24 12:34"},
		{"10-20/5 * * * *", "2026-11-24 12:15", "2026-11-24 12:25"},
		{"0,30 9-17 * * mon-fri", "2026-11-24 09:30", "2026-11-22 09:30"},
		{"0 0 * * 7", "2026-11-22 00:00", "2026-11-23 00:00"},
		{"0 0 * * SUN", "2026-11-22 00:00", "2026-11-23 00:00"},
		{"0 0 1 jan *", "2027-01-01 00:00", "2027-02-01 00:00"},
		{"@hourly", "2026-11-24 12:00", "2026-11-24 12:01"},
		{"@weekly", "2026-11-22 00:00", "2026-11-22 01:00"},
		{"  0\t12 * * *  ", "2026-11-24 12:00", "2026-11-24 13:00"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (!matches(table[i].text, table[i].yes))
			fail_msg("'%s' does not have %s", table[i].text, table[i].yes);
		if (table[i].no && matches(table[i].text, table[i].no))
			fail_msg("'%s' has %s", table[i].text, table[i].no);
	}
}

/* crontab(5): the 13th, and every Friday. */
static void one_of_two_restricted_days_is_enough(void **state)
{
	(void)state;
	assert_true(matches("0 0 13 * fri", "2026-11-13 00:00"));
	assert_true(matches("0 0 13 * fri", "2026-11-20 00:00"));
	assert_true(matches("0 0 13 * fri", "2026-12-13 00:00"));
	assert_false(matches("0 0 13 * fri", "2026-11-24 00:00"));
	assert_false(matches("0 0 13 * *", "2026-11-20 00:00"));
}

static void what_is_no_schedule_is_refused_with_its_field(void **state)
{
	static const struct {
		const char *text, *said;
	} table[] = {
		{"", "minute is missing"},
		{"* * * *", "day of week is missing"},
		{"60 * * * *", "no minute"},
		{"* 24 * * *", "no hour"},
		{"* * 0 * *", "no day of month"},
		{"* * * 13 *", "no month"},
		{"* * * * 8", "no day of week"},
		{"*/0 * * * *", "no minute"},
		{"5-1 * * * *", "no minute"},
		{"5/2 * * * *", "no minute"},
		{"1,,2 * * * *", "no minute"},
		{"* * * * * *", "five fields"},
		{"99999999999 * * * *", "no minute"},
		{"* * * foo *", "no month"},
		{"@reboot", "no minute"},
		{"*x * * * *", "no minute"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct err err = ERR_INIT;
		struct cron cron;

		if (cron_parse(table[i].text, &cron, &err) == 0)
			fail_msg("'%s' is taken", table[i].text);
		if (!strstr(err.msg, table[i].said))
			fail_msg("'%s': %s", table[i].text, err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_minutes_of_a_schedule),
		cmocka_unit_test(one_of_two_restricted_days_is_enough),
		cmocka_unit_test(what_is_no_schedule_is_refused_with_its_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
