// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_OPERATION_H
#define STACK_CORE_SUPERVISE_OPERATION_H

#include "core/converge/apply.h"
#include "core/supervise/internal.h"

/*
 * Operation: one plan, carried out for one client
 *
 *	operation.c	beginning, progress and end
 *	actions.c	what each kind of action is
 *	verdict.c	how its end is seen
 *	rollout.c	replacing one container, which is many steps
 */
struct rollout;

struct operation {
	struct supervisor *supervisor;
	struct operation_options options;
	struct client *client;
	struct apply *apply;
	struct timer *limit;
	uint64_t began_ms;
	struct rollout **rollouts; /* by action; NULL where there is none */
	bool applied;		   /* nothing is left but the commit of the rules */
};

static inline const struct action *operation_action(const struct operation *operation, size_t at)
{
	return &apply_plan(operation->apply)->actions[at];
}

/* The container that action AT is about; NULL: there is none of that name. */
static inline struct unit *operation_unit(const struct operation *operation, size_t at)
{
	return unit_find(operation->supervisor, operation_action(operation, at)->target);
}

/* Do what action AT says, or start it. */
int action_do(struct operation *operation, size_t at, struct err *err);

/* Make the container of ACTION, and its unit; CANDIDATE: it gets no traffic for now. */
int container_make(struct operation *operation, const struct action *action, bool candidate,
		   struct err *err);

/* Remove the container NAME, and its unit.  Gone already is success. */
int container_discard(struct operation *operation, const char *name, struct err *err);

enum verdict { VERDICT_WAIT, VERDICT_GOOD, VERDICT_BAD };

/* Does an action of TYPE last until a unit has changed?  Else it is over when it is done. */
bool verdict_is_needed(enum action_type type);

/* Is action AT over, and how?  VERDICT_BAD: ERR has the sentence. */
enum verdict verdict_of(const struct operation *operation, size_t at, struct err *err);

/* Does UNIT run, and is it healthy where that can be known? */
enum verdict verdict_healthy(const struct unit *unit, struct err *err);

/* The sentence for a unit that ended when it should not.  VERDICT_BAD. */
enum verdict verdict_not_up(const struct unit *unit, struct err *err);

/* Does TYPE only wait for something? */
bool action_is_await(enum action_type type);

#endif
