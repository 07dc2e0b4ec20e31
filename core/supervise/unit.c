// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unit: one container under supervision
 *
 *	event (request, report of the shim, its end, timer)
 *	  → lifecycle_step(): next state and effect
 *	  → unit_effect() in effect.c
 *	  → unit_changed(): whoever waits for it goes on
 */
#include "core/supervise/internal.h"

#include "core/base/arena.h"
#include "core/base/log.h"
#include "core/container/signals.h"
#include "core/supervise/restart.h"
#include "core/supervise/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_GRACE_MS 10000

void unit_save(struct unit *unit)
{
	struct driver *driver = &unit->supervisor->driver;
	struct err err = ERR_INIT;

	/* What is lost then is a count or a mark, not the container. */
	if (driver->ops->record_save(driver->ctx, &unit->record, &err) < 0)
		log_warn("%s, ignoring", err.msg);
}

void unit_set_online(struct unit *unit, bool online)
{
	if (unit->online == online)
		return;
	unit->online = online;
	publish_changed(unit->supervisor);
}

void unit_fail(struct unit *unit, const char *message)
{
	snprintf(unit->error, sizeof(unit->error), "%s", message);
	/* What ran once and is to be restarted is tried again; a first start is the user's. */
	if (unit->state == UNIT_STARTING && unit->record.restarts > 0 && unit->service &&
	    restart_wanted(unit->service, 125, unit->attempts))
		unit_event(unit, EVENT_DIED_RETRY);
	else
		unit_event(unit, EVENT_FAILED);
}

void unit_event(struct unit *unit, enum unit_event event)
{
	struct unit_step step = lifecycle_step(unit->state, event);

	if (step.effect == EFFECT_UNEXPECTED) {
		log_error("container '%s': unexpected event '%s' while %s; please report this",
			  unit->record.name, unit_event_name(event), unit_state_name(unit->state));
		return;
	}
	log_debug("container '%s': %s, %s → %s", unit->record.name, unit_event_name(event),
		  unit_state_name(unit->state), unit_state_name(step.next));
	unit->state = step.next;
	if (step.effect != EFFECT_NONE)
		unit_effect(unit, step.effect);
	unit_changed(unit);
}

void unit_changed(struct unit *unit)
{
	struct supervisor *supervisor = unit->supervisor;

	publish_fitness(unit);
	dependencies_changed(supervisor);
	/* Last: it may be the end of the unit. */
	operation_unit_changed(supervisor);
}

static void on_timer(void *data)
{
	struct unit *unit = data;
	char why[160];

	if (unit->state == UNIT_RESTARTING && !dependencies_met(unit, why, sizeof(why)))
		unit_event(unit, EVENT_HOLD);
	else
		unit_event(unit, EVENT_TIMER);
}

struct unit *unit_find(const struct supervisor *supervisor, const char *name)
{
	struct unit *unit = supervisor->units;

	while (unit && strcmp(unit->record.name, name) != 0)
		unit = unit->next;
	return unit;
}

static const struct service *service_for(const struct supervisor *supervisor, const char *name)
{
	return supervisor->project ? project_service(supervisor->project, name) : NULL;
}

static void attach(struct unit *unit)
{
	const struct service *service = service_for(unit->supervisor, unit->record.service);

	unit->service = service;
	if (!service)
		return;
	unit->stop_signal = service->stop_signal ? signal_parse(service->stop_signal) : 0;
	unit->stop_grace_ms = service->stop_grace_period_ms;
}

struct unit *unit_new(struct supervisor *supervisor, struct container_record *record)
{
	struct driver *driver = &supervisor->driver;
	struct unit *unit = calloc(1, sizeof(*unit));
	struct unit **last = &supervisor->units;

	if (!unit)
		abort();
	unit->supervisor = supervisor;
	unit->record = *record;
	*record = (struct container_record){.index = 0};
	unit->stop_grace_ms = DEFAULT_GRACE_MS;
	attach(unit);
	unit->state = UNIT_CREATED;
	unit->timer = timer_new(supervisor->loop, on_timer, unit);
	unit->image_arena = arena_new();
	/* An image that is gone meanwhile costs its stop signal and its health check. */
	if (driver->ops->image_info(driver->ctx, unit->record.image_id, unit->image_arena,
				    &unit->image, NULL) < 0)
		unit->image = (struct image_info){.stop_signal = 0};
	while (*last)
		last = &(*last)->next;
	*last = unit;
	return unit;
}

void unit_free(struct unit *unit)
{
	struct unit **at = &unit->supervisor->units;

	while (*at != unit)
		at = &(*at)->next;
	*at = unit->next;
	pause_end(unit);
	drain_stop(unit);
	health_stop(unit);
	hooks_cancel(unit);
	notify_close(unit);
	watch_free(unit->report);
	watch_free(unit->shim);
	timer_free(unit->arrival);
	timer_free(unit->timer);
	arena_free(unit->image_arena);
	record_release(&unit->record);
	free(unit);
}

void units_attach(struct supervisor *supervisor)
{
	for (struct unit *unit = supervisor->units; unit; unit = unit->next)
		attach(unit);
}

void unit_start(struct unit *unit, bool by_hand)
{
	if (by_hand) {
		unit->record.stopped = false;
		unit->record.restarts = 0;
		unit->attempts = 0;
		unit->backoff_ms = 0;
		unit_save(unit);
	}
	unit_event(unit, EVENT_START);
}

void unit_stop(struct unit *unit, int64_t grace_ms)
{
	if (grace_ms < 0)
		grace_ms = unit->stop_grace_ms;
	unit->grace_ms = grace_ms;
	unit->again = false;
	unit->record.stopped = true;
	unit_save(unit);
	unit_event(unit, EVENT_STOP);
}

void unit_restart(struct unit *unit, const char *reason)
{
	if (unit->state != UNIT_RUNNING)
		return;
	emit_unit(unit, "restart", reason, -1);
	unit->again = true;
	unit->grace_ms = unit->stop_grace_ms;
	unit_event(unit, EVENT_STOP);
}

void unit_retire(struct unit *unit)
{
	unit->again = false;
	unit->grace_ms = unit->stop_grace_ms;
	unit->record.stopped = true;
	unit_save(unit);
	unit_event(unit, EVENT_RETIRE);
}

void unit_heal(struct unit *unit)
{
	unit->grace_ms = unit->stop_grace_ms;
	unit->record.unhealthy = true;
	unit_save(unit);
	unit_event(unit, EVENT_UNHEALTHY);
}

int unit_kill(struct unit *unit, int signo, struct err *err)
{
	struct driver *driver = &unit->supervisor->driver;

	int r;

	if (signo != SIGKILL) {
		r = driver->ops->container_signal(driver->ctx, unit->record.name, signo, err);
		return r < 0 ? r : 0;
	}
	unit->again = false;
	unit->record.stopped = true;
	unit_save(unit);
	unit_event(unit, EVENT_KILL);
	return 0;
}

void unit_reload(struct unit *unit)
{
	health_stop(unit);
	if (unit->state == UNIT_RUNNING)
		health_start(unit);
}

bool unit_meets(const struct unit *unit, enum depends_condition condition)
{
	bool done = unit->state == UNIT_EXITED && unit->has_exit && unit->exit.code == 0 &&
		    !unit->error[0];

	switch (condition) {
	case DEPENDS_COMPLETED:
		return done;
	case DEPENDS_HEALTHY:
		if (unit_has_healthcheck(unit))
			return unit->state == UNIT_RUNNING && unit_is_healthy(unit);
		break;
	case DEPENDS_STARTED:
		break;
	}
	return done || unit->state == UNIT_RUNNING || unit->state == UNIT_DRAINING;
}

bool unit_has_healthcheck(const struct unit *unit)
{
	return unit->service && health_effective(unit->service, &unit->image).is_set;
}

bool unit_is_healthy(const struct unit *unit)
{
	return strcmp(health_status(unit), "healthy") == 0;
}
