// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_LIFECYCLE_H
#define STACK_CORE_SUPERVISE_LIFECYCLE_H

/*
 * Lifecycle: what a container does next
 *
 * lifecycle_step() is a table and nothing else: unit.c feeds it events and
 * carries out the effect it answers with.  A cell that is not filled in
 * answers EFFECT_UNEXPECTED, which the supervisor logs as a bug of ours.
 */
#define UNIT_STATES(X)                                                                             \
	X(CREATED, "created")                                                                      \
	X(STARTING, "starting")                                                                    \
	X(RUNNING, "running")                                                                      \
	X(DRAINING, "draining")                                                                    \
	X(STOPPING, "stopping")                                                                    \
	X(RESTARTING, "restarting")                                                                \
	X(HELD, "waiting")                                                                         \
	X(EXITED, "exited")

#define UNIT_EVENTS(X)                                                                             \
	X(START, "start requested")                                                                \
	X(STARTED, "program executed")                                                             \
	X(FAILED, "start failed")                                                                  \
	X(DIED, "ended, and stays so")                                                             \
	X(DIED_RETRY, "ended, and is started again")                                               \
	X(STOP, "stop requested")                                                                  \
	X(UNHEALTHY, "unhealthy, and not to stay so")                                              \
	X(KILL, "kill requested")                                                                  \
	X(RETIRE, "another one took its place")                                                    \
	X(DRAINED, "no connection is left")                                                        \
	X(HOLD, "a service it depends on does not work")                                           \
	X(RELEASE, "what it depends on works again")                                               \
	X(TIMER, "grace period or back-off over")

enum unit_state {
#define X(name, text) UNIT_##name,
	UNIT_STATES(X)
#undef X
		UNIT_STATE_COUNT
};

enum unit_event {
#define X(name, text) EVENT_##name,
	UNIT_EVENTS(X)
#undef X
		EVENT_COUNT
};

enum unit_effect {
	EFFECT_UNEXPECTED, /* must stay 0: see above */
	EFFECT_NONE,
	EFFECT_SPAWN,	/* take the ports, commit the rules, start the shim */
	EFFECT_READY,	/* it runs: start looking at its health, tell who waits */
	EFFECT_DRAIN,	/* no new connections; wait until the old ones have ended */
	EFFECT_TERM,	/* stop signal, and arm the grace period */
	EFFECT_KILL,	/* SIGKILL to all its processes */
	EFFECT_BACKOFF, /* arm the restart timer */
	EFFECT_HOLD,	/* tell what is waited for */
	EFFECT_FINISH,	/* let the ports go, tell who waits */
};

struct unit_step {
	enum unit_state next;
	enum unit_effect effect;
};

struct unit_step lifecycle_step(enum unit_state state, enum unit_event event);

/* As `stack ps` prints them. */
const char *unit_state_name(enum unit_state state);
const char *unit_event_name(enum unit_event event);

#endif
