// SPDX-License-Identifier: GPL-2.0-or-later
/* The supervisor as its clients see it, over a host in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/cleanup.h"
#include "core/supervise/control.h"
#include "core/supervise/frame.h"
#include "core/supervise/supervisor.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREE_SERVICES                                                                             \
	"{\"name\":\"shop\",\"services\":{"                                                        \
	"\"web\":{\"image\":\"nginx\",\"depends_on\":{\"app\":{\"condition\":\"service_started\"," \
	"\"required\":true,\"restart\":false}},\"networks\":{\"default\":{}},"                     \
	"\"ports\":[{\"target\":80,\"published\":\"8080\",\"protocol\":\"tcp\"}]},"                \
	"\"app\":{\"image\":\"app\",\"depends_on\":{\"db\":{\"condition\":\"service_started\","    \
	"\"required\":true,\"restart\":false}},\"networks\":{\"default\":{}}},"                    \
	"\"db\":{\"image\":\"%s\",\"networks\":{\"default\":{}},\"mem_limit\":\"%s\","             \
	"\"volumes\":[{\"type\":\"volume\",\"source\":\"data\",\"target\":\"/data\"}]}},"          \
	"\"networks\":{\"default\":{\"name\":\"shop_default\"}},"                                  \
	"\"volumes\":{\"data\":{\"name\":\"shop_data\"}}}"

#define ONE_SERVICE                                                                                \
	"{\"name\":\"shop\",\"services\":{\"one\":{\"image\":\"one\",\"restart\":\"%s\","          \
	"\"stop_grace_period\":\"50ms\"}}}"

/* nginx, app and a database of IMAGE with a limit of MEMORY. */
static json_t *up_three(const char *image, const char *memory)
{
	char text[2048];

	snprintf(text, sizeof(text), THREE_SERVICES, image, memory);
	return world_up_request(text);
}

static json_t *up_one(const char *restart)
{
	char text[512];

	snprintf(text, sizeof(text), ONE_SERVICE, restart);
	return world_up_request(text);
}

static json_int_t changes(json_t *result)
{
	json_int_t n = json_integer_value(json_object_get(result, "changes"));

	assert_string_equal(json_string_value(json_object_get(result, "result")), "ok");
	json_decref(result);
	return n;
}

static bool up(struct world *w)
{
	return world_succeeded(world_ask(w, up_three("postgres", "64m")));
}

static bool is_running(struct world *w, const char *name)
{
	struct fake_container *c = fake_find(&w->fake, name);

	return c && c->there && c->running;
}

static void up_starts_dependencies_first(void **state)
{
	struct world *w = *state;

	assert_true(up(w));
	assert_true(fake_happened_before(&w->fake, "network_create:default", "create:shop-db-1"));
	assert_true(fake_happened_before(&w->fake, "volume_create:shop_data", "create:shop-db-1"));
	assert_true(fake_happened_before(&w->fake, "start:shop-db-1", "start:shop-app-1"));
	assert_true(fake_happened_before(&w->fake, "start:shop-app-1", "start:shop-web-1"));
	assert_true(fake_happened_before(&w->fake, "create:shop-web-1", "start:shop-db-1"));
	assert_int_equal(w->fake.n_online, 1);
}

static void second_up_changes_nothing(void **state)
{
	struct world *w = *state;
	unsigned int steps;

	assert_true(up(w));
	steps = w->fake.steps;
	assert_int_equal(changes(world_ask(w, up_three("postgres", "64m"))), 0);
	assert_int_equal(w->fake.steps, steps);
}

static void changed_image_recreates_one_container(void **state)
{
	struct world *w = *state;

	assert_true(up(w));
	assert_true(world_succeeded(world_ask(w, up_three("postgres16", "64m"))));
	assert_non_null(strstr(w->fake.log, "remove:shop-db-1"));
	assert_null(strstr(w->fake.log, "remove:shop-web-1"));
	assert_int_equal(fake_find(&w->fake, "shop-db-1")->starts, 2);
	assert_int_equal(fake_find(&w->fake, "shop-web-1")->starts, 1);
}

static void changed_limit_is_applied_live(void **state)
{
	struct world *w = *state;

	assert_true(up(w));
	assert_int_equal(changes(world_ask(w, up_three("postgres", "128m"))), 1);
	assert_non_null(strstr(w->fake.log, "update:shop-db-1"));
	assert_int_equal(fake_find(&w->fake, "shop-db-1")->starts, 1);
}

static void down_stops_dependents_first_and_leaves_nothing(void **state)
{
	struct world *w = *state;

	assert_true(up(w));
	assert_true(world_succeeded(world_ask(w, json_pack("{s:s}", "op", "down"))));
	assert_true(fake_happened_before(&w->fake, "signal:shop-web-1", "signal:shop-app-1"));
	assert_true(fake_happened_before(&w->fake, "signal:shop-app-1", "signal:shop-db-1"));
	assert_true(w->fake.torn_down);
	assert_true(w->fake.removed);
	assert_true(supervisor_is_down(w->supervisor));
	assert_int_equal(w->fake.n_networks, 0);
	assert_int_equal(w->fake.n_volumes, 1);
}

static void missing_image_touches_nothing(void **state)
{
	struct world *w = *state;

	assert_false(world_succeeded(world_ask(w, up_three("missing", "64m"))));
	assert_null(strstr(w->fake.log, "create"));
}

static void supervisor_of_nothing_leaves(void **state)
{
	struct world *w = *state;

	assert_true(world_succeeded(world_ask(w, json_pack("{s:s}", "op", "ps"))));
	assert_true(supervisor_is_down(w->supervisor));
	assert_true(w->fake.removed);
}

/* The whole promise in one loop: fail at any step, run it again, and it is as if it had not. */
static void any_failure_is_mended_by_running_up_again(void **state)
{
	struct world *w = *state;
	unsigned int total;

	assert_true(up(w));
	total = w->fake.steps;
	assert_true(
		world_succeeded(world_ask(w, json_pack("{s:s, s:b}", "op", "down", "volumes", 1))));
	for (unsigned int n = 1; n <= total; n++) {
		world_stop(w);
		mkdir(w->project_dir, 0700);
		w->fake.log[0] = '\0';
		world_start(w);
		w->fake.steps = 0;
		w->fake.fail_at = n;
		assert_false(up(w));
		w->fake.fail_at = 0;
		if (!up(w))
			fail_msg("step %u of %u: the second up failed; %s", n, total, w->fake.log);
		assert_true(is_running(w, "shop-db-1") && is_running(w, "shop-app-1") &&
			    is_running(w, "shop-web-1"));
		assert_int_equal(changes(world_ask(w, up_three("postgres", "64m"))), 0);
		assert_true(world_succeeded(
			world_ask(w, json_pack("{s:s, s:b}", "op", "down", "volumes", 1))));
		assert_int_equal(w->fake.n_networks + w->fake.n_volumes, 0);
	}
}

static void any_failure_of_down_is_mended_by_running_it_again(void **state)
{
	struct world *w = *state;

	for (unsigned int n = 1; n <= 7; n++) {
		assert_true(up(w));
		w->fake.steps = 0;
		w->fake.fail_at = n;
		(void)world_succeeded(
			world_ask(w, json_pack("{s:s, s:f}", "op", "down", "timeout", 0.02)));
		w->fake.fail_at = 0;
		if (!supervisor_is_down(w->supervisor))
			assert_true(
				world_succeeded(world_ask(w, json_pack("{s:s}", "op", "down"))));
		assert_true(supervisor_is_down(w->supervisor));
		assert_false(is_running(w, "shop-db-1"));
		world_stop(w);
		world_start(w);
	}
}

static void killed_process_is_restarted_by_its_policy(void **state)
{
	struct world *w = *state;
	struct fake_container *c;
	bool again = false;

	assert_true(world_succeeded(world_ask(w, up_one("always"))));
	c = fake_find(&w->fake, "shop-one-1");
	fake_end(c, 137);
	for (int turn = 0; turn < TURNS_MAX && c->starts < 2; turn++) {
		uv_run(&w->loop, UV_RUN_NOWAIT);
		usleep(100);
	}
	again = c->starts == 2;
	assert_true(again);
	world_turn_until(w, &c->running, true);
	assert_int_equal(c->record.restarts, 1);
}

static void stopped_by_hand_is_not_restarted(void **state)
{
	struct world *w = *state;
	struct fake_container *c;

	assert_true(world_succeeded(world_ask(w, up_one("always"))));
	c = fake_find(&w->fake, "shop-one-1");
	assert_true(world_succeeded(world_ask(w, json_pack("{s:s}", "op", "stop"))));
	assert_false(c->running);
	for (int turn = 0; turn < 2000; turn++) {
		uv_run(&w->loop, UV_RUN_NOWAIT);
		usleep(100);
	}
	assert_int_equal(c->starts, 1);
	assert_true(c->record.stopped);
}

static void process_that_ignores_sigterm_is_killed_after_grace(void **state)
{
	struct world *w = *state;
	struct fake_container *c;

	assert_true(world_succeeded(world_ask(w, up_one("no"))));
	c = fake_find(&w->fake, "shop-one-1");
	c->ignores_term = true;
	assert_true(world_succeeded(world_ask(w, json_pack("{s:s}", "op", "stop"))));
	assert_false(c->running);
	assert_int_equal(c->exit.code, 137);
}

static void new_supervisor_adopts_what_runs(void **state)
{
	struct world *w = *state;
	struct fake_container *c;

	assert_true(world_succeeded(world_ask(w, up_one("always"))));
	c = fake_find(&w->fake, "shop-one-1");
	c->end_fd = dup(c->end_fd); /* the dead supervisor's goes with it */
	world_stop(w);
	world_start(w);
	assert_int_equal(c->starts, 1);
	assert_int_equal(changes(world_ask(w, up_one("always"))), 0);
	assert_int_equal(c->starts, 1);
	close(c->end_fd);
}

/* … or not: the supervisor has looked as often as it was in vain. */
static void turn_until_it_came(struct world *w, const struct fake_container *c)
{
	for (int turn = 0; turn < TURNS_MAX && c->late > 0; turn++) {
		uv_run(&w->loop, UV_RUN_NOWAIT);
		usleep(100);
	}
	assert_int_equal(c->late, 0);
}

/* Its process is being made, by a shim that the dead supervisor started. */
static void new_supervisor_waits_for_a_shim_that_is_at_it(void **state)
{
	struct world *w = *state;
	struct fake_container *c;

	assert_true(world_succeeded(world_ask(w, up_one("always"))));
	c = fake_find(&w->fake, "shop-one-1");
	c->end_fd = dup(c->end_fd);
	world_stop(w);
	c->late = 3;
	world_start(w);
	assert_int_equal(changes(world_ask(w, up_one("always"))), 0);
	turn_until_it_came(w, c);
	/* It is supervised: its end is the next start. */
	fake_end(c, 1);
	for (int turn = 0; turn < TURNS_MAX && c->starts < 2; turn++) {
		uv_run(&w->loop, UV_RUN_NOWAIT);
		usleep(100);
	}
	assert_int_equal(c->starts, 2);
}

static void new_supervisor_starts_what_no_shim_brought_up(void **state)
{
	struct world *w = *state;
	struct fake_container *c;

	assert_true(world_succeeded(world_ask(w, up_one("no"))));
	c = fake_find(&w->fake, "shop-one-1");
	world_stop(w);
	c->end_fd = -1;
	c->started = c->running = false;
	c->late = 3;
	world_start(w);
	turn_until_it_came(w, c);
	assert_true(world_succeeded(world_ask(w, up_one("no"))));
	assert_true(c->running);
	assert_int_equal(c->starts, 2);
}

static void end_while_no_supervisor_looked_is_acted_upon(void **state)
{
	struct world *w = *state;
	struct fake_container *c;

	assert_true(world_succeeded(world_ask(w, up_one("always"))));
	c = fake_find(&w->fake, "shop-one-1");
	world_stop(w);
	c->end_fd = -1;
	fake_end(c, 1);
	world_start(w);
	world_turn_until(w, &c->running, true);
	assert_int_equal(c->starts, 2);
}

static void unknown_request_is_refused(void **state)
{
	struct world *w = *state;

	assert_true(up(w));
	assert_false(world_succeeded(world_ask(w, json_pack("{s:s}", "op", "dance"))));
	assert_false(world_succeeded(world_ask(w, json_pack("{s:s}", "op", "up"))));
	assert_false(
		world_succeeded(world_ask(w, json_pack("{s:s, s:i}", "op", "up", "project", 1))));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(up_starts_dependencies_first),
		TEST(second_up_changes_nothing),
		TEST(changed_image_recreates_one_container),
		TEST(changed_limit_is_applied_live),
		TEST(down_stops_dependents_first_and_leaves_nothing),
		TEST(missing_image_touches_nothing),
		TEST(supervisor_of_nothing_leaves),
		TEST(any_failure_is_mended_by_running_up_again),
		TEST(any_failure_of_down_is_mended_by_running_it_again),
		TEST(killed_process_is_restarted_by_its_policy),
		TEST(stopped_by_hand_is_not_restarted),
		TEST(process_that_ignores_sigterm_is_killed_after_grace),
		TEST(new_supervisor_adopts_what_runs),
		TEST(new_supervisor_waits_for_a_shim_that_is_at_it),
		TEST(new_supervisor_starts_what_no_shim_brought_up),
		TEST(end_while_no_supervisor_looked_is_acted_upon),
		TEST(unknown_request_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
