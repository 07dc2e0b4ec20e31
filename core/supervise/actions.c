// SPDX-License-Identifier: GPL-2.0-or-later
/* Actions: what each kind of them is. */
#include "core/supervise/rollout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef int (*doer)(struct operation *operation, size_t at, struct err *err);

static int do_network_create(struct operation *operation, size_t at, struct err *err)
{
	struct supervisor *s = operation->supervisor;
	const struct network *network =
		project_network(s->project, operation_action(operation, at)->target);
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
	const char *key = operation_action(operation, at)->target;
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
	const struct volume *volume =
		project_volume(s->project, operation_action(operation, at)->target);
	int r = s->driver.ops->volume_create(s->driver.ctx, volume, err);

	if (r < 0)
		return err_wrap(err, "volume '%s'", volume->key);
	emit(s, "volume", volume->name, NULL, "created", NULL, -1);
	return 0;
}

static int do_volume_remove(struct operation *operation, size_t at, struct err *err)
{
	struct supervisor *s = operation->supervisor;
	const char *name = operation_action(operation, at)->target;
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

/* The ports that were chosen for the one it replaces are chosen again. */
static void keep_ports(struct container_record *record, const struct unit *before)
{
	if (!before || before->record.n_ports == 0)
		return;
	record->ports = calloc(before->record.n_ports, sizeof(*record->ports));
	if (!record->ports)
		abort();
	memcpy(record->ports, before->record.ports,
	       before->record.n_ports * sizeof(*record->ports));
	record->n_ports = before->record.n_ports;
}

int container_make(struct operation *operation, const struct action *action, bool candidate,
		   struct err *err)
{
	struct supervisor *s = operation->supervisor;
	struct container_def def = action_def(operation, action);
	struct make_timing timing = {.network_us = 0};
	struct container_record record = {
		.index = action->index, .created_ns = realtime_ns(), .candidate = candidate};
	struct unit *unit;
	int r;

	set_text(record.name, sizeof(record.name), action->target);
	set_text(record.service, sizeof(record.service), action->service->name);
	set_text(record.image_id, sizeof(record.image_id), action->image_id);
	set_text(record.config_hash, sizeof(record.config_hash), action->config_hash);
	set_text(record.live_hash, sizeof(record.live_hash), action->live_hash);
	record.image = strdup(service_image(action->service));
	if (candidate)
		keep_ports(&record, unit_find(s, action->replaces));
	def.timing = &timing;
	r = s->driver.ops->container_create(s->driver.ctx, &def, &record, err);
	if (r < 0) {
		record_release(&record);
		return err_wrap(err, "container '%s'", action->target);
	}
	unit = unit_new(s, &record);
	unit->timing.made = timing;
	emit_unit(unit, "created", NULL, -1);
	return 0;
}

static int do_container_create(struct operation *operation, size_t at, struct err *err)
{
	return container_make(operation, operation_action(operation, at), false, err);
}

static int do_container_replace(struct operation *operation, size_t at, struct err *err)
{
	(void)err;
	operation->rollouts[at] = rollout_new(operation, at);
	return 0;
}

static int do_container_update(struct operation *operation, size_t at, struct err *err)
{
	struct supervisor *s = operation->supervisor;
	const struct action *action = operation_action(operation, at);
	struct container_def def = action_def(operation, action);
	struct unit *unit = operation_unit(operation, at);
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

/* What START number AT waited for, and how long. */
static void note_wait(const struct operation *operation, size_t at, struct start_timing *timing)
{
	const struct action *start = operation_action(operation, at);
	const struct plan *plan = apply_plan(operation->apply);
	uint64_t now = uv_now(operation->supervisor->loop);
	size_t len = 0;

	timing->waited_us = 0;
	timing->waited_for[0] = '\0';
	for (size_t i = 0; i < start->n_after; i++) {
		const struct action *earlier = &plan->actions[start->after[i]];

		if (!action_is_await(earlier->type) || len >= sizeof(timing->waited_for))
			continue;
		len += (size_t)snprintf(timing->waited_for + len, sizeof(timing->waited_for) - len,
					"%s%s (%s)", len ? ", " : "", earlier->target,
					action_type_name(earlier->type));
		timing->waited_us = (int64_t)(now - operation->began_ms) * 1000;
	}
}

static int do_container_start(struct operation *operation, size_t at, struct err *err)
{
	struct unit *unit = operation_unit(operation, at);

	if (!unit)
		return err_set(err, ENOENT, "container '%s' is gone",
			       operation_action(operation, at)->target);
	note_wait(operation, at, &unit->timing);
	unit_start(unit, true);
	return 0;
}

static int do_container_stop(struct operation *operation, size_t at, struct err *err)
{
	struct unit *unit = operation_unit(operation, at);

	(void)err;
	if (unit && operation_action(operation, at)->drain)
		unit_retire(unit);
	else if (unit)
		unit_stop(unit, operation->options.grace_ms);
	return 0;
}

int container_discard(struct operation *operation, const char *name, struct err *err)
{
	struct supervisor *s = operation->supervisor;
	struct unit *unit = unit_find(s, name);
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

static int do_container_remove(struct operation *operation, size_t at, struct err *err)
{
	return container_discard(operation, operation_action(operation, at)->target, err);
}

static int do_await(struct operation *operation, size_t at, struct err *err)
{
	const struct action *action = operation_action(operation, at);
	struct err ignored = ERR_INIT;

	(void)err;
	if (verdict_of(operation, at, &ignored) == VERDICT_WAIT)
		emit(operation->supervisor, "service", action->target, action->target, "waiting",
		     action_type_name(action->type), -1);
	return 0;
}

static const doer doers[ACTION_TYPE_COUNT] = {
	[ACTION_NETWORK_CREATE] = do_network_create,
	[ACTION_VOLUME_CREATE] = do_volume_create,
	[ACTION_CONTAINER_CREATE] = do_container_create,
	[ACTION_CONTAINER_UPDATE] = do_container_update,
	[ACTION_CONTAINER_REPLACE] = do_container_replace,
	[ACTION_CONTAINER_START] = do_container_start,
	[ACTION_CONTAINER_AWAIT_STARTED] = do_await,
	[ACTION_CONTAINER_AWAIT_HEALTHY] = do_await,
	[ACTION_CONTAINER_AWAIT_COMPLETED] = do_await,
	[ACTION_CONTAINER_STOP] = do_container_stop,
	[ACTION_CONTAINER_REMOVE] = do_container_remove,
	[ACTION_NETWORK_REMOVE] = do_network_remove,
	[ACTION_VOLUME_REMOVE] = do_volume_remove,
};

int action_do(struct operation *operation, size_t at, struct err *err)
{
	return doers[operation_action(operation, at)->type](operation, at, err);
}
