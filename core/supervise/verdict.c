// SPDX-License-Identifier: GPL-2.0-or-later
/* Verdict: what the units say about an action that is under way. */
#include "core/supervise/rollout.h"

#include <errno.h>
#include <string.h>

static enum verdict bad(struct err *err, const struct unit *unit, const char *what)
{
	if (unit->error[0])
		err_set(err, EIO, "container '%s' %s: %s", unit->record.name, what, unit->error);
	else if (unit->has_exit)
		err_set(err, EIO, "container '%s' %s: it ended with exit status %d%s",
			unit->record.name, what, unit->exit.code,
			unit->exit.oom_killed ? " (killed for want of memory)" : "");
	else
		err_set(err, EIO, "container '%s' %s", unit->record.name, what);
	return VERDICT_BAD;
}

/* Of a unit that runs: is post_start through? */
static enum verdict judge_hooks(const struct unit *unit, struct err *err)
{
	if (unit->hooks)
		return VERDICT_WAIT;
	if (!unit->hook_error[0])
		return VERDICT_GOOD;
	err_set(err, EIO, "container '%s' runs, but %s", unit->record.name, unit->hook_error);
	return VERDICT_BAD;
}

static enum verdict judge_start(const struct unit *unit, struct err *err)
{
	if (unit->state == UNIT_EXITED && unit->error[0])
		return bad(err, unit, "did not start");
	if (unit->state == UNIT_STARTING || unit->state == UNIT_STOPPING)
		return VERDICT_WAIT;
	return unit->state == UNIT_RUNNING ? judge_hooks(unit, err) : VERDICT_GOOD;
}

static enum verdict judge_stop(const struct unit *unit, struct err *err)
{
	(void)err;
	return unit->state == UNIT_EXITED || unit->state == UNIT_CREATED ? VERDICT_GOOD
									 : VERDICT_WAIT;
}

/* Running, or a job that is done already. */
static enum verdict judge_started(const struct unit *unit, struct err *err)
{
	if (unit->state == UNIT_RUNNING)
		return judge_hooks(unit, err);
	if (unit->state != UNIT_EXITED)
		return VERDICT_WAIT;
	if (unit->error[0] || unit->exit.code != 0)
		return bad(err, unit, "is not up");
	return VERDICT_GOOD;
}

enum verdict verdict_healthy(const struct unit *unit, struct err *err)
{
	if (!unit_has_healthcheck(unit))
		return judge_started(unit, err);
	if (unit->state == UNIT_EXITED)
		return bad(err, unit, "is not healthy");
	if (unit->state != UNIT_RUNNING || unit->hooks)
		return VERDICT_WAIT;
	if (unit->hook_error[0])
		return judge_hooks(unit, err);
	if (strcmp(health_status(unit), "unhealthy") == 0)
		return bad(err, unit, "is unhealthy");
	return unit_is_healthy(unit) ? VERDICT_GOOD : VERDICT_WAIT;
}

static enum verdict judge_completed(const struct unit *unit, struct err *err)
{
	if (unit->state != UNIT_EXITED)
		return VERDICT_WAIT;
	if (unit->error[0] || unit->exit.code != 0)
		return bad(err, unit, "did not complete");
	return VERDICT_GOOD;
}

typedef enum verdict (*judge)(const struct unit *unit, struct err *err);

/* Actions whose end is seen by looking at units; NULL for those that end at once. */
static const judge judges[ACTION_TYPE_COUNT] = {
	[ACTION_CONTAINER_START] = judge_start,
	[ACTION_CONTAINER_STOP] = judge_stop,
	[ACTION_CONTAINER_AWAIT_STARTED] = judge_started,
	[ACTION_CONTAINER_AWAIT_HEALTHY] = verdict_healthy,
	[ACTION_CONTAINER_AWAIT_COMPLETED] = judge_completed,
};

bool action_is_await(enum action_type type)
{
	return type == ACTION_CONTAINER_AWAIT_STARTED || type == ACTION_CONTAINER_AWAIT_HEALTHY ||
	       type == ACTION_CONTAINER_AWAIT_COMPLETED;
}

enum verdict verdict_not_up(const struct unit *unit, struct err *err)
{
	return bad(err, unit, "is not up");
}

bool verdict_is_needed(enum action_type type)
{
	return judges[type] != NULL || type == ACTION_CONTAINER_REPLACE;
}

/* An AWAIT is about all containers of a service, everything else about one. */
enum verdict verdict_of(const struct operation *operation, size_t at, struct err *err)
{
	const struct action *action = operation_action(operation, at);
	const struct unit *unit = operation_unit(operation, at);

	if (action->type == ACTION_CONTAINER_REPLACE)
		return rollout_step(operation->rollouts[at], err);
	if (!action_is_await(action->type))
		return unit ? judges[action->type](unit, err) : VERDICT_GOOD;
	for (unit = operation->supervisor->units; unit; unit = unit->next) {
		enum verdict verdict;

		if (strcmp(unit->record.service, action->target) != 0 || unit->record.candidate ||
		    unit->state == UNIT_DRAINING)
			continue;
		verdict = judges[action->type](unit, err);
		if (verdict != VERDICT_GOOD)
			return verdict;
	}
	return VERDICT_GOOD;
}
