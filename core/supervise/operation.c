// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operation: one plan, carried out for one client
 *
 * apply.h says when an action may begin; here is what each of them is, and
 * how its end is seen: at once, or when the unit it is about changes.
 */
#include "core/supervise/internal.h"

#include "core/base/log.h"
#include "core/converge/apply.h"
#include "core/supervise/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct operation {
	struct supervisor *supervisor;
	struct operation_options options;
	struct client *client;
	struct apply *apply;
	struct timer *limit;
	uint64_t began_ms;
	bool applied; /* nothing is left but the commit of the rules */
};

static const struct action *action_at(const struct operation *operation, size_t at)
{
	return &apply_plan(operation->apply)->actions[at];
}

static struct unit *unit_of(const struct operation *operation, size_t at)
{
	return unit_find(operation->supervisor, action_at(operation, at)->target);
}

/* --- what there is to know at the end of an action --- */

enum verdict { VERDICT_WAIT, VERDICT_GOOD, VERDICT_BAD };

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

static enum verdict judge_start(const struct unit *unit, struct err *err)
{
	if (unit->state == UNIT_EXITED && unit->error[0])
		return bad(err, unit, "did not start");
	if (unit->state == UNIT_STARTING || unit->state == UNIT_STOPPING)
		return VERDICT_WAIT;
	return VERDICT_GOOD;
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
		return VERDICT_GOOD;
	if (unit->state != UNIT_EXITED)
		return VERDICT_WAIT;
	if (unit->error[0] || unit->exit.code != 0)
		return bad(err, unit, "is not up");
	return VERDICT_GOOD;
}

static enum verdict judge_healthy(const struct unit *unit, struct err *err)
{
	if (!unit_has_healthcheck(unit))
		return judge_started(unit, err);
	if (unit->state == UNIT_EXITED)
		return bad(err, unit, "is not healthy");
	if (unit->state != UNIT_RUNNING)
		return VERDICT_WAIT;
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
	[ACTION_CONTAINER_AWAIT_HEALTHY] = judge_healthy,
	[ACTION_CONTAINER_AWAIT_COMPLETED] = judge_completed,
};

static bool is_await(enum action_type type)
{
	return type == ACTION_CONTAINER_AWAIT_STARTED || type == ACTION_CONTAINER_AWAIT_HEALTHY ||
	       type == ACTION_CONTAINER_AWAIT_COMPLETED;
}

/* An AWAIT is about all containers of a service, everything else about one. */
static enum verdict judge_action(const struct operation *operation, size_t at, struct err *err)
{
	const struct action *action = action_at(operation, at);
	const struct unit *unit = unit_of(operation, at);

	if (!is_await(action->type))
		return unit ? judges[action->type](unit, err) : VERDICT_GOOD;
	for (unit = operation->supervisor->units; unit; unit = unit->next) {
		enum verdict verdict;

		if (strcmp(unit->record.service, action->target) != 0)
			continue;
		verdict = judges[action->type](unit, err);
		if (verdict != VERDICT_GOOD)
			return verdict;
	}
	return VERDICT_GOOD;
}

/* True: the action is over (and the operation may be). */
static bool settle_action(struct operation *operation, size_t at)
{
	struct err err = ERR_INIT;
	enum verdict verdict = judge_action(operation, at, &err);

	if (verdict == VERDICT_WAIT)
		return false;
	apply_done(operation->apply, at, verdict == VERDICT_BAD ? &err : NULL);
	return true;
}

/* --- what each action is --- */

typedef int (*doer)(struct operation *operation, size_t at, struct err *err);

static int do_network_create(struct operation *operation, size_t at, struct err *err)
{
	struct supervisor *s = operation->supervisor;
	const struct network *network =
		project_network(s->project, action_at(operation, at)->target);
	int r = s->driver.ops->network_create(s->driver.ctx, network, err);

	if (r < 0)
		return err_wrap(err, "network '%s'", network->key);
	publish_changed(s);
	emit(s, "network", network->name, NULL, "created", NULL, -1);
	return 0;
}

static int do_network_remove(struct operation *operation, size_t at, struct err *err)
{
	struct supervisor *s = operation->supervisor;
	const char *key = action_at(operation, at)->target;
	int r = s->driver.ops->network_remove(s->driver.ctx, key, err);

	if (r < 0)
		return err_wrap(err, "network '%s'", key);
	publish_changed(s);
	emit(s, "network", key, NULL, "removed", NULL, -1);
	return 0;
}

static int do_volume_create(struct operation *operation, size_t at, struct err *err)
{
	struct supervisor *s = operation->supervisor;
	const struct volume *volume = project_volume(s->project, action_at(operation, at)->target);
	int r = s->driver.ops->volume_create(s->driver.ctx, volume, err);

	if (r < 0)
		return err_wrap(err, "volume '%s'", volume->key);
	emit(s, "volume", volume->name, NULL, "created", NULL, -1);
	return 0;
}

static int do_volume_remove(struct operation *operation, size_t at, struct err *err)
{
	struct supervisor *s = operation->supervisor;
	const char *name = action_at(operation, at)->target;
	int r = s->driver.ops->volume_remove(s->driver.ctx, name, err);

	if (r < 0)
		return err_wrap(err, "volume '%s'", name);
	emit(s, "volume", name, NULL, "removed", NULL, -1);
	return 0;
}

static uint64_t realtime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void set_text(char *ret, size_t size, const char *text)
{
	snprintf(ret, size, "%s", text);
}

static struct container_def action_def(const struct operation *operation,
				       const struct action *action)
{
	return (struct container_def){.project = operation->supervisor->project,
				      .service = action->service,
				      .index = action->index,
				      .name = action->target,
				      .config_hash = action->config_hash,
				      .live_hash = action->live_hash,
				      .image_id = action->image_id};
}

static int do_container_create(struct operation *operation, size_t at, struct err *err)
{
	struct supervisor *s = operation->supervisor;
	const struct action *action = action_at(operation, at);
	struct container_def def = action_def(operation, action);
	struct container_record record = {.index = action->index, .created_ns = realtime_ns()};
	struct unit *unit;
	int r;

	set_text(record.name, sizeof(record.name), action->target);
	set_text(record.service, sizeof(record.service), action->service->name);
	set_text(record.image_id, sizeof(record.image_id), action->image_id);
	set_text(record.config_hash, sizeof(record.config_hash), action->config_hash);
	set_text(record.live_hash, sizeof(record.live_hash), action->live_hash);
	record.image = strdup(action->service->image);
	r = s->driver.ops->container_create(s->driver.ctx, &def, &record, err);
	if (r < 0) {
		record_release(&record);
		return err_wrap(err, "container '%s'", action->target);
	}
	unit = unit_new(s, &record);
	emit_unit(unit, "created", NULL, -1);
	return 0;
}

static int do_container_update(struct operation *operation, size_t at, struct err *err)
{
	struct supervisor *s = operation->supervisor;
	const struct action *action = action_at(operation, at);
	struct container_def def = action_def(operation, action);
	struct unit *unit = unit_of(operation, at);
	int r;

	if (!unit)
		return err_set(err, ENOENT, "container '%s' is gone", action->target);
	r = s->driver.ops->container_update(s->driver.ctx, &def, &unit->record, err);
	if (r == 0 && unit->online)
		r = s->driver.ops->ports_reserve(s->driver.ctx, unit->service, &unit->record, err);
	if (r < 0)
		return err_wrap(err, "container '%s'", action->target);
	set_text(unit->record.live_hash, sizeof(unit->record.live_hash), action->live_hash);
	r = s->driver.ops->record_save(s->driver.ctx, &unit->record, err);
	if (r < 0)
		return r;
	publish_changed(s);
	unit_reload(unit);
	emit_unit(unit, "updated", NULL, -1);
	return 0;
}

static int do_container_start(struct operation *operation, size_t at, struct err *err)
{
	struct unit *unit = unit_of(operation, at);

	if (!unit)
		return err_set(err, ENOENT, "container '%s' is gone",
			       action_at(operation, at)->target);
	unit_start(unit, true);
	return 0;
}

static int do_container_stop(struct operation *operation, size_t at, struct err *err)
{
	struct unit *unit = unit_of(operation, at);

	(void)err;
	if (unit)
		unit_stop(unit, operation->options.grace_ms);
	return 0;
}

static int do_container_remove(struct operation *operation, size_t at, struct err *err)
{
	struct supervisor *s = operation->supervisor;
	const char *name = action_at(operation, at)->target;
	struct unit *unit = unit_of(operation, at);
	int r = s->driver.ops->container_remove(s->driver.ctx, name, err);

	for (char **v = unit ? unit->record.anonymous_volumes : NULL;
	     r == 0 && operation->options.remove_volumes && v && *v; v++)
		r = s->driver.ops->volume_remove(s->driver.ctx, *v, err);
	if (r < 0)
		return err_wrap(err, "container '%s'", name);
	if (unit) {
		emit_unit(unit, "removed", NULL, -1);
		unit_free(unit);
	}
	return 0;
}

static int do_await(struct operation *operation, size_t at, struct err *err)
{
	const struct action *action = action_at(operation, at);
	struct err ignored = ERR_INIT;

	(void)err;
	if (judge_action(operation, at, &ignored) == VERDICT_WAIT)
		emit(operation->supervisor, "service", action->target, action->target, "waiting",
		     action_type_name(action->type), -1);
	return 0;
}

static const doer doers[ACTION_TYPE_COUNT] = {
	[ACTION_NETWORK_CREATE] = do_network_create,
	[ACTION_VOLUME_CREATE] = do_volume_create,
	[ACTION_CONTAINER_CREATE] = do_container_create,
	[ACTION_CONTAINER_UPDATE] = do_container_update,
	[ACTION_CONTAINER_START] = do_container_start,
	[ACTION_CONTAINER_AWAIT_STARTED] = do_await,
	[ACTION_CONTAINER_AWAIT_HEALTHY] = do_await,
	[ACTION_CONTAINER_AWAIT_COMPLETED] = do_await,
	[ACTION_CONTAINER_STOP] = do_container_stop,
	[ACTION_CONTAINER_REMOVE] = do_container_remove,
	[ACTION_NETWORK_REMOVE] = do_network_remove,
	[ACTION_VOLUME_REMOVE] = do_volume_remove,
};

static void report_failure(struct operation *operation, size_t at, const char *message)
{
	const struct action *action = action_at(operation, at);

	emit(operation->supervisor, "container", action->target,
	     action->service ? action->service->name : NULL, "error", message, -1);
}

static void begin(void *ctx, struct apply *apply, size_t at)
{
	struct operation *operation = ctx;
	enum action_type type = action_at(operation, at)->type;
	struct err err = ERR_INIT;

	if (doers[type](operation, at, &err) < 0) {
		report_failure(operation, at, err.msg);
		apply_done(apply, at, &err);
	} else if (!judges[type]) {
		apply_done(apply, at, NULL);
	} else if (apply_is_running(apply, at)) {
		settle_action(operation, at);
	}
}

static void given_up(void *ctx, size_t at, const char *reason)
{
	struct operation *operation = ctx;
	const struct action *action = action_at(operation, at);

	if (action->type == ACTION_CONTAINER_START)
		report_failure(operation, at, reason);
}

/* --- beginning and end --- */

static size_t changes(const struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n_actions; i++)
		n += !is_await(plan->actions[i].type);
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
	timer_free(operation->limit);
	apply_free(operation->apply);
	free(operation);
}

/*
 * Nothing is left of the project but us.  Our names go before the client hears
 * that all is done, since the next `up` may come at once.
 */
static void take_down(struct supervisor *supervisor)
{
	struct driver *driver = &supervisor->driver;
	struct err err = ERR_INIT;

	supervisor->down = true;
	server_unlisten(supervisor->server);
	if (driver->ops->project_remove(driver->ctx, &err) < 0)
		log_warn("%s, ignoring", err.msg);
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
	supervisor->operation = NULL;
	if (operation->options.kind == OPERATION_DOWN && !failed)
		take_down(supervisor);
	answer(operation, failed, message);
	operation_free(operation);
	if (supervisor->down)
		uv_stop(supervisor->loop);
	else
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
	operation->apply = apply_new(plan, &ops, operation);
	supervisor->operation = operation;
	if (options->wait_timeout_ms > 0)
		timer_arm(operation->limit, options->wait_timeout_ms);
	apply_run(operation->apply);
}

void operation_unit_changed(struct supervisor *supervisor, struct unit *unit)
{
	struct operation *operation = supervisor->operation;

	(void)unit; /* the few actions under way are looked at in any case */
	if (!operation || operation->applied)
		return;
	for (size_t i = 0; i < apply_plan(operation->apply)->n_actions; i++) {
		if (!apply_is_running(operation->apply, i) ||
		    !judges[action_at(operation, i)->type])
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
