// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_ROLLOUT_H
#define STACK_CORE_SUPERVISE_ROLLOUT_H

#include "core/supervise/operation.h"

/*
 * Rollout: one container is replaced by a new one
 *
 *	start-first	make the new one, without traffic → it works → traffic goes to it,
 *			in one commit → the old one ends its connections → it stops and goes
 *	stop-first	the old one stops and goes → make the new one → it works
 *
 * "Works" is: it runs, it is healthy where that can be known, and it still is
 * after `monitor`.  When it does not, start-first takes it away again and the old
 * one never noticed; stop-first leaves it for people to look at.
 */
struct rollout;

/* For action number AT of OPERATION, a REPLACE.  Nothing happens yet. */
struct rollout *rollout_new(struct operation *operation, size_t at);

/*
 * Go as far as possible.  Called again whenever a unit changes, until the
 * answer is not VERDICT_WAIT.
 */
enum verdict rollout_step(struct rollout *rollout, struct err *err);

/* NULL is fine. */
void rollout_free(struct rollout *rollout);

#endif
