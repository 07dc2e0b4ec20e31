// SPDX-License-Identifier: GPL-2.0-or-later
/* Patterns for paths, as .dockerignore has them. */
#include "core/base/cleanup.h"
#include "core/base/ignore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *pattern, *yes, *no;
} table[] = {
	{"a", "a", "b"},
	{"a", "a/b/c", "b/a"},
	{"a/", "a/b", "ab"},
	{"/a", "a", "b/a"},
	{"./a/b", "a/b", "a"},
	{"*.log", "x.log", "sub/x.log"},
	{"*.log", ".log", "x.logs"},
	{"**/*.log", "sub/deep/x.log", "x.logs/y"},
	{"**/*.log", "x.log", "xlog"},
	{"a/**", "a/b/c", "b"},
	{"a/**/z", "a/z", "az"},
	{"a/**/z", "a/b/c/z", "a/b/zz"},
	{"**/a/**/b", "x/a/y/z/b", "x/b/a"},
	{"**", "anything/at/all", ""},
	{"a**z", "abz", "ab"},
	{"a**z", "a/b/z", "b/z"},
	{"*/x", "a/x", "a/b/x"},
	{"a?c", "abc", "a/c"},
	{"[a-c]x", "bx", "dx"},
	{"[^a-c]x", "dx", "bx"},
	{"[a-]", "-", "b"},
	{"a[/]b", "", "a/b"},
	{"\\*", "*", "a"},
	{"a\\", "a\\", "a"},
	{"[", "", "["},
	{"*a*b*c", "xxaxxbxxc", "xxaxxcxxb"},
	{"node_modules/", "node_modules/x/y.js", "web/node_modules/x"},
};

static void a_pattern_matches_what_it_says(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (*table[i].yes && !ignore_match(table[i].pattern, table[i].yes))
			fail_msg("'%s' does not match '%s'", table[i].pattern, table[i].yes);
		if (*table[i].no && ignore_match(table[i].pattern, table[i].no))
			fail_msg("'%s' matches '%s'", table[i].pattern, table[i].no);
	}
	assert_false(ignore_match("", "a"));
	assert_false(ignore_match("/", "a"));
}

static void the_last_one_that_matches_decides(void **state)
{
	static const char *const patterns[] = {"*", "!src", "src/*.tmp", "!src/keep.tmp"};

	assert_true(ignore_matches(patterns, 4, "other/file"));
	assert_false(ignore_matches(patterns, 4, "src/file"));
	assert_true(ignore_matches(patterns, 4, "src/x.tmp"));
	assert_false(ignore_matches(patterns, 4, "src/keep.tmp"));
	assert_false(ignore_matches(NULL, 0, "anything"));
}

/* A matcher that went back to every star would not come to an end. */
static void many_stars_take_no_time(void **state)
{
	char pattern[401], path[3001];

	for (size_t i = 0; i < sizeof(pattern) - 1; i++)
		pattern[i] = i % 2 ? '*' : 'a';
	pattern[400] = '\0';
	pattern[398] = 'b';
	memset(path, 'a', sizeof(path) - 1);
	path[3000] = '\0';
	assert_false(ignore_match(pattern, path));
	assert_false(ignore_match("**/a*/**/a*/**/a*/**/a*/**/b", path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_matches_what_it_says),
		cmocka_unit_test(the_last_one_that_matches_decides),
		cmocka_unit_test(many_stars_take_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
