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
 */
struct operation {
	struct supervisor *supervisor;
	struct operation_options options;
	struct client *client;
	struct apply *apply;
	struct timer *limit;
	uint64_t began_ms;
	bool applied; /* nothing is left but the commit of the rules */
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

enum verdict { VERDICT_WAIT, VERDICT_GOOD, VERDICT_BAD };

/* Does an action of TYPE last until a unit has changed?  Else it is over when it is done. */
bool verdict_is_needed(enum action_type type);

/* Is action AT over, and how?  VERDICT_BAD: ERR has the sentence. */
enum verdict verdict_of(const struct operation *operation, size_t at, struct err *err);

/* Does TYPE only wait for something? */
bool action_is_await(enum action_type type);

#endif
