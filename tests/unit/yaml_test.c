// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/report.h"
#include "core/model/yaml.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct arena *arena;
	struct diagnostics diag;
	struct reporter reporter;
	struct node *root;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->arena = arena_new();
	f->reporter = (struct reporter){.diag = &f->diag, .arena = f->arena};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	diagnostics_release(&f->diag);
	arena_free(f->arena);
	free(f);
	return 0;
}

static int parse(struct fixture *f, const char *text)
{
	return yaml_parse(&yaml_limits_file, f->arena, f->arena, &f->reporter, "t.yml", text,
			  strlen(text), &f->root);
}

/* TEXT is refused, and the first complaint says WORDS at LINE. */
static void assert_refused(struct fixture *f, const char *text, unsigned int line,
			   const char *words)
{
	assert_int_equal(parse(f, text), -EINVAL);
	assert_true(f->diag.n > 0);
	if (!strstr(f->diag.items[0].text, words))
		fail_msg("\"%s\" does not say \"%s\"", f->diag.items[0].text, words);
	if (line)
		assert_int_equal(f->diag.items[0].pos.line, line);
}

static void nodes_know_position_and_quotes(void **state)
{
	struct fixture *f = *state;
	struct node *list;

	assert_int_equal(parse(f, "a: 1\nb:\n  - \"x\"\n  -\n"), 0);
	list = node_get(f->root, "b");
	assert_int_equal(list->n, 2);
	assert_true(list->items[0]->quoted);
	assert_int_equal(list->items[0]->pos.line, 3);
	assert_int_equal(list->items[0]->pos.column, 5);
	assert_true(node_is_null(list->items[1]));
	assert_false(node_get(f->root, "a")->quoted);
	assert_int_equal(f->root->entries[1].pos.line, 2);
}

static void aliases_are_the_node_and_merge_keys_yield(void **state)
{
	struct fixture *f = *state;
	struct node *c;

	assert_int_equal(parse(f, "a: &a {k: 1, l: 1}\nb: &b {l: 2, m: 2}\n"
				  "c: {<<: [*a, *b], m: 3}\nd: *a\n"),
			 0);
	assert_ptr_equal(node_get(f->root, "a"), node_get(f->root, "d"));
	c = node_get(f->root, "c");
	assert_int_equal(c->n, 3);
	assert_string_equal(node_get(c, "k")->text, "1");
	assert_string_equal(node_get(c, "l")->text, "1");
	assert_string_equal(node_get(c, "m")->text, "3");
}

static void both_places_of_a_key_are_named(void **state)
{
	assert_refused(*state, "a: 1\nb: 2\na: 3\n", 3, "first in line 1, column 1");
}

static void a_second_document_is_refused(void **state)
{
	assert_refused(*state, "a: 1\n---\nb: 2\n", 2, "second document");
}

static void tags_other_than_reset_and_override_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(parse(f, "a: !reset null\nb: !override [x]\nc: !!str 5\n"), 0);
	assert_int_equal(node_get(f->root, "a")->tag, TAG_RESET);
	assert_int_equal(node_get(f->root, "b")->tag, TAG_OVERRIDE);
	assert_refused(f, "a: !foo 1\n", 1, "!foo");
}

static void unknown_and_circular_aliases_are_refused(void **state)
{
	assert_refused(*state, "a: &x [*x]\n", 1, "'*x' refers to nothing");
}

static void repeat(struct strbuf *out, const char *text, size_t n)
{
	while (n-- > 0)
		strbuf_puts(out, text);
}

static void depth_is_bounded(void **state)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	strbuf_puts(&text, "a: ");
	repeat(&text, "[", 100000);
	assert_refused(*state, text.text, 1, "nested more than 128");
}

static void aliases_cannot_multiply(void **state)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	strbuf_puts(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 12; i++) {
		strbuf_printf(&text, "a%d: &a%d [", i, i);
		for (int j = 0; j < 9; j++)
			strbuf_printf(&text, "*a%d, ", i - 1);
		strbuf_puts(&text, "]\n");
	}
	assert_refused(*state, text.text, 6, "aliases make more than");
}

static void many_small_values_are_refused(void **state)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	strbuf_puts(&text, "a: [");
	repeat(&text, "[],", 1000000);
	strbuf_puts(&text, "]");
	assert_refused(*state, text.text, 1, "more than 200000 values");
}

static void tag_directives_cannot_take_forever(void **state)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	for (int i = 0; i < 100000; i++)
		strbuf_printf(&text, "%%TAG !a%d! b\n", i);
	assert_refused(*state, text.text, 1, "begin with %TAG");
}

static void what_is_no_text_is_refused(void **state)
{
	assert_refused(*state, "a: \xff\n", 0, "no UTF-8");
	assert_refused(*state, "a: \"\\0\"\n", 0, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(nodes_know_position_and_quotes),
		TEST(aliases_are_the_node_and_merge_keys_yield),
		TEST(both_places_of_a_key_are_named),
		TEST(a_second_document_is_refused),
		TEST(tags_other_than_reset_and_override_are_refused),
		TEST(unknown_and_circular_aliases_are_refused),
		TEST(depth_is_bounded),
		TEST(aliases_cannot_multiply),
		TEST(many_small_values_are_refused),
		TEST(tag_directives_cannot_take_forever),
		TEST(what_is_no_text_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
