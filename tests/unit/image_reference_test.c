// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "store/image.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void normalizes_what_docker_accepts(void **state)
{
	static const char *const cases[][3] = {
		{"nginx", "docker.io/library/nginx:latest", "nginx:latest"},
		{"nginx:1.27", "docker.io/library/nginx:1.27", "nginx:1.27"},
		{"my/app", "docker.io/my/app:latest", "my/app:latest"},
		{"docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"},
		{"index.docker.io/a/b:T_1", "docker.io/a/b:T_1", "a/b:T_1"},
		{"localhost/x", "localhost/x:latest", "localhost/x:latest"},
		{"localhost:5000/x", "localhost:5000/x:latest", "localhost:5000/x:latest"},
		{"host:5000/a/b@sha256:" HEX, "host:5000/a/b@sha256:" HEX,
		 "host:5000/a/b@sha256:" HEX},
		{"x:1@sha256:" HEX, "docker.io/library/x:1@sha256:" HEX, "x:1@sha256:" HEX},
		{"[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a:latest"},
		{"Registry.Example/a", "Registry.Example/a:latest", "Registry.Example/a:latest"},
		{"a__b/c--d.e_f", "docker.io/a__b/c--d.e_f:latest", "a__b/c--d.e_f:latest"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[IMAGE_REFERENCE_SIZE];
		struct err err = ERR_INIT;

		assert_int_equal(image_reference_normalize(cases[i][0], text, sizeof(text), &err),
				 0);
		assert_string_equal(text, cases[i][1]);
		assert_string_equal(image_reference_familiar(text), cases[i][2]);
	}
}

static void a_name_is_what_stands_before_tag_and_digest(void **state)
{
	static const char *const cases[][2] = {
		{"nginx", "nginx"},
		{"nginx:1.27", "nginx"},
		{"docker.io/library/nginx:latest", "docker.io/library/nginx"},
		{"host:5000/a/b", "host:5000/a/b"},
		{"host:5000/a/b:t", "host:5000/a/b"},
		{"host:5000/a/b@sha256:" HEX, "host:5000/a/b"},
		{"x:1@sha256:" HEX, "x"},
		{"[::1]:5000/a", "[::1]:5000/a"},
		{"", ""},
		{"a:", "a"},
		{"@", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = image_reference_name_len(cases[i][0]);

		assert_int_equal(len, strlen(cases[i][1]));
		assert_memory_equal(cases[i][0], cases[i][1], len);
	}
}

static void refuses_what_docker_refuses(void **state)
{
	static const char *const cases[] = {
		"",
		"Nginx",
		"a//b",
		"/a",
		"a/",
		"-a",
		"a-",
		"a___b",
		"a..b",
		"a:",
		"a:.x",
		"a:b:c/d:",
		"a b",
		"a\n",
		"a@sha256:12",
		"a@md5:" HEX,
		"../a",
		"a/../b",
		"host:port/a",
		"[::1/a",
		"a@sha512:" HEX HEX,
		"http://x/a",
		"a.-b.example/c",
		HEX,
		"\xc3\xa4",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[IMAGE_REFERENCE_SIZE] = "untouched";
		struct err err = ERR_INIT;

		if (image_reference_normalize(cases[i], text, sizeof(text), &err) != -EINVAL)
			fail_msg("'%s' was taken as '%s'", cases[i], text);
		assert_string_equal(text, "untouched");
		assert_true(err.msg[0]);
	}
}

static void refuses_what_is_too_long(void **state)
{
	char name[600], text[IMAGE_REFERENCE_SIZE];
	struct err err = ERR_INIT;

	memset(name, 'a', sizeof(name));
	name[599] = '\0';
	assert_int_equal(image_reference_normalize(name, text, sizeof(text), &err), -EINVAL);
	name[260] = '\0';
	assert_int_equal(image_reference_normalize(name, text, sizeof(text), &err), -EINVAL);
	name[200] = '\0';
	assert_int_equal(image_reference_normalize(name, text, 100, &err), -EINVAL);
	assert_int_equal(image_reference_normalize(name, text, sizeof(text), &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normalizes_what_docker_accepts),
		cmocka_unit_test(a_name_is_what_stands_before_tag_and_digest),
		cmocka_unit_test(refuses_what_docker_refuses),
		cmocka_unit_test(refuses_what_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
