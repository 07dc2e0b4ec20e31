// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/pathname.h"
#include "core/model/shortform.h"
#include "core/model/units.h"
#include "core/model/words.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int64_t bytes(const char *text)
{
	int64_t value;
	int r = units_bytes(text, &value);

	return r < 0 ? r : value;
}

static void bytes_are_powers_of_1024_with_fractions(void **state)
{
	assert_int_equal(bytes("512"), 512);
	assert_int_equal(bytes("1b"), 1);
	assert_int_equal(bytes("2k"), 2048);
	assert_int_equal(bytes("2KB"), 2048);
	assert_int_equal(bytes("1MiB"), 1 << 20);
	assert_int_equal(bytes("1.5G"), (int64_t)3 << 29);
	assert_int_equal(bytes("1.5 g"), (int64_t)3 << 29);
	assert_int_equal(bytes("0.5k"), 512);
	assert_int_equal(bytes(""), -EINVAL);
	assert_int_equal(bytes("m"), -EINVAL);
	assert_int_equal(bytes("1x"), -EINVAL);
	assert_int_equal(bytes("-1"), -EINVAL);
	assert_int_equal(bytes("9223372036854775808"), -ERANGE);
	assert_int_equal(bytes("9000p"), -ERANGE);
}

static int64_t rate(const char *text)
{
	int64_t value;
	int r = units_rate(text, &value);

	return r < 0 ? r : value;
}

static void rates_are_those_of_tc(void **state)
{
	char buf[UNITS_TEXT_MAX];

	assert_int_equal(rate("10mbit"), 10000000);
	assert_int_equal(rate("10Mbit"), 10000000);
	assert_int_equal(rate("1.5gbit"), 1500000000);
	assert_int_equal(rate("64kibit"), 65536);
	assert_int_equal(rate("500kbps"), 4000000);
	assert_int_equal(rate("1mibps"), 8 << 20);
	assert_int_equal(rate("9600"), 9600);
	assert_int_equal(rate("8bit"), 8);
	assert_int_equal(rate("8bps"), 64);
	assert_int_equal(rate("10mb"), -EINVAL);
	assert_int_equal(rate("10 mbit"), -EINVAL);
	assert_int_equal(rate("10xbit"), -EINVAL);
	assert_int_equal(rate("10mebit"), -EINVAL);
	assert_int_equal(rate("mbit"), -EINVAL);
	assert_int_equal(rate("-1mbit"), -EINVAL);
	assert_int_equal(rate("9999999999tbps"), -ERANGE);
	assert_string_equal(units_rate_text(10000000, buf), "10mbit");
	assert_string_equal(units_rate_text(1500000000, buf), "1500mbit");
	assert_string_equal(units_rate_text(65536, buf), "65536bit");
}

static void percentages_are_of_the_whole(void **state)
{
	int64_t value;
	char buf[UNITS_TEXT_MAX];

	assert_int_equal(units_percent("1%", &value), 0);
	assert_int_equal(value, 10000);
	assert_int_equal(units_percent("0.5", &value), 0);
	assert_int_equal(value, 5000);
	assert_string_equal(units_percent_text(5000, buf), "0.5%");
	assert_string_equal(units_percent_text(1000000, buf), "100%");
	assert_int_equal(units_percent("100.1%", &value), -ERANGE);
	assert_int_equal(units_percent("1%%", &value), -EINVAL);
	assert_int_equal(units_percent("some", &value), -EINVAL);
}

static int64_t duration(const char *text)
{
	int64_t value;
	int r = units_duration(text, &value);

	return r < 0 ? r : value;
}

static void durations_add_up_and_are_never_rounded_to_nothing(void **state)
{
	char buf[UNITS_TEXT_MAX];

	assert_int_equal(duration("30s"), 30000);
	assert_int_equal(duration("1h5m30s20ms"), 3930020);
	assert_int_equal(duration("1.5s"), 1500);
	assert_int_equal(duration("100us"), 1);
	assert_int_equal(duration("0"), 0);
	assert_int_equal(duration("0s"), 0);
	assert_int_equal(duration("30"), -EINVAL);
	assert_int_equal(duration("s"), -EINVAL);
	assert_int_equal(duration("1s1"), -EINVAL);
	assert_int_equal(duration("99999999999h"), -ERANGE);
	assert_string_equal(units_duration_text(3930020, buf), "1h5m30s20ms");
	assert_string_equal(units_duration_text(0, buf), "0s");
}

static void cpus_are_thousandths(void **state)
{
	char buf[UNITS_TEXT_MAX];
	int64_t millis;

	assert_int_equal(units_cpus("0.5", &millis), 0);
	assert_int_equal(millis, 500);
	assert_int_equal(units_cpus("0.0001", &millis), 0);
	assert_int_equal(millis, 1);
	assert_int_equal(units_cpus("2 ", &millis), -EINVAL);
	assert_string_equal(units_cpus_text(1500, buf), "1.5");
	assert_string_equal(units_cpus_text(2000, buf), "2");
	assert_string_equal(units_cpus_text(10, buf), "0.01");
}

static void modes_are_octal(void **state)
{
	uint32_t mode;

	assert_int_equal(units_mode("0755", &mode), 0);
	assert_int_equal(mode, 0755);
	assert_int_equal(units_mode("0o700", &mode), 0);
	assert_int_equal(mode, 0700);
	assert_int_equal(units_mode("789", &mode), -EINVAL);
	assert_int_equal(units_mode("17777", &mode), -ERANGE);
}

static void short_ports_have_all_their_forms(void **state)
{
	static const struct {
		const char *text, *host_ip, *protocol;
		unsigned int published, target, count, choices;
	} cases[] = {
		{"80", NULL, "tcp", 0, 80, 1, 0},
		{"8080:80", NULL, "tcp", 8080, 80, 1, 0},
		{"8080:80/udp", NULL, "udp", 8080, 80, 1, 0},
		{"127.0.0.1:8080:80", "127.0.0.1", "tcp", 8080, 80, 1, 0},
		{"127.0.0.1::80", "127.0.0.1", "tcp", 0, 80, 1, 0},
		{"[::1]:8080:80", "::1", "tcp", 8080, 80, 1, 0},
		{"3000-3005", NULL, "tcp", 0, 3000, 6, 0},
		{"8000-8002:80-82/tcp", NULL, "tcp", 8000, 80, 3, 0},
		{"8000-8010:80", NULL, "tcp", 8000, 80, 1, 11},
	};
	static const char *const wrong[] = {
		"",    "0",	  "65536",  "80:", "a:80",	 "80/foo", "1.2.3:80:80",
		"5-3", "1-3:1-2", "3-1:80", "-1",  "80:80:80:80"};
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	struct err err = ERR_INIT;
	struct port port;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(shortform_port(arena, cases[i].text, &port, &err), 0);
		assert_int_equal(port.published, cases[i].published);
		assert_int_equal(port.target, cases[i].target);
		assert_int_equal(port.count, cases[i].count);
		assert_int_equal(port.choices, cases[i].choices);
		assert_string_equal(port.protocol, cases[i].protocol);
		if (cases[i].host_ip)
			assert_string_equal(port.host_ip, cases[i].host_ip);
		else
			assert_null(port.host_ip);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (shortform_port(arena, wrong[i], &port, &err) != -EINVAL)
			fail_msg("'%s' was taken for a port", wrong[i]);
}

static void short_mounts_are_binds_or_volumes(void **state)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	struct err err = ERR_INIT;
	struct mount mount;

	assert_int_equal(shortform_mount(arena, "./a/../b:/t/:ro,z", &mount, &err), 0);
	assert_int_equal(mount.type, MOUNT_BIND);
	assert_string_equal(mount.source, "./a/../b");
	assert_string_equal(mount.target, "/t");
	assert_true(mount.read_only);
	assert_true(mount.create_host_path);
	assert_int_equal(shortform_mount(arena, "~/x:/t", &mount, &err), 0);
	assert_string_equal(mount.source, "~/x");
	assert_int_equal(shortform_mount(arena, "data:/t:nocopy", &mount, &err), 0);
	assert_int_equal(mount.type, MOUNT_VOLUME);
	assert_string_equal(mount.source, "data");
	assert_true(mount.nocopy);
	assert_int_equal(shortform_mount(arena, "/anon", &mount, &err), 0);
	assert_null(mount.source);
	assert_int_equal(shortform_mount(arena, "a/b:/t", &mount, &err), -EINVAL);
	assert_int_equal(shortform_mount(arena, "data:t", &mount, &err), -EINVAL);
	assert_int_equal(shortform_mount(arena, "data:/t:rx", &mount, &err), -EINVAL);
	assert_int_equal(shortform_tmpfs(arena, "/run:size=1m,mode=700,exec", &mount, &err), 0);
	assert_int_equal(mount.tmpfs_size, 1 << 20);
	assert_int_equal(mount.tmpfs_mode, 0700);
	assert_true(mount.exec);
}

static void paths_stay_below_the_root(void **state)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();

	assert_string_equal(pathname_resolve(arena, "/a/b", NULL, "../../../c"), "/c");
	assert_string_equal(pathname_resolve(arena, "/a", NULL, "."), "/a");
	assert_string_equal(pathname_resolve(arena, "/a", "/h", "~"), "/h");
	assert_string_equal(pathname_resolve(arena, "/a", "/h", "~x"), "/a/~x");
	assert_string_equal(pathname_resolve(arena, "/a", NULL, "//x///y/"), "/x/y");
}

static void words_are_split_as_in_a_shell(void **state)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	struct err err = ERR_INIT;
	struct strings words;

	assert_int_equal(words_split(arena, " nginx -g 'daemon off;'  \"a\\\"b\\c\" d\\ e '' ",
				     &words, &err),
			 0);
	assert_int_equal(words.n, 6);
	assert_string_equal(words.items[0], "nginx");
	assert_string_equal(words.items[2], "daemon off;");
	assert_string_equal(words.items[3], "a\"b\\c");
	assert_string_equal(words.items[4], "d e");
	assert_string_equal(words.items[5], "");
	assert_null(words.items[6]);
	assert_int_equal(words_split(arena, "", &words, &err), 0);
	assert_int_equal(words.n, 0);
	assert_int_equal(words_split(arena, "a 'b", &words, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_powers_of_1024_with_fractions),
		cmocka_unit_test(rates_are_those_of_tc),
		cmocka_unit_test(percentages_are_of_the_whole),
		cmocka_unit_test(durations_add_up_and_are_never_rounded_to_nothing),
		cmocka_unit_test(cpus_are_thousandths),
		cmocka_unit_test(modes_are_octal),
		cmocka_unit_test(short_ports_have_all_their_forms),
		cmocka_unit_test(short_mounts_are_binds_or_volumes),
		cmocka_unit_test(paths_stay_below_the_root),
		cmocka_unit_test(words_are_split_as_in_a_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
