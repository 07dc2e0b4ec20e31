// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/options.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct args {
	bool detach;
	const char *user;
	struct string_list env;
	int64_t timeout;
	bool pause;
};

static const struct option_spec specs[] = {
	{'d', "detach", OPTION_FLAG, offsetof(struct args, detach), NULL, "in the background"},
	{'u', "user", OPTION_STRING, offsetof(struct args, user), "USER", "who"},
	{'e', "env", OPTION_LIST, offsetof(struct args, env), "K=V", "variable"},
	{0, "timeout", OPTION_NUMBER, offsetof(struct args, timeout), "SECONDS", "how long"},
	{0, "pause", OPTION_ON, offsetof(struct args, pause), NULL, "stand still"},
};

static int parse(const char *words, bool first_operand_ends, struct args *args, char **argv,
		 int *ret_operands, struct err *err)
{
	static char copy[256];
	int argc = 0;

	strncpy(copy, words, sizeof(copy) - 1);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	return options_parse(specs, ARRAY_SIZE(specs), first_operand_ends, argc, argv, args,
			     ret_operands, err);
}

static void test_values_and_operands(void **state)
{
	struct args args;
	char *argv[32];
	int first;

	assert_int_equal(
		parse("x -d a -e A=1 --env=B=2 --timeout 7 b", false, &args, argv, &first, NULL),
		0);
	assert_true(args.detach);
	assert_null(args.user);
	assert_int_equal(args.timeout, 7);
	assert_int_equal(args.env.n, 2);
	assert_string_equal(args.env.items[1], "B=2");
	assert_string_equal(argv[first], "a");
	assert_string_equal(argv[first + 1], "b");
	options_release(specs, ARRAY_SIZE(specs), &args);
}

static void test_not_given(void **state)
{
	struct args args;
	char *argv[32];
	int first;

	memset(&args, 0x55, sizeof(args));
	assert_int_equal(parse("x", false, &args, argv, &first, NULL), 0);
	assert_false(args.detach);
	assert_int_equal(args.timeout, -1);
	assert_int_equal(args.env.n, 0);
}

static void test_options_of_the_program_that_is_run_are_its_own(void **state)
{
	struct args args;
	char *argv[32];
	int first;

	assert_int_equal(parse("exec -d web ls -l --help", true, &args, argv, &first, NULL), 0);
	assert_string_equal(argv[first], "web");
	assert_string_equal(argv[first + 2], "-l");
	assert_string_equal(argv[first + 3], "--help");
}

static void test_flags_are_true_or_false(void **state)
{
	static const struct {
		const char *words;
		bool detach, pause;
	} cases[] = {
		{"x", false, true},
		{"x --detach=true --pause=false false", true, false},
		{"x -d --pause=false --pause", true, true},
		{"x -d --detach=false --pause=true", false, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct args args;
		char *argv[32];
		int first;

		assert_int_equal(parse(cases[i].words, false, &args, argv, &first, NULL), 0);
		assert_int_equal(args.detach, cases[i].detach);
		assert_int_equal(args.pause, cases[i].pause);
	}
}

static void test_help_is_asked_for(void **state)
{
	struct args args;
	char *argv[32];
	int first;

	assert_int_equal(parse("x --help", false, &args, argv, &first, NULL), 1);
	assert_int_equal(parse("x -d -h", false, &args, argv, &first, NULL), 1);
}

static void test_mistakes_are_named(void **state)
{
	static const struct {
		const char *words, *message;
	} cases[] = {
		{"x --detatch", "unknown option '--detatch'; did you mean '--detach'?"},
		{"x --detatch=1", "unknown option '--detatch'; did you mean '--detach'?"},
		{"x --zzzzzzz", "unknown option '--zzzzzzz'"},
		{"x -z", "unknown option '-z'"},
		{"x --user", "option '--user' needs a value"},
		{"x -u", "option '-u' needs a value"},
		{"x --detach=yes", "'yes' for --detach is neither true nor false"},
		{"x --pause=", "'' for --pause is neither true nor false"},
		{"x --help=yes", "option '--help' takes no value"},
		{"x --timeout soon", "'soon' for --timeout is not a number"},
		{"x --timeout -3", "'-3' for --timeout is not a number"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = ERR_INIT;
		struct args args;
		char *argv[32];
		int first;

		assert_int_equal(parse(cases[i].words, false, &args, argv, &first, &err), -EINVAL);
		assert_string_equal(err.msg, cases[i].message);
	}
}

static void test_help_text_is_the_table(void **state)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	options_help(specs, 2, &out);
	assert_string_equal(out.text, "  -d, --detach                in the background\n"
				      "  -u, --user USER             who\n"
				      "  -h, --help                  show this\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_and_operands),
		cmocka_unit_test(test_not_given),
		cmocka_unit_test(test_options_of_the_program_that_is_run_are_its_own),
		cmocka_unit_test(test_flags_are_true_or_false),
		cmocka_unit_test(test_help_is_asked_for),
		cmocka_unit_test(test_mistakes_are_named),
		cmocka_unit_test(test_help_text_is_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
