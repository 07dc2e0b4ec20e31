// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of states and events: what must hold of every cell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/supervise/lifecycle.h"

#include <stdbool.h>

static bool has_process(enum unit_state state)
{
	return state == UNIT_STARTING || state == UNIT_RUNNING || state == UNIT_DRAINING ||
	       state == UNIT_STOPPING;
}

static bool rests(enum unit_state state)
{
	return state == UNIT_CREATED || state == UNIT_EXITED;
}

static bool is_expected(enum unit_state state, enum unit_event event)
{
	return lifecycle_step(state, event).effect != EFFECT_UNEXPECTED;
}

static void whatever_people_ask_for_has_an_answer(void **state)
{
	static const enum unit_event asked[] = {EVENT_START, EVENT_STOP, EVENT_KILL, EVENT_RETIRE};

	(void)state;
	for (int s = 0; s < UNIT_STATE_COUNT; s++)
		for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
			if (!is_expected((enum unit_state)s, asked[i]))
				fail_msg("'%s' while %s", unit_event_name(asked[i]),
					 unit_state_name((enum unit_state)s));
}

static void a_stop_leads_to_rest(void **state)
{
	static const enum unit_event ends[] = {EVENT_STOP, EVENT_KILL, EVENT_RETIRE};

	(void)state;
	for (int s = 0; s < UNIT_STATE_COUNT; s++) {
		for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
			struct unit_step step = lifecycle_step((enum unit_state)s, ends[i]);

			if (has_process((enum unit_state)s))
				assert_true(
					step.next == UNIT_STOPPING ||
					(ends[i] == EVENT_RETIRE && step.next == UNIT_DRAINING));
			else
				assert_true(rests(step.next) && step.effect == EFFECT_FINISH);
		}
	}
}

static void the_end_of_a_process_is_expected_where_there_is_one(void **state)
{
	(void)state;
	for (int s = 0; s < UNIT_STATE_COUNT; s++)
		assert_int_equal(is_expected((enum unit_state)s, EVENT_DIED),
				 has_process((enum unit_state)s));
}

static void a_start_spawns_from_rest_only(void **state)
{
	(void)state;
	for (int s = 0; s < UNIT_STATE_COUNT; s++) {
		struct unit_step step = lifecycle_step((enum unit_state)s, EVENT_START);

		assert_int_equal(step.effect == EFFECT_SPAWN, !has_process((enum unit_state)s));
	}
}

static void every_state_has_a_way_in_and_out(void **state)
{
	(void)state;
	for (int s = 0; s < UNIT_STATE_COUNT; s++) {
		bool in = s == UNIT_CREATED, out = false;

		for (int from = 0; from < UNIT_STATE_COUNT; from++) {
			for (int e = 0; e < EVENT_COUNT; e++) {
				struct unit_step step =
					lifecycle_step((enum unit_state)from, (enum unit_event)e);

				if (step.effect == EFFECT_UNEXPECTED)
					continue;
				in = in || ((int)step.next == s && from != s);
				out = out || (from == s && (int)step.next != s);
			}
		}
		assert_true(in);
		assert_true(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_people_ask_for_has_an_answer),
		cmocka_unit_test(a_stop_leads_to_rest),
		cmocka_unit_test(the_end_of_a_process_is_expected_where_there_is_one),
		cmocka_unit_test(a_start_spawns_from_rest_only),
		cmocka_unit_test(every_state_has_a_way_in_and_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
