// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/lifecycle.h"

/*
 * A stop that comes while the program is not executed yet kills it as soon as it
 * is: nobody could handle a signal before.  A stop during the back-off cancels it.
 * DIED_RETRY in STOPPING is the end of a stop that was the first half of a restart:
 * who asked for a stop by hand meanwhile has decided, and is answered with DIED.
 */
static const struct unit_step steps[UNIT_STATE_COUNT][EVENT_COUNT] =
	{
		[UNIT_CREATED] =
			{
				[EVENT_START] = {UNIT_STARTING, EFFECT_SPAWN},
				[EVENT_STOP] = {UNIT_CREATED, EFFECT_FINISH},
				[EVENT_KILL] = {UNIT_CREATED, EFFECT_FINISH},
				[EVENT_RETIRE] = {UNIT_CREATED, EFFECT_FINISH},
			},
		[UNIT_STARTING] =
			{
				[EVENT_START] = {UNIT_STARTING, EFFECT_NONE},
				[EVENT_STARTED] = {UNIT_RUNNING, EFFECT_READY},
				[EVENT_FAILED] = {UNIT_EXITED, EFFECT_FINISH},
				[EVENT_STOP] = {UNIT_STOPPING, EFFECT_KILL},
				[EVENT_KILL] = {UNIT_STOPPING, EFFECT_KILL},
				[EVENT_RETIRE] = {UNIT_STOPPING, EFFECT_KILL},
				[EVENT_DIED] = {UNIT_EXITED, EFFECT_FINISH},
				[EVENT_DIED_RETRY] = {UNIT_RESTARTING, EFFECT_BACKOFF},
			},
		[UNIT_RUNNING] =
			{
				[EVENT_START] = {UNIT_RUNNING, EFFECT_READY},
				[EVENT_STOP] = {UNIT_STOPPING, EFFECT_TERM},
				[EVENT_UNHEALTHY] = {UNIT_STOPPING, EFFECT_TERM},
				[EVENT_KILL] = {UNIT_STOPPING, EFFECT_KILL},
				[EVENT_RETIRE] = {UNIT_DRAINING, EFFECT_DRAIN},
				[EVENT_DIED] = {UNIT_EXITED, EFFECT_FINISH},
				[EVENT_DIED_RETRY] = {UNIT_RESTARTING, EFFECT_BACKOFF},
			},
		[UNIT_STOPPING] =
			{
				[EVENT_START] = {UNIT_STOPPING, EFFECT_NONE},
				[EVENT_STARTED] = {UNIT_STOPPING, EFFECT_KILL},
				[EVENT_FAILED] = {UNIT_EXITED, EFFECT_FINISH},
				[EVENT_STOP] = {UNIT_STOPPING, EFFECT_NONE},
				[EVENT_KILL] = {UNIT_STOPPING, EFFECT_KILL},
				[EVENT_RETIRE] = {UNIT_STOPPING, EFFECT_NONE},
				[EVENT_TIMER] = {UNIT_STOPPING, EFFECT_KILL},
				[EVENT_DIED] = {UNIT_EXITED, EFFECT_FINISH},
				[EVENT_DIED_RETRY] = {UNIT_RESTARTING, EFFECT_BACKOFF},
			},
		[UNIT_RESTARTING] =
			{
				[EVENT_START] = {UNIT_STARTING, EFFECT_SPAWN},
				[EVENT_STOP] = {UNIT_EXITED, EFFECT_FINISH},
				[EVENT_KILL] = {UNIT_EXITED, EFFECT_FINISH},
				[EVENT_RETIRE] = {UNIT_EXITED, EFFECT_FINISH},
				[EVENT_TIMER] = {UNIT_STARTING, EFFECT_SPAWN},
				[EVENT_HOLD] = {UNIT_HELD, EFFECT_HOLD},
			},
		[UNIT_DRAINING] =
			{
				[EVENT_START] = {UNIT_DRAINING, EFFECT_NONE},
				[EVENT_STOP] = {UNIT_STOPPING, EFFECT_TERM},
				[EVENT_KILL] = {UNIT_STOPPING, EFFECT_KILL},
				[EVENT_RETIRE] = {UNIT_DRAINING, EFFECT_NONE},
				[EVENT_DRAINED] = {UNIT_STOPPING, EFFECT_TERM},
				[EVENT_TIMER] = {UNIT_STOPPING, EFFECT_TERM},
				[EVENT_DIED] = {UNIT_EXITED, EFFECT_FINISH},
			},
		[UNIT_HELD] =
			{
				[EVENT_START] = {UNIT_STARTING, EFFECT_SPAWN},
				[EVENT_STOP] = {UNIT_EXITED, EFFECT_FINISH},
				[EVENT_KILL] = {UNIT_EXITED, EFFECT_FINISH},
				[EVENT_RETIRE] = {UNIT_EXITED, EFFECT_FINISH},
				[EVENT_RELEASE] = {UNIT_STARTING, EFFECT_SPAWN},
			},
		[UNIT_EXITED] =
			{
				[EVENT_START] = {UNIT_STARTING, EFFECT_SPAWN},
				[EVENT_STOP] = {UNIT_EXITED, EFFECT_FINISH},
				[EVENT_KILL] = {UNIT_EXITED, EFFECT_FINISH},
				[EVENT_RETIRE] = {UNIT_EXITED, EFFECT_FINISH},
			},
};

static const char *const state_names[] = {
#define X(name, text) text,
	UNIT_STATES(X)
#undef X
};

static const char *const event_names[] = {
#define X(name, text) text,
	UNIT_EVENTS(X)
#undef X
};

struct unit_step lifecycle_step(enum unit_state state, enum unit_event event)
{
	return steps[state][event];
}

const char *unit_state_name(enum unit_state state)
{
	return state_names[state];
}

const char *unit_event_name(enum unit_event event)
{
	return event_names[event];
}
