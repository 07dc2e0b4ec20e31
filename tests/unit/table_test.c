// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/table.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void expect_table(size_t columns, const char *const *cells, const char *expected)
{
	CLEANUP(table_release) struct table table = TABLE_INIT(columns);
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	for (; *cells; cells++)
		table_add(&table, *cells);
	table_render(&table, &out);
	assert_string_equal(out.text, expected);
}

static void test_columns_are_as_wide_as_their_widest_cell(void **state)
{
	expect_table(2, (const char *[]){"A", "B", "long", "x", NULL}, "A      B\nlong   x\n");
}

static void test_no_line_ends_in_a_space(void **state)
{
	expect_table(3, (const char *[]){"A", "B", "C", "long", "", "", "x", "", "y", NULL},
		     "A      B   C\nlong\nx          y\n");
}

static void test_width_is_that_of_the_terminal(void **state)
{
	assert_int_equal(table_text_width("wei\xc3\x9f"), 4);
	assert_int_equal(table_text_width("\xe6\x97\xa5\xe6\x9c\xac"), 4); /* two wide ones */
	assert_int_equal(table_text_width("e\xcc\x81"), 1);		   /* combining accent */
	assert_int_equal(table_text_width("\xf0\x9f\x90\xb3"), 2);	   /* emoji */
	expect_table(2, (const char *[]){"\xe6\x97\xa5", "B", "abc", "x", NULL},
		     "\xe6\x97\xa5    B\nabc   x\n");
}

static void test_cells_cannot_control_the_terminal(void **state)
{
	expect_table(1, (const char *[]){"a\033[2Jb\n", NULL}, "a\\x1b[2Jb\\n\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(test_no_line_ends_in_a_space),
		cmocka_unit_test(test_width_is_that_of_the_terminal),
		cmocka_unit_test(test_cells_cannot_control_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
