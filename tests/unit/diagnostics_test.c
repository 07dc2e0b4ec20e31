// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/diagnostics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void the_caret_stands_below_what_is_wrong(void **state)
{
	CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	diagnostics_add(&diag, SEVERITY_ERROR, (struct position){"stack.yml", 12, 5},
			"    port: 80", "services.web: unknown key '%s'; did you mean 'ports'?",
			"port");
	diagnostics_render(&diag, &out);
	assert_string_equal(out.text, "stack.yml:12:5: services.web: unknown key 'port'; did you "
				      "mean 'ports'?\n"
				      "   12 |     port: 80\n"
				      "      |     ^\n");
}

static void nothing_in_a_file_controls_the_terminal(void **state)
{
	CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	diagnostics_add(&diag, SEVERITY_WARNING, (struct position){"a\x1b", 1, 4}, "ä\t\x1b[2J",
			"text \x1b[2J");
	diagnostics_render(&diag, &out);
	assert_string_equal(out.text, "a\\x1b:1:4: warning: text \\x1b[2J\n"
				      "    1 | ä\\t\\x1b[2J\n"
				      "      |        ^\n");
}

static void they_are_ordered_and_said_once(void **state)
{
	CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;

	diagnostics_add(&diag, SEVERITY_ERROR, (struct position){"b", 2, 1}, NULL, "first file");
	diagnostics_add(&diag, SEVERITY_ERROR, (struct position){"a", 1, 1}, NULL, "second file");
	diagnostics_add(&diag, SEVERITY_ERROR, (struct position){"b", 1, 9}, NULL, "earlier");
	diagnostics_add(&diag, SEVERITY_ERROR, (struct position){"b", 2, 1}, NULL, "first file");
	diagnostics_sort(&diag);
	assert_int_equal(diag.n, 3);
	assert_int_equal(diag.n_errors, 3);
	assert_string_equal(diag.items[0].text, "earlier");
	assert_string_equal(diag.items[1].text, "first file");
	assert_string_equal(diag.items[2].text, "second file");
}

static void json_is_for_editors(void **state)
{
	CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	diagnostics_add(&diag, SEVERITY_NOTE, (struct position){"f", 3, 4}, NULL, "a \"b\"\xff");
	diagnostics_render_json(&diag, &out);
	assert_string_equal(out.text, "[\n  {\n    \"severity\": \"note\",\n    \"file\": \"f\",\n"
				      "    \"line\": 3,\n    \"column\": 4,\n"
				      "    \"message\": \"a \\\"b\\\"\xef\xbf\xbd\"\n  }\n]\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_caret_stands_below_what_is_wrong),
		cmocka_unit_test(nothing_in_a_file_controls_the_terminal),
		cmocka_unit_test(they_are_ordered_and_said_once),
		cmocka_unit_test(json_is_for_editors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
