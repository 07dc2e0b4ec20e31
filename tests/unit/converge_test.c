// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a plan says, and that it leads where it says: from any state that the
 * project can be in, `up` reaches what is desired, and a second plan is empty.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- a project with knobs --- */

#define SERVICES 3

struct knobs {
	unsigned int scale, image, limit, update, port;
	bool there, depends, restart;
};

static const char *const updates[] = {
	"",
	",\"x-stack\":{\"update\":\"rolling\"}",
	",\"deploy\":{\"update_config\":{\"order\":\"stop-first\"}}",
	(",\"deploy\":{\"update_config\":{\"order\":\"start-first\",\"parallelism\":2,"
	 "\"failure_action\":\"continue\"}}"),
};
#define UPDATES (sizeof(updates) / sizeof(updates[0]))

static const char *name_of(size_t i)
{
	static const char *const names[SERVICES] = {"a", "b", "c"};

	return names[i];
}

static void service_text(const struct knobs *all, size_t i, struct strbuf *out)
{
	const struct knobs *k = &all[i];

	strbuf_printf(out,
		      "\"%s\":{\"image\":\"image%u\",\"scale\":%u,\"mem_limit\":\"%um\","
		      "\"stop_grace_period\":\"50ms\",\"networks\":{\"default\":{}}",
		      name_of(i), k->image, k->scale, 16 + k->limit);
	if (k->port)
		strbuf_printf(out,
			      ",\"ports\":[{\"target\":80,\"published\":\"%zu\","
			      "\"protocol\":\"tcp\"}]",
			      8000 + 10 * i + k->port);
	if (k->depends && i > 0 && all[i - 1].there)
		strbuf_printf(out,
			      ",\"depends_on\":{\"%s\":{\"condition\":\"service_started\","
			      "\"required\":true,\"restart\":%s}}",
			      name_of(i - 1), k->restart ? "true" : "false");
	strbuf_printf(out, "%s}", updates[k->update]);
}

static json_t *request_of(const char *op, const struct knobs *all)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	bool first = true;
	json_t *request;

	strbuf_puts(&text, "{\"name\":\"shop\",\"services\":{");
	for (size_t i = 0; i < SERVICES; i++) {
		if (!all[i].there)
			continue;
		strbuf_puts(&text, first ? "" : ",");
		service_text(all, i, &text);
		first = false;
	}
	strbuf_puts(&text, "},\"networks\":{\"default\":{\"name\":\"shop_default\"}}}");
	request = world_up_request(text.text);
	json_object_set_new(request, "op", json_string(op));
	json_object_set_new(request, "remove_orphans", json_true());
	return request;
}

static struct knobs usual(void)
{
	return (struct knobs){.scale = 1, .there = true, .port = 1};
}

/* --- what a plan says --- */

static json_t *plan(struct world *w, const struct knobs *all)
{
	json_t *result = world_ask(w, request_of("plan", all));
	json_t *actions = json_incref(json_object_get(result, "actions"));

	json_decref(result);
	assert_true(json_is_array(actions));
	return actions;
}

static size_t planned(struct world *w, const struct knobs *all)
{
	json_t *actions = plan(w, all);
	size_t n = json_array_size(actions);

	json_decref(actions);
	return n;
}

static const char *field(const json_t *actions, size_t at, const char *key)
{
	const char *text = json_string_value(json_object_get(json_array_get(actions, at), key));

	return text ? text : "";
}

/* The first action of TYPE must say this. */
static void says(struct world *w, const struct knobs *all, const char *type, const char *class,
		 const char *impact, const char *reason)
{
	json_t *actions = plan(w, all);
	size_t at = 0;

	while (at < json_array_size(actions) && strcmp(field(actions, at, "action"), type) != 0)
		at++;
	if (at == json_array_size(actions))
		fail_msg("the plan has no '%s'", type);
	assert_string_equal(field(actions, at, "class"), class);
	assert_string_equal(field(actions, at, "impact"), impact);
	assert_string_equal(field(actions, at, "reason"), reason);
	json_decref(actions);
}

static bool up(struct world *w, const struct knobs *all)
{
	return world_succeeded(world_ask(w, request_of("up", all)));
}

static void plans_name_cause_class_and_impact(void **state)
{
	struct world *w = *state;
	struct knobs now[SERVICES] = {usual(), usual(), {.there = false}};
	struct knobs next[SERVICES];

	assert_true(up(w, now));
	assert_int_equal(planned(w, now), 0);

	memcpy(next, now, sizeof(now));
	next[0].limit = 1;
	says(w, next, "update container", "live", "no effect", "mem_limit changed");
	next[0].port = 2;
	says(w, next, "update container", "live", "connections kept", "ports, mem_limit changed");

	memcpy(next, now, sizeof(now));
	next[0].image = 1;
	says(w, next, "stop container", "recreate", "gap", "image changed");
	says(w, next, "create container", "recreate", "restart", "image changed");
	next[0].update = 1;
	says(w, next, "replace container", "rolling", "connections kept", "image changed");
	next[0].update = 2;
	says(w, next, "replace container", "rolling", "restart", "image changed");

	memcpy(next, now, sizeof(now));
	next[0].scale = 3;
	says(w, next, "create container", "none", "no effect", "missing");
	memcpy(next, now, sizeof(now));
	next[1].there = false;
	says(w, next, "stop container", "none", "gap", "no service of the stack file");
}

static void a_plan_touches_nothing(void **state)
{
	struct world *w = *state;
	struct knobs now[SERVICES] = {usual(), usual(), usual()};
	unsigned int steps;

	assert_true(up(w, now));
	steps = w->fake.steps;
	now[0].image = now[1].limit = 1;
	now[2].scale = 3;
	assert_true(planned(w, now) > 3);
	assert_int_equal(w->fake.steps, steps);
}

static void rolling_starts_the_new_one_before_the_old_one_stops(void **state)
{
	struct world *w = *state;
	struct knobs all[SERVICES] = {usual(), {.there = false}, {.there = false}};

	all[0].update = 1;
	assert_true(up(w, all));
	all[0].image = 1;
	assert_true(up(w, all));
	assert_true(fake_happened_before(&w->fake, "start:shop-a-2", "signal:shop-a-1"));
	assert_true(fake_happened_before(&w->fake, "signal:shop-a-1", "remove:shop-a-1"));
	assert_int_equal(w->fake.n_online, 1);
}

static void rolling_that_fails_leaves_the_old_one(void **state)
{
	struct world *w = *state;
	struct knobs all[SERVICES] = {usual(), {.there = false}, {.there = false}};
	struct fake_container *old;

	all[0].update = 1;
	assert_true(up(w, all));
	old = fake_find(&w->fake, "shop-a-1");
	for (unsigned int n = 1; n < 30; n++) {
		all[0].image = n;
		w->fake.steps = 0;
		w->fake.fail_at = n;
		if (up(w, all))
			break;
		w->fake.fail_at = 0;
		/* Until the traffic is switched, it never noticed. */
		if (old->there && !fake_find(&w->fake, "shop-a-2"))
			assert_true(old->running);
		assert_true(up(w, all));
		assert_int_equal(planned(w, all), 0);
		if (!old->running)
			break;
	}
	w->fake.fail_at = 0;
}

static void dependents_are_restarted_where_they_say_so(void **state)
{
	struct world *w = *state;
	struct knobs all[SERVICES] = {usual(), usual(), usual()};

	all[1].depends = all[2].depends = true;
	all[1].restart = true;
	assert_true(up(w, all));
	all[0].image = 1;
	assert_true(up(w, all));
	assert_true(fake_happened_before(&w->fake, "signal:shop-b-1", "signal:shop-a-1"));
	assert_int_equal(fake_find(&w->fake, "shop-b-1")->starts, 2);
	assert_int_equal(fake_find(&w->fake, "shop-c-1")->starts, 1);
}

/* --- from anywhere --- */

static unsigned int seed = 1;

static unsigned int below(unsigned int n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % n;
}

static void turn_knobs(struct knobs *all)
{
	struct knobs *k = &all[below(SERVICES)];

	switch (below(7)) {
	case 0:
		k->there = !k->there;
		break;
	case 1:
		k->scale = below(4);
		break;
	case 2:
		k->image = below(3);
		break;
	case 3:
		k->limit = below(3);
		break;
	case 4:
		k->update = below(UPDATES);
		break;
	case 5:
		k->port = below(3);
		break;
	default:
		k->depends = below(2);
		k->restart = below(2);
	}
	all[0].there = true;
}

/* What happens to a project while nobody asks: processes end, the supervisor dies. */
static void have_an_accident(struct world *w)
{
	struct fake_container *c = &w->fake.containers[below(FAKE_MAX)];

	if (below(2) && c->there && c->running)
		fake_end(c, (int)below(2));
	if (below(4) == 0) {
		world_stop(w);
		world_start(w);
	}
}

static void check_world(const struct world *w, const struct knobs *all)
{
	unsigned int running[SERVICES] = {0}, candidates = 0;

	for (size_t i = 0; i < FAKE_MAX; i++) {
		const struct fake_container *c = &w->fake.containers[i];

		if (!c->there)
			continue;
		candidates += c->record.candidate;
		for (size_t s = 0; s < SERVICES; s++)
			if (strcmp(c->record.service, name_of(s)) == 0)
				running[s] += c->running;
	}
	assert_int_equal(candidates, 0);
	for (size_t s = 0; s < SERVICES; s++)
		assert_int_equal(running[s], all[s].there ? all[s].scale : 0);
}

static void up_leads_from_anywhere_to_what_is_desired(void **state)
{
	struct world *w = *state;
	struct knobs all[SERVICES] = {usual(), usual(), usual()};

	for (int round = 0; round < 120; round++) {
		for (unsigned int n = below(3) + 1; n > 0; n--)
			turn_knobs(all);
		have_an_accident(w);
		w->fake.steps = 0;
		w->fake.fail_at = below(3) ? 0 : below(25) + 1;
		up(w, all);
		w->fake.fail_at = 0;
		have_an_accident(w);
		if (!up(w, all))
			fail_msg("round %d: up fails although nothing does", round);
		if (planned(w, all) != 0)
			fail_msg("round %d: something is left to do", round);
		check_world(w, all);
		w->fake.log[0] = '\0';
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plans_name_cause_class_and_impact),
		TEST(a_plan_touches_nothing),
		TEST(rolling_starts_the_new_one_before_the_old_one_stops),
		TEST(rolling_that_fails_leaves_the_old_one),
		TEST(dependents_are_restarted_where_they_say_so),
		TEST(up_leads_from_anywhere_to_what_is_desired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
