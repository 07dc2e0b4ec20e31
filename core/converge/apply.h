// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONVERGE_APPLY_H
#define STACK_CORE_CONVERGE_APPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/converge/plan.h"

/*
 * Apply: carry a plan out, in the order that its edges allow
 *
 * Every action whose `after` edges are done is begun; several may be under way
 * at the same time.  What an action is, apply does not know: `begin` does it
 * or starts it, and whoever sees its end calls apply_done().  When one fails,
 * those that wait for it are given up with a reason, and all others go on:
 * what works stays, and running the command again does the rest.
 */
struct apply;

struct apply_ops {
	/* Begin ACTION.  apply_done() may be called from in here. */
	void (*begin)(void *ctx, struct apply *apply, size_t action);
	/* An action will never begin, because of one that failed: REASON says which. */
	void (*given_up)(void *ctx, size_t action, const char *reason);
	/* Nothing is under way any more.  The apply may be freed in here. */
	void (*finished)(void *ctx);
};

/* Takes PLAN over and makes *PLAN PLAN_INIT.  Nothing is begun yet. */
struct apply *apply_new(struct plan *plan, const struct apply_ops *ops, void *ctx);

/* Begin.  `finished` is called exactly once, perhaps from in here. */
void apply_run(struct apply *apply);

/* ACTION, which was begun, ended: ERR NULL is success. */
void apply_done(struct apply *apply, size_t action, const struct err *err);

/*
 * Begin nothing more, and consider what is under way as given up.  `finished`
 * follows, perhaps from in here.
 */
void apply_cancel(struct apply *apply, const char *reason);

const struct plan *apply_plan(const struct apply *apply);

/* Is ACTION under way? */
bool apply_is_running(const struct apply *apply, size_t action);

/* Did ACTION itself fail? */
bool apply_has_failed(const struct apply *apply, size_t action);

/* How many actions failed, those given up because of them not counted. */
size_t apply_failures(const struct apply *apply);

/* What the first failure said. */
const char *apply_first_error(const struct apply *apply);

/* Only before apply_run() or from `finished` on.  NULL is fine. */
void apply_free(struct apply *apply);

#endif
