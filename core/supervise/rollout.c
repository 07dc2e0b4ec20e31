// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/rollout.h"

#include "core/supervise/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum step {
	STEP_MAKE,    /* the new one */
	STEP_WORK,    /* until it works */
	STEP_MONITOR, /* and still does after a while */
	STEP_SWITCH,  /* start-first: traffic goes to it */
	STEP_STOP,    /* the old one */
	STEP_GONE,    /* until it has ended; then it is removed */
	STEP_DELAY,   /* before the next one may begin */
	STEP_DISCARD, /* the new one does not work: until it has ended; then it is removed */
	STEP_DONE,
};

static const enum step start_first[] = {STEP_MAKE, STEP_WORK,  STEP_MONITOR, STEP_SWITCH,
					STEP_GONE, STEP_DELAY, STEP_DONE};
static const enum step stop_first[] = {STEP_STOP,    STEP_GONE,	 STEP_MAKE, STEP_WORK,
				       STEP_MONITOR, STEP_DELAY, STEP_DONE};

struct rollout {
	struct operation *operation;
	size_t at;
	bool beside;	     /* start-first */
	const enum step *on; /* in one of the lists above */
	bool discarding;
	struct err failure; /* why */
	struct timer *timer;
	bool timing;   /* the step's time is not over */
	bool waited;   /* … it is */
	bool stepping; /* rollout_step() is on the stack: a unit changed because of us */
};

static const struct action *action_of(const struct rollout *rollout)
{
	return operation_action(rollout->operation, rollout->at);
}

static struct unit *fresh(const struct rollout *rollout)
{
	return unit_find(rollout->operation->supervisor, action_of(rollout)->target);
}

static struct unit *old(const struct rollout *rollout)
{
	return unit_find(rollout->operation->supervisor, action_of(rollout)->replaces);
}

static void on_time(void *data)
{
	struct rollout *rollout = data;

	rollout->timing = false;
	rollout->waited = true;
	operation_unit_changed(rollout->operation->supervisor);
}

struct rollout *rollout_new(struct operation *operation, size_t at)
{
	struct rollout *rollout = calloc(1, sizeof(*rollout));

	if (!rollout)
		abort();
	rollout->operation = operation;
	rollout->at = at;
	rollout->beside = strcmp(action_of(rollout)->target, action_of(rollout)->replaces) != 0;
	rollout->on = rollout->beside ? start_first : stop_first;
	rollout->timer = timer_new(operation->supervisor->loop, on_time, rollout);
	return rollout;
}

void rollout_free(struct rollout *rollout)
{
	if (!rollout)
		return;
	timer_free(rollout->timer);
	free(rollout);
}

/* --- the steps: VERDICT_GOOD goes on to the next --- */

static enum verdict make(struct rollout *rollout, struct err *err)
{
	if (container_make(rollout->operation, action_of(rollout), rollout->beside, err) < 0)
		return VERDICT_BAD;
	unit_start(fresh(rollout), true);
	return VERDICT_GOOD;
}

static enum verdict work(struct rollout *rollout, struct err *err)
{
	struct unit *unit = fresh(rollout);

	if (!unit) {
		err_set(err, ENOENT, "container '%s' is gone", action_of(rollout)->target);
		return VERDICT_BAD;
	}
	/* One that ends at once must not count as a job that is done. */
	if (unit->state == UNIT_EXITED || unit->state == UNIT_RESTARTING)
		return verdict_not_up(unit, err);
	return verdict_healthy(unit, err);
}

/* Wait MS, once. */
static enum verdict wait_ms(struct rollout *rollout, int64_t ms)
{
	if (ms <= 0 || rollout->waited) {
		rollout->waited = false;
		return VERDICT_GOOD;
	}
	if (!rollout->timing)
		timer_arm(rollout->timer, ms);
	rollout->timing = true;
	return VERDICT_WAIT;
}

static enum verdict monitor(struct rollout *rollout, struct err *err)
{
	enum verdict verdict = work(rollout, err);

	if (verdict == VERDICT_BAD)
		return verdict;
	return wait_ms(rollout, action_of(rollout)->service->update_config.monitor_ms);
}

/* Both in one turn of the loop, and so in one commit. */
static enum verdict switch_over(struct rollout *rollout)
{
	struct unit *unit = fresh(rollout), *before = old(rollout);

	unit->record.candidate = false;
	unit_save(unit);
	publish_changed(unit->supervisor);
	emit_unit(unit, "switched", before ? before->record.name : NULL, -1);
	if (before)
		unit_retire(before);
	return VERDICT_GOOD;
}

static enum verdict stop(const struct rollout *rollout)
{
	struct unit *before = old(rollout);

	if (before)
		unit_stop(before, rollout->operation->options.grace_ms);
	return VERDICT_GOOD;
}

/* Until UNIT has ended, and is removed. */
static enum verdict remove_ended(const struct rollout *rollout, struct unit *unit, struct err *err)
{
	if (!unit)
		return VERDICT_GOOD;
	if (unit->state != UNIT_EXITED && unit->state != UNIT_CREATED)
		return VERDICT_WAIT;
	return container_discard(rollout->operation, unit->record.name, err) < 0 ? VERDICT_BAD
										 : VERDICT_GOOD;
}

static enum verdict step(struct rollout *rollout, struct err *err)
{
	switch (*rollout->on) {
	case STEP_MAKE:
		return make(rollout, err);
	case STEP_WORK:
		return work(rollout, err);
	case STEP_MONITOR:
		return monitor(rollout, err);
	case STEP_SWITCH:
		return switch_over(rollout);
	case STEP_STOP:
		return stop(rollout);
	case STEP_GONE:
		return remove_ended(rollout, old(rollout), err);
	case STEP_DELAY:
		return wait_ms(rollout, action_of(rollout)->service->update_config.delay_ms);
	case STEP_DISCARD:
		return remove_ended(rollout, fresh(rollout), err);
	case STEP_DONE:
		break;
	}
	return VERDICT_GOOD;
}

/* --- all of them --- */

/* A new one beside the old one goes again. */
static void discard(struct rollout *rollout, const struct err *failure)
{
	static const enum step steps[] = {STEP_DISCARD, STEP_DONE};
	struct unit *unit = fresh(rollout);

	rollout->discarding = true;
	rollout->failure = *failure;
	rollout->on = steps;
	timer_disarm(rollout->timer);
	if (unit)
		unit_stop(unit, -1);
}

static enum verdict go_on(struct rollout *rollout, struct err *err)
{
	while (*rollout->on != STEP_DONE) {
		struct err failure = ERR_INIT;
		enum verdict verdict = step(rollout, &failure);

		if (verdict == VERDICT_WAIT)
			return verdict;
		if (verdict == VERDICT_GOOD) {
			rollout->on++;
		} else if (rollout->beside && !rollout->discarding &&
			   *rollout->on <= STEP_MONITOR) {
			discard(rollout, &failure);
		} else {
			*err = rollout->discarding ? rollout->failure : failure;
			return verdict;
		}
	}
	if (!rollout->discarding)
		return VERDICT_GOOD;
	*err = rollout->failure;
	return VERDICT_BAD;
}

enum verdict rollout_step(struct rollout *rollout, struct err *err)
{
	struct err failure = ERR_INIT;
	enum verdict verdict;

	if (rollout->stepping)
		return VERDICT_WAIT;
	rollout->stepping = true;
	verdict = go_on(rollout, &failure);
	rollout->stepping = false;
	if (verdict == VERDICT_BAD)
		*err = failure;
	return verdict;
}
