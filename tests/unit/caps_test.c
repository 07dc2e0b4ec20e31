// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/caps.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"

#include <errno.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>

#include <cmocka.h>

#define BIT(cap) (UINT64_C(1) << (cap))

static void names_have_the_kernels_numbers(void **state)
{
	static const struct {
		const char *name;
		int number;
	} table[] = {
		{"CHOWN", CAP_CHOWN},
		{"cap_kill", CAP_KILL},
		{"NET_BIND_SERVICE", CAP_NET_BIND_SERVICE},
		{"net_admin", CAP_NET_ADMIN},
		{"CAP_NET_RAW", CAP_NET_RAW},
		{"Sys_Admin", CAP_SYS_ADMIN},
		{"MKNOD", CAP_MKNOD},
		{"AUDIT_WRITE", CAP_AUDIT_WRITE},
		{"SETFCAP", CAP_SETFCAP},
		{"SYSLOG", CAP_SYSLOG},
		{"AUDIT_READ", CAP_AUDIT_READ},
		{"PERFMON", CAP_PERFMON},
		{"BPF", CAP_BPF},
		{"CHECKPOINT_RESTORE", CAP_CHECKPOINT_RESTORE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		uint64_t mask = 0;

		assert_int_equal(caps_parse(table[i].name, &mask), 0);
		assert_int_equal(mask, BIT(table[i].number));
	}
	assert_int_equal(caps_n_names, CAP_LAST_CAP + 1);
}

static void unknown_names_are_refused(void **state)
{
	static const char *const names[] = {"",	  "CAP_",    "NET_ADMI",     "NET_ADMINS",
					    "12", "CAP_ALL", "CAP_CAP_CHOWN"};
	const char *list[] = {"CHOWN", "NET_ADMN", NULL};
	struct err err = ERR_INIT;
	uint64_t mask = 42;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(caps_parse(names[i], &mask), -EINVAL);
	assert_int_equal(caps_compute(list, NULL, false, &mask, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "cap_add"));
	assert_non_null(strstr(err.msg, "'NET_ADMN'"));
	assert_int_equal(mask, 42);
}

static void all_is_what_the_kernel_has(void **state)
{
	uint64_t all = caps_all();

	for (int cap = 0; cap < 63; cap++)
		assert_int_equal(!!(all & BIT(cap)), prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0);
}

static void sets_follow_dockers_rules(void **state)
{
	static const struct {
		const char *add[3], *drop[3];
		bool privileged;
		uint64_t mask;
	} table[] = {
		{{NULL}, {NULL}, false, CAPS_DEFAULT},
		{{"NET_ADMIN"}, {NULL}, false, CAPS_DEFAULT | BIT(CAP_NET_ADMIN)},
		{{NULL}, {"CHOWN"}, false, CAPS_DEFAULT & ~BIT(CAP_CHOWN)},
		{{"CHOWN"}, {"CHOWN"}, false, CAPS_DEFAULT},
		{{"chown", "KILL"}, {"ALL"}, false, BIT(CAP_CHOWN) | BIT(CAP_KILL)},
		{{NULL}, {"all"}, false, 0},
		{{"ALL"}, {"SYS_ADMIN"}, false, ~BIT(CAP_SYS_ADMIN)},
		{{"ALL"}, {"ALL"}, false, UINT64_MAX},
		{{NULL}, {"CHOWN"}, true, UINT64_MAX},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		uint64_t mask = 0;

		assert_int_equal(
			caps_compute(table[i].add, table[i].drop, table[i].privileged, &mask, NULL),
			0);
		if (mask != (table[i].mask & caps_all()))
			fail_msg("row %zu: %llx", i, (unsigned long long)mask);
	}
}

static void sets_can_be_printed(void **state)
{
	char text[640];

	caps_format(0, text, sizeof(text));
	assert_string_equal(text, "");
	caps_format(BIT(0) | BIT(5) | BIT(41), text, sizeof(text));
	assert_string_equal(text, "CHOWN,KILL,41");
	caps_format(CAPS_DEFAULT, text, sizeof(text));
	assert_string_equal(text, "CHOWN,DAC_OVERRIDE,FOWNER,FSETID,KILL,SETGID,SETUID,SETPCAP,"
				  "NET_BIND_SERVICE,NET_RAW,SYS_CHROOT,MKNOD,AUDIT_WRITE,SETFCAP");
	caps_format(UINT64_MAX, text, sizeof(text));
	assert_non_null(strstr(text, ",63"));
	caps_format(UINT64_MAX, text, 10);
	assert_string_equal(text, "CHOWN,DAC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_the_kernels_numbers),
		cmocka_unit_test(unknown_names_are_refused),
		cmocka_unit_test(all_is_what_the_kernel_has),
		cmocka_unit_test(sets_follow_dockers_rules),
		cmocka_unit_test(sets_can_be_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
