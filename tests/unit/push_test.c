// SPDX-License-Identifier: GPL-2.0-or-later
/* Pushing, as far as it takes no registry: system/push has those. */
#include "core/base/cleanup.h"
#include "store/registry/complaint.h"
#include "store/registry/http.h"
#include "store/registry/registries.h"
#include "store/registry/source.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void a_push_goes_to_the_registry_itself(void **state)
{
	static const char file[] = "[[registry]]\nprefix = 'docker.io'\nlocation = 'own:1/x'\n"
				   "[[registry.mirror]]\nlocation = 'mirror:2'\n";
	CLEANUP(registries_release) struct registries registries = {.n = 0};
	CLEANUP(source_release) struct source source = {.n_endpoints = 0};
	struct err err = ERR_INIT;

	setenv("REGISTRY_AUTH_FILE", "/nonexistent", 1);
	assert_int_equal(registries_parse(&registries, file, strlen(file), NULL), 0);
	assert_int_equal(source_init_push(&source, &registries, "docker.io/a/b:1", NULL), 0);
	assert_int_equal(source.n_endpoints, 1);
	assert_string_equal(source.endpoints[0].host, "own:1");
	assert_string_equal(source.endpoints[0].repository, "x/a/b");
	assert_true(source.endpoints[0].push);
	assert_int_equal(source_init_push(&source, &registries, "docker.io/a/b@sha256:" HEX, &err),
			 -EINVAL);
	assert_string_equal(err.msg, "an image is pushed under a tag, not under a digest");
}

static void complaints_are_read(void **state)
{
	static const struct {
		const char *text, *said; /* NULL: nothing */
	} cases[] = {
		{"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\"},{\"message\":\"2\"}]}",
		 "no"},
		{"{\"errors\":[{\"code\":\"DENIED\",\"message\":\"\"}]}", "DENIED"},
		{"{\"errors\":[{\"code\":\"DENIED\",\"message\":7}]}", "DENIED"},
		{"{\"errors\":[{\"message\":\"\"}]}", NULL},
		{"{\"errors\":[{}]}", NULL},
		{"{\"errors\":[]}", NULL},
		{"{\"errors\":{\"message\":\"x\"}}", NULL},
		{"[\"errors\"]", NULL},
		{"<html>", NULL},
		{"", NULL},
	};
	char said[COMPLAINT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		print_message("%s\n", cases[i].text);
		assert_int_equal(complaint_read(cases[i].text, strlen(cases[i].text), said),
				 cases[i].said != NULL);
		if (cases[i].said)
			assert_string_equal(said, cases[i].said);
	}
}

static void locations_are_absolute_or_not(void **state)
{
	static const struct {
		const char *to, *url;
	} cases[] = {
		{"https://other.example/x?y=z", "https://other.example/x?y=z"},
		{"/v2/a/uploads/7?s=a%20b", "https://r.example:5000/v2/a/uploads/7?s=a%20b"},
		{"7?s=t", "https://r.example:5000/v2/a/blobs/uploads/7?s=t"},
		{"//other.example/x", "https://other.example/x"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *url =
			http_resolve("https://r.example:5000/v2/a/blobs/uploads/", cases[i].to);

		assert_non_null(url);
		assert_string_equal(url, cases[i].url);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_push_goes_to_the_registry_itself),
		cmocka_unit_test(complaints_are_read),
		cmocka_unit_test(locations_are_absolute_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
