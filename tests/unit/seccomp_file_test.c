// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/seccomp_file.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/caps.h"

#include <errno.h>
#include <linux/audit.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "tests/unit/seccomp_run.h"

#define CAP_SYS_ADMIN_BIT (UINT64_C(1) << 21)
#define ERRNO(number)	  (SECCOMP_RET_ERRNO | (number))

/* What becomes of the call NUMBER on ARCH under the profile TEXT. */
static uint32_t outcome_on(uint32_t arch, const char *text, uint64_t capabilities, int number,
			   uint64_t first, uint64_t second)
{
	const struct seccomp_data data = {.arch = arch, .nr = number, .args = {first, second}};
	CLEANUP_FREE struct sock_filter *filter = NULL;
	struct err err = ERR_INIT;
	size_t n;

	if (seccomp_file_compile(text, strlen(text), capabilities, &filter, &n, &err) < 0)
		fail_msg("%s", err.msg);
	return run(filter, n, &data);
}

static uint32_t outcome(const char *text, int number, uint64_t first, uint64_t second)
{
	return outcome_on(AUDIT_ARCH_X86_64, text, CAPS_DEFAULT, number, first, second);
}

static void actions_are_what_they_are_called(void **state)
{
	static const struct {
		const char *name;
		uint32_t is;
	} table[] = {
		{"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW},
		{"SCMP_ACT_ERRNO", ERRNO(EPERM)},
		{"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD},
		{"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD},
		{"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS},
		{"SCMP_ACT_TRAP", SECCOMP_RET_TRAP},
		{"SCMP_ACT_TRACE", SECCOMP_RET_TRACE | EPERM},
		{"SCMP_ACT_LOG", SECCOMP_RET_LOG},
	};
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		snprintf(text, sizeof(text),
			 "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 13, "
			 "\"syscalls\": [{\"name\": \"mkdir\", \"action\": \"%s\"}]}",
			 table[i].name);
		assert_int_equal(outcome(text, SYS_mkdir, 0, 0), table[i].is);
		assert_int_equal(outcome(text, SYS_rmdir, 0, 0), ERRNO(EACCES));
		assert_int_equal(outcome(text, 1000, 0, 0), ERRNO(ENOSYS));
	}
}

static void a_list_of_what_is_denied_lets_the_rest_through(void **state)
{
	static const char text[] =
		"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"mkdir\", "
		"\"no_such_call\", \"a b\", \"\", \"mkdirat\"], \"action\": \"SCMP_ACT_ERRNO\", "
		"\"errnoRet\": 30}]}";

	assert_int_equal(outcome(text, SYS_mkdir, 0, 0), ERRNO(EROFS));
	assert_int_equal(outcome(text, SYS_mkdirat, 0, 0), ERRNO(EROFS));
	assert_int_equal(outcome(text, SYS_rmdir, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(outcome(text, 1000, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(outcome(text, 0x40000000 | SYS_getpid, 0, 0), ERRNO(ENOSYS));
}

#define TESTED(args)                                                                               \
	"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [\"lseek\"], "         \
	"\"action\": \"SCMP_ACT_ALLOW\", \"args\": [" args "]}]}"

static void all_64_bits_are_compared(void **state)
{
	static const uint64_t value = UINT64_C(0x200000005);
	static const uint64_t others[] = {0,
					  5,
					  UINT64_C(0x100000005),
					  UINT64_C(0x100000006),
					  UINT64_C(0x200000004),
					  UINT64_C(0x200000005),
					  UINT64_C(0x200000006),
					  UINT64_C(0x300000000),
					  UINT64_MAX};
	static const char *const ops[] = {"EQ", "NE", "LT", "LE", "GT", "GE"};
	char text[512];

	for (size_t op = 0; op < ARRAY_SIZE(ops); op++) {
		snprintf(text, sizeof(text),
			 TESTED("{\"index\": 0, \"value\": 8589934597, \"op\": \"SCMP_CMP_%s\"}"),
			 ops[op]);
		for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
			uint64_t x = others[i];
			const bool holds[] = {x == value, x != value, x<value, x <= value, x> value,
					      x >= value};

			if (outcome(text, SYS_lseek, x, 0) !=
			    (holds[op] ? SECCOMP_RET_ALLOW : ERRNO(EPERM)))
				fail_msg("%s, row %zu", ops[op], i);
		}
	}
}

static void masks_cover_both_halves(void **state)
{
	static const char text[] =
		TESTED("{\"index\": 1, \"value\": 64424509455, "
		       "\"valueTwo\": 8589934609, \"op\": "
		       "\"SCMP_CMP_MASKED_EQ\"}"); /* & 0xf0000000f == 0x200000001 */

	assert_int_equal(outcome(text, SYS_lseek, 0, UINT64_C(0x200000001)), SECCOMP_RET_ALLOW);
	assert_int_equal(outcome(text, SYS_lseek, 0, UINT64_C(0xff2fffffff1)), SECCOMP_RET_ALLOW);
	assert_int_equal(outcome(text, SYS_lseek, 0, UINT64_C(0x100000001)), ERRNO(EPERM));
	assert_int_equal(outcome(text, SYS_lseek, 0, UINT64_C(0x200000003)), ERRNO(EPERM));
	assert_int_equal(outcome(text, SYS_lseek, UINT64_C(0x200000001), 0), ERRNO(EPERM));
}

static void tests_of_several_arguments_must_all_hold(void **state)
{
	static const char text[] =
		TESTED("{\"index\": 0, \"value\": 3, \"op\": \"SCMP_CMP_EQ\"}, "
		       "{\"index\": 1, \"value\": 100, \"op\": \"SCMP_CMP_LT\"}");

	assert_int_equal(outcome(text, SYS_lseek, 3, 99), SECCOMP_RET_ALLOW);
	assert_int_equal(outcome(text, SYS_lseek, 3, 100), ERRNO(EPERM));
	assert_int_equal(outcome(text, SYS_lseek, 4, 99), ERRNO(EPERM));
}

static void tests_of_one_argument_are_alternatives(void **state)
{
	static const char text[] = TESTED("{\"index\": 0, \"value\": 3, \"op\": \"SCMP_CMP_EQ\"}, "
					  "{\"index\": 0, \"value\": 5, \"op\": \"SCMP_CMP_EQ\"}");

	assert_int_equal(outcome(text, SYS_lseek, 3, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(outcome(text, SYS_lseek, 5, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(outcome(text, SYS_lseek, 4, 0), ERRNO(EPERM));
}

static void conditions_count(void **state)
{
	static const struct {
		const char *condition;
		bool by_default, with_admin;
	} table[] = {
		{"\"includes\": {\"caps\": [\"CAP_SYS_ADMIN\"]}", false, true},
		{"\"excludes\": {\"caps\": [\"CAP_SYS_ADMIN\"]}", true, false},
		{"\"includes\": {\"caps\": [\"CAP_SYS_ADMIN\", \"CAP_BPF\"]}", false, false},
		{"\"excludes\": {\"caps\": [\"CAP_BPF\", \"CAP_SYS_ADMIN\"]}", true, false},
		{"\"includes\": {\"arches\": [\"amd64\", \"x32\"]}", true, true},
		{"\"includes\": {\"arches\": [\"arm64\"]}", false, false},
		{"\"excludes\": {\"arches\": [\"amd64\"]}", false, false},
		{"\"includes\": {\"minKernel\": \"4.8\"}", true, true},
		{"\"includes\": {\"minKernel\": \"999.0\"}", false, false},
		{"\"excludes\": {\"minKernel\": \"4.8\"}", false, false},
		{"\"includes\": {}, \"excludes\": null", true, true},
	};
	char text[512];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		snprintf(text, sizeof(text),
			 "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": "
			 "[\"mkdir\"], \"action\": \"SCMP_ACT_ALLOW\", %s}]}",
			 table[i].condition);
		if ((outcome(text, SYS_mkdir, 0, 0) == SECCOMP_RET_ALLOW) != table[i].by_default)
			fail_msg("row %zu", i);
		if ((outcome_on(AUDIT_ARCH_X86_64, text, CAPS_DEFAULT | CAP_SYS_ADMIN_BIT,
				SYS_mkdir, 0, 0) == SECCOMP_RET_ALLOW) != table[i].with_admin)
			fail_msg("row %zu with CAP_SYS_ADMIN", i);
	}
}

static void i386_is_there_when_the_file_says_so(void **state)
{
	static const struct {
		const char *arches;
		bool i386;
	} table[] = {
		{"\"architectures\": [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\"]", true},
		{"\"architectures\": [\"SCMP_ARCH_X86_64\"]", false},
		{"\"archMap\": [{\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": "
		 "[\"SCMP_ARCH_X86\", \"SCMP_ARCH_X32\"]}]",
		 true},
		{"\"archMap\": [{\"architecture\": \"SCMP_ARCH_AARCH64\", \"subArchitectures\": "
		 "[\"SCMP_ARCH_X86\"]}]",
		 false},
		{"\"architectures\": null", false},
	};
	char text[512];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		snprintf(text, sizeof(text),
			 "{\"defaultAction\": \"SCMP_ACT_ALLOW\", %s, \"syscalls\": [{\"names\": "
			 "[\"_llseek\"], \"action\": \"SCMP_ACT_ERRNO\", \"args\": [{\"index\": 0, "
			 "\"value\": 4294967303, \"op\": \"SCMP_CMP_EQ\"}]}]}",
			 table[i].arches);
		/* 140 is _llseek; arguments of i386 have 32 bits, so 2^32 + 7 is 7 */
		if (outcome_on(AUDIT_ARCH_I386, text, CAPS_DEFAULT, 140, 7, 0) !=
		    (table[i].i386 ? ERRNO(EPERM) : SECCOMP_RET_KILL_PROCESS))
			fail_msg("row %zu", i);
		assert_int_equal(outcome(text, SYS_getpid, 0, 0), SECCOMP_RET_ALLOW);
	}
}

static void a_rule_that_says_the_default_does_not_count(void **state)
{
	static const char text[] = "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": ["
				   "{\"names\": [\"mkdir\"], \"action\": \"SCMP_ACT_ERRNO\"}, "
				   "{\"names\": [\"mkdir\"], \"action\": \"SCMP_ACT_ALLOW\"}]}";

	assert_int_equal(outcome(text, SYS_mkdir, 0, 0), SECCOMP_RET_ALLOW);
}

static void mistakes_are_said_with_their_place(void **state)
{
#define RULE(text) "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{}, " text "]}"
	static const struct {
		const char *text, *says;
	} table[] = {
		{"{\n  \"defaultAction\" \"SCMP_ACT_ALLOW\"\n}", "line 2, column "},
		{"[]", "JSON object"},
		{"{}", "no 'defaultAction'"},
		{"{\"defaultAction\": 1}", "'defaultAction' must be text"},
		{"{\"defaultAction\": \"SCMP_ACT_DENY\"}", "unknown action 'SCMP_ACT_DENY'"},
		{"{\"defaultAction\": \"SCMP_ACT_NOTIFY\"}", "SCMP_ACT_NOTIFY needs"},
		{"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 4096}",
		 "out of range"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": "
		 "[\"SCMP_ARCH_X86\"], \"archMap\": [{}]}",
		 "cannot both"},
		{RULE("1"), "rule 1 of 'syscalls': there is no 'action'"},
	};
	static const struct {
		const char *rule, *says;
	} rules[] = {
		{"1", "must be an object"},
		{"{\"action\": \"SCMP_ACT_LOG\"}", "no 'names'"},
		{"{\"action\": \"SCMP_ACT_LOG\", \"name\": \"a\", \"names\": [\"b\"]}", "both"},
		{"{\"action\": \"SCMP_ACT_LOG\", \"names\": [1]}", "a list of texts"},
		{"{\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": -1, \"name\": \"a\"}", "range"},
		{"{\"action\": \"SCMP_ACT_LOG\", \"name\": \"a\", \"args\": [{\"index\": 6, "
		 "\"op\": \"SCMP_CMP_EQ\"}]}",
		 "'index' is out of range"},
		{"{\"action\": \"SCMP_ACT_LOG\", \"name\": \"a\", \"args\": [{\"op\": \"EQ\"}]}",
		 "unknown comparison 'EQ'"},
		{"{\"action\": \"SCMP_ACT_LOG\", \"name\": \"a\", \"includes\": {\"caps\": "
		 "[\"CAP_NONE\"]}}",
		 "unknown capability 'CAP_NONE'"},
		{"{\"action\": \"SCMP_ACT_LOG\", \"name\": \"a\", \"includes\": {\"minKernel\": "
		 "\"new\"}}",
		 "a version"},
	};
	char text[512];

	for (size_t i = 0; i < ARRAY_SIZE(table) + ARRAY_SIZE(rules); i++) {
		const char *says =
			i < ARRAY_SIZE(table) ? table[i].says : rules[i - ARRAY_SIZE(table)].says;
		struct sock_filter *filter = NULL;
		struct err err = ERR_INIT;
		size_t n;

		if (i < ARRAY_SIZE(table))
			snprintf(text, sizeof(text), "%s", table[i].text);
		else
			snprintf(text, sizeof(text),
				 "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [%s]}",
				 rules[i - ARRAY_SIZE(table)].rule);
		assert_int_equal(seccomp_file_compile(text, strlen(text), 0, &filter, &n, &err),
				 -EINVAL);
		if (!strstr(err.msg, says))
			fail_msg("expected '%s' in: %s", says, err.msg);
		if (i >= ARRAY_SIZE(table))
			assert_non_null(strstr(err.msg, "rule 1"));
	}
}

static void only_regular_files_are_read(void **state)
{
	char path[] = "/tmp/seccomp-file-test.XXXXXX";
	struct sock_filter *filter;
	struct err err = ERR_INIT;
	size_t n;

	assert_non_null(mkdtemp(path));
	assert_int_equal(seccomp_file_read(path, 0, &filter, &n, &err), -EINVAL);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(seccomp_file_read(path, 0, &filter, &n, &err), -ENOENT);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(seccomp_file_read(path, 0, &filter, &n, &err), -EINVAL);
	assert_int_equal(unlink(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(actions_are_what_they_are_called),
		cmocka_unit_test(a_list_of_what_is_denied_lets_the_rest_through),
		cmocka_unit_test(all_64_bits_are_compared),
		cmocka_unit_test(masks_cover_both_halves),
		cmocka_unit_test(tests_of_several_arguments_must_all_hold),
		cmocka_unit_test(tests_of_one_argument_are_alternatives),
		cmocka_unit_test(conditions_count),
		cmocka_unit_test(i386_is_there_when_the_file_says_so),
		cmocka_unit_test(a_rule_that_says_the_default_does_not_count),
		cmocka_unit_test(mistakes_are_said_with_their_place),
		cmocka_unit_test(only_regular_files_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
