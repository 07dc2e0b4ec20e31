// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/graph.h"
#include "core/model/project.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct dependency on_c = {.service = "c"}, on_a = {.service = "a"},
			       on_b = {.service = "b"}, on_x = {.service = "x"};

static void dependencies_come_first_and_the_file_decides_the_rest(void **state)
{
	const struct service services[] = {{.name = "a", .depends_on = &on_c, .n_depends_on = 1},
					   {.name = "b", .depends_on = &on_x, .n_depends_on = 1},
					   {.name = "c"}};
	const struct project project = {.services = services, .n_services = 3};
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	size_t order[3];

	assert_int_equal(graph_order(&project, order, arena, NULL), 0);
	assert_int_equal(order[0], 2);
	assert_int_equal(order[1], 0);
	assert_int_equal(order[2], 1);
}

static void a_circle_is_named_in_full(void **state)
{
	const struct service services[] = {{.name = "x", .depends_on = &on_a, .n_depends_on = 1},
					   {.name = "a", .depends_on = &on_b, .n_depends_on = 1},
					   {.name = "b", .depends_on = &on_c, .n_depends_on = 1},
					   {.name = "c", .depends_on = &on_a, .n_depends_on = 1}};
	const struct project project = {.services = services, .n_services = 4};
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	const char *cycle = NULL;
	size_t order[4];

	assert_int_equal(graph_order(&project, order, arena, &cycle), -ELOOP);
	assert_string_equal(cycle, "a → b → c → a");
}

static void the_closure_has_all_that_is_below(void **state)
{
	const struct service services[] = {{.name = "a", .depends_on = &on_b, .n_depends_on = 1},
					   {.name = "b", .depends_on = &on_c, .n_depends_on = 1},
					   {.name = "c"},
					   {.name = "d"}};
	const struct project project = {.services = services, .n_services = 4};
	const char *const names[] = {"b"}, *const unknown[] = {"d", "nobody"};
	_Bool wanted[4];
	size_t which = 9;

	assert_int_equal(graph_closure(&project, names, 1, wanted, &which), 0);
	assert_false(wanted[0]);
	assert_true(wanted[1]);
	assert_true(wanted[2]);
	assert_false(wanted[3]);
	assert_int_equal(graph_closure(&project, NULL, 0, wanted, &which), 0);
	assert_true(wanted[0] && wanted[1] && wanted[2] && wanted[3]);
	assert_int_equal(graph_closure(&project, unknown, 2, wanted, &which), -ENOENT);
	assert_int_equal(which, 1);
}

static void a_long_chain_needs_no_deep_stack(void **state)
{
	enum { N = 200000 };
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	struct service *services = ARENA_ARRAY(arena, struct service, N);
	size_t *order = ARENA_ARRAY(arena, size_t, N);
	const struct project project = {.services = services, .n_services = N};

	for (size_t i = 0; i < N; i++) {
		struct dependency *next = ARENA_NEW(arena, struct dependency);

		next->service = arena_printf(arena, "s%zu", i + 1);
		services[i] = (struct service){.name = arena_printf(arena, "s%zu", i),
					       .depends_on = next,
					       .n_depends_on = 1};
	}
	assert_int_equal(graph_order(&project, order, arena, NULL), 0);
	assert_int_equal(order[0], N - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dependencies_come_first_and_the_file_decides_the_rest),
		cmocka_unit_test(a_circle_is_named_in_full),
		cmocka_unit_test(the_closure_has_all_that_is_below),
		cmocka_unit_test(a_long_chain_needs_no_deep_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
