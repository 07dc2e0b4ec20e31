// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/dotenv.h"
#include "core/model/interpolate.h"
#include "core/model/report.h"
#include "core/model/variables.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned int unset_seen;

static void count_unset(void *data, const char *name)
{
	unset_seen++;
}

/* With V=value and E set to nothing. */
static int expand(const char *text, size_t budget, struct strbuf *out, struct err *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	CLEANUP(variables_release) struct variables variables = {.arena = arena};
	struct interpolation in = {.first = &variables, .budget = budget, .unset = count_unset};

	variables_set(&variables, "V", "value");
	variables_set(&variables, "E", "");
	unset_seen = 0;
	return interpolate(&in, text, strlen(text), out, err);
}

static void all_forms_give_what_the_specification_says(void **state)
{
	static const char *const cases[][2] = {
		{"a$V-${V}b", "avalue-valueb"},
		{"$$V $$$V", "$V $value"},
		{"${V:-d}${V-d}", "valuevalue"},
		{"[${E:-d}][${E-d}]", "[d][]"},
		{"[${N:-d}][${N-d}]", "[d][d]"},
		{"[${V:+r}][${V+r}]", "[r][r]"},
		{"[${E:+r}][${E+r}]", "[][r]"},
		{"[${N:+r}][${N+r}]", "[][]"},
		{"[${V:?e}][${V?e}][${E?e}]", "[value][value][]"},
		{"${N:-${E:-${V}x}y}", "valuexy"},
		{"${N:-{\"a\":{}}}", "{\"a\":{}}"},
		{"${N:-}", ""},
		{"${V:-${N:?not reached}}", "value"},
		{"${N:-a:b-c?d}", "a:b-c?d"},
		{"100%", "100%"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(expand(cases[i][0], 1000, &out, &err), 0);
		assert_string_equal(out.text, cases[i][1]);
		assert_int_equal(unset_seen, 0);
	}
}

static void broken_forms_are_errors(void **state)
{
	static const char *const cases[][2] = {
		{"$", "write '$$'"},
		{"a$1", "write '$$'"},
		{"${", "name of a variable"},
		{"${}", "name of a var"},
		{"${V", "closing brace"},
		{"${V:-a", "closing brace"},
		{"${V!}", "followed by"},
		{"${N:?tell me}", "tell me"},
		{"${E:?}", "'E' has to be set"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(expand(cases[i][0], 1000, &out, &err), -EINVAL);
		if (!strstr(err.msg, cases[i][1]))
			fail_msg("'%s': \"%s\" does not say \"%s\"", cases[i][0], err.msg,
				 cases[i][1]);
	}
}

static void unset_variables_are_told_and_the_budget_holds(void **state)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(expand("$N ${N}", 100, &out, &err), 0);
	assert_string_equal(out.text, " ");
	assert_int_equal(unset_seen, 2);
	assert_int_equal(expand("$V$V$V", 12, &out, &err), -E2BIG);
}

static void nesting_is_bounded(void **state)
{
	CLEANUP(strbuf_release) struct strbuf deep = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct err err = ERR_INIT;

	for (int i = 0; i < 100000; i++)
		strbuf_puts(&deep, "${N:-");
	assert_int_equal(expand(deep.text, 1000, &out, &err), -EINVAL);
}

struct parsed {
	struct arena *arena;
	struct variables variables;
	struct diagnostics diag;
	struct reporter reporter;
	int r;
};

static void parsed_release(struct parsed *parsed)
{
	variables_release(&parsed->variables);
	diagnostics_release(&parsed->diag);
	arena_free(parsed->arena);
}

static void parse(struct parsed *parsed, const char *text, bool raw)
{
	CLEANUP(variables_release) struct variables environment = {.index = NAMES_INIT};
	const struct dotenv dotenv = {.file = ".env", .environment = &environment, .raw = raw};

	*parsed = (struct parsed){.arena = arena_new()};
	environment.arena = parsed->arena;
	parsed->variables.arena = parsed->arena;
	parsed->reporter = (struct reporter){.diag = &parsed->diag, .arena = parsed->arena};
	variables_set(&environment, "HOME", "/root");
	variables_set(&environment, "FROM", "process");
	parsed->r =
		dotenv_parse(&dotenv, text, strlen(text), &parsed->variables, &parsed->reporter);
}

static void dotenv_knows_quotes_comments_and_variables(void **state)
{
	static const char text[] = "# comment\n"
				   "\n"
				   "PLAIN = some text  # comment\r\n"
				   "HASH=a#b\n"
				   "export EXPORTED=1\n"
				   "SINGLE='a $PLAIN \\n'\n"
				   "DOUBLE=\"a ${PLAIN}\\tb\\$c\n2nd \\\"line\\\"\" # comment\n"
				   "EMPTY=\n"
				   "HOME\n"
				   "PRICE=5$ a$1\n"
				   "FROM=file\n"
				   "USES=$FROM\n";
	CLEANUP(parsed_release) struct parsed parsed;
	const struct variables *v = &parsed.variables;

	parse(&parsed, text, false);
	assert_int_equal(parsed.r, 0);
	assert_string_equal(variables_get(v, "PLAIN"), "some text");
	assert_string_equal(variables_get(v, "HASH"), "a#b");
	assert_string_equal(variables_get(v, "EXPORTED"), "1");
	assert_string_equal(variables_get(v, "SINGLE"), "a $PLAIN \\n");
	assert_string_equal(variables_get(v, "DOUBLE"), "a some text\tb$c\n2nd \"line\"");
	assert_string_equal(variables_get(v, "EMPTY"), "");
	assert_string_equal(variables_get(v, "HOME"), "/root");
	assert_string_equal(variables_get(v, "PRICE"), "5$ a$1");
	assert_string_equal(variables_get(v, "USES"), "process");
	assert_int_equal(v->n, 10);
}

static void dotenv_errors_have_positions_and_do_not_hide_the_rest(void **state)
{
	CLEANUP(parsed_release) struct parsed parsed;

	parse(&parsed, "A=1\nnot a line\nB='x' y\nC=2\nD=\"never closed\nE=5\n", false);
	assert_int_equal(parsed.r, -EINVAL);
	assert_int_equal(parsed.diag.n_errors, 3);
	assert_int_equal(parsed.diag.items[0].pos.line, 2);
	assert_int_equal(parsed.diag.items[0].pos.column, 5);
	assert_int_equal(parsed.diag.items[1].pos.line, 3);
	assert_int_equal(parsed.diag.items[2].pos.line, 5);
	assert_string_equal(variables_get(&parsed.variables, "C"), "2");
}

static void raw_files_mean_nothing_but_text(void **state)
{
	CLEANUP(parsed_release) struct parsed parsed;

	parse(&parsed, "A='$B' # x\n", true);
	assert_string_equal(variables_get(&parsed.variables, "A"), "'$B' # x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_forms_give_what_the_specification_says),
		cmocka_unit_test(broken_forms_are_errors),
		cmocka_unit_test(unset_variables_are_told_and_the_budget_holds),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(dotenv_knows_quotes_comments_and_variables),
		cmocka_unit_test(dotenv_errors_have_positions_and_do_not_hide_the_rest),
		cmocka_unit_test(raw_files_mean_nothing_but_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
