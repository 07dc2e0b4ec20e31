// SPDX-License-Identifier: GPL-2.0-or-later
/* A container that stands still for a client: when it does, and all the ways in which that ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/cleanup.h"
#include "core/supervise/health.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ONE                                                                                        \
	"{\"name\":\"shop\",\"services\":{\"one\":{\"image\":\"one\","                             \
	"\"stop_grace_period\":\"50ms\"}}}"

static bool is_frozen(struct world *w)
{
	return fake_find(&w->fake, "shop-one-1")->frozen;
}

static void turn_until_it_goes_on(struct world *w)
{
	world_turn_until(w, &fake_find(&w->fake, "shop-one-1")->frozen, false);
}

static json_t *pause_request(const char *name)
{
	return json_pack("{s:s, s:s}", "op", "pause", "container", name);
}

/* Whether it stood still then; the connection is in RET_FD. */
static bool pauses(struct world *w, int *ret_fd)
{
	json_t *result = world_keep(w, pause_request("shop-one-1"), ret_fd);
	bool paused = json_is_true(json_object_get(result, "paused"));

	assert_true(world_succeeded(result));
	return paused;
}

static bool asks(struct world *w, const char *op)
{
	return world_succeeded(
		world_ask(w, json_pack("{s:s, s:[s]}", "op", op, "services", "one")));
}

static void it_lasts_as_long_as_the_connections(void **state)
{
	struct world *w = *state;
	int first, second;

	assert_true(world_succeeded(world_ask(w, world_up_request(ONE))));
	assert_true(pauses(w, &first));
	assert_true(pauses(w, &second));
	assert_true(is_frozen(w));
	close(first);
	assert_true(world_succeeded(world_ask(w, json_pack("{s:s}", "op", "ping"))));
	assert_true(is_frozen(w));
	close(second);
	turn_until_it_goes_on(w);
}

static void what_ends_it_is_not_kept_waiting(void **state)
{
	static const char *const ops[] = {"stop", "kill", "restart"};
	struct world *w = *state;

	assert_true(world_succeeded(world_ask(w, world_up_request(ONE))));
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		int fd, other;

		assert_true(asks(w, "start"));
		assert_true(pauses(w, &fd));
		assert_true(asks(w, ops[i]));
		assert_false(is_frozen(w));
		/* Another one may pause it by now, whom this end does not concern. */
		assert_true(asks(w, "start"));
		assert_true(pauses(w, &other));
		close(fd);
		assert_true(world_succeeded(world_ask(w, json_pack("{s:s}", "op", "ping"))));
		assert_true(is_frozen(w));
		close(other);
		turn_until_it_goes_on(w);
	}
}

static void it_is_removed_while_it_stands_still(void **state)
{
	struct world *w = *state;
	CLEANUP_FD int fd = -1;

	assert_true(world_succeeded(world_ask(w, world_up_request(ONE))));
	assert_true(pauses(w, &fd));
	assert_true(world_succeeded(world_ask(w, json_pack("{s:s}", "op", "down"))));
	assert_true(w->fake.removed);
}

static void the_next_supervisor_lets_it_go(void **state)
{
	struct world *w = *state;
	CLEANUP_FD int fd = -1;

	assert_true(world_succeeded(world_ask(w, world_up_request(ONE))));
	assert_true(pauses(w, &fd));
	world_stop(w);
	fake_find(&w->fake, "shop-one-1")->frozen = true; /* as if it had been killed */
	world_start(w);
	turn_until_it_goes_on(w);
}

static void a_look_under_way_tells_nothing_of_its_health(void **state)
{
	static const char checked[] =
		"{\"name\":\"shop\",\"services\":{\"one\":{\"image\":\"one\",\"healthcheck\":{"
		"\"test\":[\"CMD\",\"true\"],\"interval\":\"1h\",\"retries\":1}}}}";
	struct world *w = *state;
	CLEANUP_FD int fd = -1;
	struct health *health;

	assert_true(world_succeeded(world_ask(w, world_up_request(checked))));
	health = w->supervisor->units->health;
	health_answer(health, true, NULL);
	assert_int_equal(health->state, HEALTH_HEALTHY);
	assert_true(pauses(w, &fd));
	health_answer(health, false, "timeout");
	assert_int_equal(health->state, HEALTH_HEALTHY);
	health->disturbed = false; /* as the next look begins */
	health_answer(health, false, "timeout");
	assert_int_equal(health->state, HEALTH_UNHEALTHY);
}

static void what_does_not_run_does_not_stand_still(void **state)
{
	struct world *w = *state;
	int fd;

	assert_true(world_succeeded(world_ask(w, world_up_request(ONE))));
	assert_true(asks(w, "stop"));
	assert_false(pauses(w, &fd));
	close(fd);
	assert_false(is_frozen(w));
	assert_false(world_succeeded(world_ask(w, pause_request("shop-other-1"))));
	assert_false(world_succeeded(world_ask(w, json_pack("{s:s}", "op", "pause"))));
}

static void a_kernel_that_cannot_is_told(void **state)
{
	struct world *w = *state;

	assert_true(world_succeeded(world_ask(w, world_up_request(ONE))));
	w->fake.fail_at = w->fake.steps + 1;
	assert_false(world_succeeded(world_ask(w, pause_request("shop-one-1"))));
	w->fake.fail_at = 0;
	assert_false(is_frozen(w));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(it_lasts_as_long_as_the_connections),
		TEST(what_ends_it_is_not_kept_waiting),
		TEST(it_is_removed_while_it_stands_still),
		TEST(the_next_supervisor_lets_it_go),
		TEST(a_look_under_way_tells_nothing_of_its_health),
		TEST(what_does_not_run_does_not_stand_still),
		TEST(a_kernel_that_cannot_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
