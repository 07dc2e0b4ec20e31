// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/converge/apply.h"

#include "core/base/arena.h"
#include "core/converge/plan.h"

#include <stdint.h>
#include <stdlib.h>

enum progress { PENDING, RUNNING, DONE, FAILED, GIVEN_UP };

struct apply {
	struct plan plan;
	const struct apply_ops *ops;
	void *ctx;
	enum progress *progress; /* one for each action */
	size_t n_running, n_failed;
	bool pumping; /* apply_pump() is on the stack */
	bool again;   /* something ended meanwhile: it has to look once more */
	bool started, finished;
	struct err first_error;
};

struct apply *apply_new(struct plan *plan, const struct apply_ops *ops, void *ctx)
{
	struct apply *apply = calloc(1, sizeof(*apply));

	if (!apply)
		abort();
	apply->plan = *plan;
	*plan = (struct plan)PLAN_INIT;
	apply->ops = ops;
	apply->ctx = ctx;
	apply->progress = ARENA_ARRAY(apply->plan.arena, enum progress, apply->plan.n_actions + 1);
	return apply;
}

/* PENDING: not yet; RUNNING: it may begin; GIVEN_UP: it never will, for *RET_CULPRIT. */
static enum progress readiness(const struct apply *apply, size_t action, size_t *ret_culprit)
{
	const struct action *a = &apply->plan.actions[action];
	enum progress ready = RUNNING;

	for (size_t i = 0; i < a->n_after; i++) {
		enum progress earlier = apply->progress[a->after[i]];

		if (earlier == FAILED || earlier == GIVEN_UP) {
			*ret_culprit = a->after[i];
			return GIVEN_UP;
		}
		if (earlier != DONE)
			ready = PENDING;
	}
	for (size_t i = 0; i < a->n_behind; i++)
		if (apply->progress[a->behind[i]] < DONE)
			ready = PENDING;
	return ready;
}

static void give_up(struct apply *apply, size_t action, size_t culprit)
{
	const struct action *cause = &apply->plan.actions[culprit];
	struct err reason = ERR_INIT;

	apply->progress[action] = GIVEN_UP;
	err_set(&reason, 1, "could not %s '%s'", action_type_name(cause->type), cause->target);
	apply->ops->given_up(apply->ctx, action, reason.msg);
}

/* One look at every pending action. */
static void apply_scan(struct apply *apply)
{
	for (size_t i = 0; i < apply->plan.n_actions; i++) {
		size_t culprit = 0;

		if (apply->progress[i] != PENDING)
			continue;
		switch (readiness(apply, i, &culprit)) {
		case RUNNING:
			apply->progress[i] = RUNNING;
			apply->n_running++;
			apply->ops->begin(apply->ctx, apply, i);
			break;
		case GIVEN_UP:
			give_up(apply, i, culprit);
			break;
		default:
			break;
		}
	}
}

/*
 * Begin whatever can begin.  apply_done() from within `begin` only asks for
 * another round, so a thousand actions that end at once do not nest.
 */
static void apply_pump(struct apply *apply)
{
	if (apply->pumping) {
		apply->again = true;
		return;
	}
	apply->pumping = true;
	do {
		apply->again = false;
		apply_scan(apply);
	} while (apply->again);
	apply->pumping = false;
	if (apply->n_running == 0 && !apply->finished) {
		apply->finished = true;
		apply->ops->finished(apply->ctx);
	}
}

void apply_run(struct apply *apply)
{
	apply->started = true;
	apply_pump(apply);
}

void apply_done(struct apply *apply, size_t action, const struct err *err)
{
	if (apply->progress[action] != RUNNING)
		return;
	apply->n_running--;
	apply->progress[action] = err ? FAILED : DONE;
	if (err && apply->n_failed++ == 0)
		apply->first_error = *err;
	apply_pump(apply);
}

void apply_cancel(struct apply *apply, const char *reason)
{
	for (size_t i = 0; i < apply->plan.n_actions; i++) {
		if (apply->progress[i] == RUNNING)
			apply->n_running--;
		else if (apply->progress[i] != PENDING)
			continue;
		apply->progress[i] = GIVEN_UP;
	}
	if (apply->n_failed++ == 0)
		err_set(&apply->first_error, 1, "%s", reason);
	if (apply->started)
		apply_pump(apply);
}

const struct plan *apply_plan(const struct apply *apply)
{
	return &apply->plan;
}

bool apply_is_running(const struct apply *apply, size_t action)
{
	return apply->progress[action] == RUNNING;
}

bool apply_has_failed(const struct apply *apply, size_t action)
{
	return apply->progress[action] == FAILED;
}

size_t apply_failures(const struct apply *apply)
{
	return apply->n_failed;
}

const char *apply_first_error(const struct apply *apply)
{
	return apply->first_error.msg;
}

void apply_free(struct apply *apply)
{
	if (!apply)
		return;
	plan_release(&apply->plan);
	free(apply);
}
