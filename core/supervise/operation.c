// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * apply.h says when an action may begin, actions.c what it is, verdict.c when
 * it is over; here they are put together, from the request to the answer.
 */
#include "core/supervise/resume.h"
#include "core/supervise/rollout.h"

#include "core/base/arena.h"
#include "core/base/log.h"
#include "core/model/update.h"
#include "core/supervise/watch.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* True: the action is over (and the operation may be). */
static bool settle_action(struct operation *operation, size_t at)
{
	struct err err = ERR_INIT;
	enum verdict verdict = verdict_of(operation, at, &err);

	if (verdict == VERDICT_WAIT)
		return false;
	apply_done(operation->apply, at, verdict == VERDICT_BAD ? &err : NULL);
	return true;
}

static void report_failure(struct operation *operation, size_t at, const char *message)
{
	const struct action *action = operation_action(operation, at);

	emit(operation->supervisor, "container", action->target,
	     action->service ? action->service->name : NULL, "error", message, -1);
}

static void begin(void *ctx, struct apply *apply, size_t at)
{
	struct operation *operation = ctx;
	enum action_type type = operation_action(operation, at)->type;
	struct err err = ERR_INIT;

	if (action_do(operation, at, &err) < 0) {
		report_failure(operation, at, err.msg);
		apply_done(apply, at, &err);
	} else if (!verdict_is_needed(type)) {
		apply_done(apply, at, NULL);
	} else if (apply_is_running(apply, at)) {
		settle_action(operation, at);
	}
}

static void given_up(void *ctx, size_t at, const char *reason)
{
	struct operation *operation = ctx;
	const struct action *action = operation_action(operation, at);

	if (action->type == ACTION_CONTAINER_START || action->type == ACTION_CONTAINER_REPLACE)
		report_failure(operation, at, reason);
}

/* --- beginning and end --- */

static size_t changes(const struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_actions; i++)
		n += !action_is_await(plan->actions[i].type);
	return n;
}

static void answer(struct operation *operation, bool failed, const char *message)
{
	size_t n = changes(apply_plan(operation->apply));
	int64_t ms = (int64_t)(uv_now(operation->supervisor->loop) - operation->began_ms);

	if (!operation->client)
		return;
	if (failed)
		client_finish_error(operation->client, EIO, message);
	else
		client_finish(operation->client,
			      json_pack("{s:s, s:I, s:I}", "result", "ok", "changes", (json_int_t)n,
					"ms", (json_int_t)ms));
}

static void operation_free(struct operation *operation)
{
	for (size_t i = 0; i < apply_plan(operation->apply)->n_actions; i++)
		rollout_free(operation->rollouts[i]);
	free(operation->rollouts);
	timer_free(operation->limit);
	json_decref(operation->options.previous);
	free(operation->options.failure);
	apply_free(operation->apply);
	free(operation);
	/* A plan is large for a moment, and a supervisor small for days. */
	malloc_trim(0);
}

/* A candidate of a rollout that was cancelled: it gets no traffic and shall end. */
static void end_candidates(struct supervisor *supervisor)
{
	for (struct unit *unit = supervisor->units; unit; unit = unit->next)
		if (unit->record.candidate && unit->state != UNIT_EXITED)
			unit_stop(unit, -1);
}

/* The services whose update failed, and that say that it is rolled back then. */
static size_t to_roll_back(const struct operation *operation, const char **ret_names)
{
	const struct plan *plan = apply_plan(operation->apply);
	size_t n = 0;

	for (size_t i = 0; operation->options.previous && i < plan->n_actions; i++) {
		const struct action *action = &plan->actions[i];
		bool known = false;

		if (action->type != ACTION_CONTAINER_REPLACE ||
		    !apply_has_failed(operation->apply, i) ||
		    service_update_failure(action->service) != UPDATE_ROLLBACK)
			continue;
		for (size_t j = 0; j < n; j++)
			known = known || strcmp(ret_names[j], action->service->name) == 0;
		if (!known)
			ret_names[n++] = action->service->name;
	}
	return n;
}

/* True: another operation goes back now, and answers the client. */
static bool roll_back(struct operation *operation)
{
	const struct plan *plan = apply_plan(operation->apply);
	const char **names = ARENA_ARRAY(plan->arena, const char *, plan->n_actions + 1);
	size_t n = to_roll_back(operation, names);

	if (n == 0)
		return false;
	request_rollback(operation->supervisor, operation->client, operation->options.previous,
			 names, n, apply_first_error(operation->apply));
	return true;
}

static void operation_end(struct operation *operation)
{
	struct supervisor *supervisor = operation->supervisor;
	bool failed = apply_failures(operation->apply) > 0;
	const char *message = apply_first_error(operation->apply);

	if (!failed && publish_error(supervisor)[0]) {
		failed = true;
		message = publish_error(supervisor);
	}
	if (operation->options.failure) {
		failed = true;
		message = operation->options.failure;
	}
	supervisor->operation = NULL;
	pending_clear(supervisor);
	end_candidates(supervisor);
	if (roll_back(operation)) {
		operation_free(operation);
		return;
	}
	if (operation->options.kind == OPERATION_DOWN && !failed)
		supervisor_leave(supervisor, true);
	if (operation->options.kind != OPERATION_DOWN)
		boot_changed(supervisor);
	if (supervisor->resting)
		uv_stop(supervisor->loop);
	answer(operation, failed, message);
	operation_free(operation);
	requests_next(supervisor);
}

static void finished(void *ctx)
{
	struct operation *operation = ctx;

	operation->applied = true;
	if (operation->options.kind == OPERATION_DOWN && apply_failures(operation->apply) == 0)
		publish_teardown(operation->supervisor);
	if (publish_is_settled(operation->supervisor))
		operation_end(operation);
}

static void on_limit(void *data)
{
	struct operation *operation = data;

	if (!operation->applied)
		apply_cancel(operation->apply, "the time given by --wait-timeout is over");
}

void operation_begin(struct supervisor *supervisor, struct plan *plan,
		     const struct operation_options *options, struct client *client)
{
	static const struct apply_ops ops = {
		.begin = begin, .given_up = given_up, .finished = finished};
	struct operation *operation = calloc(1, sizeof(*operation));

	if (!operation)
		abort();
	operation->supervisor = supervisor;
	operation->options = *options;
	operation->client = client;
	operation->began_ms = uv_now(supervisor->loop);
	operation->limit = timer_new(supervisor->loop, on_limit, operation);
	for (size_t i = 0; client && i < plan->n_warnings; i++)
		emit(supervisor, "warning", supervisor->project_name, NULL, "warning",
		     plan->warnings[i], -1);
	if (client && publish_obstacle(supervisor))
		emit(supervisor, "warning", supervisor->project_name, NULL, "warning",
		     publish_obstacle(supervisor), -1);
	operation->rollouts = calloc(plan->n_actions + 1, sizeof(struct rollout *));
	if (!operation->rollouts)
		abort();
	operation->apply = apply_new(plan, &ops, operation);
	supervisor->operation = operation;
	if (options->wait_timeout_ms > 0)
		timer_arm(operation->limit, options->wait_timeout_ms);
	apply_run(operation->apply);
}

void operation_unit_changed(struct supervisor *supervisor)
{
	struct operation *operation = supervisor->operation;

	if (!operation || operation->applied)
		return;
	for (size_t i = 0; i < apply_plan(operation->apply)->n_actions; i++) {
		if (!apply_is_running(operation->apply, i) ||
		    !verdict_is_needed(operation_action(operation, i)->type))
			continue;
		/* The end of the last action is the end of the operation. */
		if (settle_action(operation, i) && supervisor->operation != operation)
			return;
		if (operation->applied)
			return;
	}
}

void operation_settled(struct supervisor *supervisor)
{
	if (supervisor->operation && supervisor->operation->applied)
		operation_end(supervisor->operation);
}

enum operation_kind operation_kind(const struct operation *operation)
{
	return operation->options.kind;
}

void operation_cancel(struct supervisor *supervisor, const char *reason)
{
	if (supervisor->operation && !supervisor->operation->applied)
		apply_cancel(supervisor->operation->apply, reason);
}

void operation_client_gone(struct operation *operation, const struct client *client)
{
	if (operation->client == client)
		operation->client = NULL;
}

void operation_abandon(struct supervisor *supervisor)
{
	if (supervisor->operation)
		operation_free(supervisor->operation);
	supervisor->operation = NULL;
}
