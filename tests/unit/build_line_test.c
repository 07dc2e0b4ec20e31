// SPDX-License-Identifier: GPL-2.0-or-later
/* What buildah says, as it is shown. */
#include "cmd/cli/build_line.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void is_shown_as(const char *said, const char *shown)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	build_line_add(&out, said, strlen(said));
	assert_string_equal(out.text, shown);
}

static void what_a_step_prints_stays(void **state)
{
	is_shown_as("", "");
	is_shown_as("{\"a\": {}}", "{\"a\": {}}");
	is_shown_as("time=\"now\" and nothing else", "time=\"now\" and nothing else");
	is_shown_as("level=info msg=\"of a program\"", "level=info msg=\"of a program\"");
}

static void bytes_that_are_no_text_stay(void **state)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	build_line_add(&out, "a\0b", 3);
	assert_int_equal(out.len, 3);
	assert_memory_equal(out.text, "a\0b", 3);
}

static void the_logger_is_understood(void **state)
{
	is_shown_as("time=\"2026-01-02T03:04:05Z\" level=warning msg=\"missing \\\"A\\\" build "
		    "argument\"",
		    "warning: missing \"A\" build argument");
	is_shown_as("time=\"x\" level=error msg=\"C:\\\\d", "error: C:\\d");
}

static void its_own_structures_go_and_the_cause_stays(void **state)
{
	is_shown_as("Error: committing container for step {Env:[PATH=/bin A={}] Command:run "
		    "Attrs:map[] Message:RUN x}: write /x: no space left on device",
		    "Error: committing container for step: write /x: no space left on device");
	is_shown_as("Build error: Unknown instruction: \"RUNN\" "
		    "&imagebuilder.Step{Env:[]string{\"PATH=/bin\"}, Command:\"runn\"}",
		    "Build error: Unknown instruction: \"RUNN\"");
	is_shown_as("cut off {Env:[PATH", "cut off");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_step_prints_stays),
		cmocka_unit_test(bytes_that_are_no_text_stay),
		cmocka_unit_test(the_logger_is_understood),
		cmocka_unit_test(its_own_structures_go_and_the_cause_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
