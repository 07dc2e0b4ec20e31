// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/explain.h"
#include "core/model/kinds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_path_is_explained(void **state)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	assert_int_equal(explain_path("services.web.ports[0].published", &out, NULL), 0);
	assert_non_null(strstr(out.text, "port of the host"));
	strbuf_reset(&out);
	assert_int_equal(explain_path("services.web.networks.back.aliases", &out, NULL), 0);
	strbuf_reset(&out);
	assert_int_equal(explain_path("services.web.scale", &out, NULL), 0);
	assert_non_null(strstr(out.text, "from 0 to 1000"));
	assert_non_null(strstr(out.text, "default  1"));
	strbuf_reset(&out);
	assert_int_equal(explain_path("secrets", &out, NULL), 0);
	assert_null(strstr(out.text, "x-value"));
}

static void a_wrong_path_is_told(void **state)
{
	static const char *const paths[] = {"",
					    ".",
					    "servces",
					    "services.web.port",
					    "services.web.x",
					    "services.web.image.x",
					    "services.web.x-seccomp-digest"};
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (explain_path(paths[i], &out, &err) != -ENOENT || !*err.msg)
			fail_msg("'%s' was explained", paths[i]);
	explain_path("services.web.port", &out, &err);
	assert_non_null(strstr(err.msg, "did you mean 'ports'?"));
}

/* Whatever can be said can be looked up. */
static void every_path_is_explained(void **state)
{
	CLEANUP(strbuf_release) struct strbuf paths = STRBUF_INIT;
	char *save = NULL;
	size_t n = 0;

	explain_paths(&paths);
	for (char *path = strtok_r(paths.text, "\n", &save); path;
	     path = strtok_r(NULL, "\n", &save), n++) {
		CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
		struct err err = ERR_INIT;

		if (explain_path(path, &out, &err) != 0)
			fail_msg("%s: %s", path, err.msg);
		if (strstr(out.text, "(null)"))
			fail_msg("%s says nothing about what it takes: %s", path, out.text);
	}
	assert_true(n > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_is_explained),
		cmocka_unit_test(a_wrong_path_is_told),
		cmocka_unit_test(every_path_is_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
