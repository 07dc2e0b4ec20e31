// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unit: one container under supervision
 *
 *	event (request, report of the shim, its end, timer)
 *	  → lifecycle_step(): next state and effect
 *	  → the effect, here
 *	  → unit_changed(): whoever waits for it goes on
 *
 * A start has three parts: the host ports are taken, the rules that lead to
 * them are committed together with those of all units that start in the same
 * turn of the loop (publish.c), the shim is spawned.  A restart finds the
 * first two done.
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

static int64_t step_ms(const struct unit *unit)
{
	uv_update_time(unit->supervisor->loop);
	return (int64_t)(uv_now(unit->supervisor->loop) - unit->step_started_ms);
}

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

static void effect_spawn(struct unit *unit)
{
	struct driver *driver = &unit->supervisor->driver;
	struct err err = ERR_INIT;

	unit->error[0] = '\0';
	unit->hook_error[0] = '\0';
	unit->step_started_ms = uv_now(unit->supervisor->loop);
	unit->spawn_began_us = uv_hrtime() / 1000;
	if (unit->record.unhealthy) {
		unit->record.unhealthy = false;
		unit_save(unit);
	}
	emit_unit(unit, unit->record.restarts ? "restarting" : "starting", NULL, -1);
	if (unit->service && !unit->online &&
	    driver->ops->ports_reserve(driver->ctx, unit->service, &unit->record, &err) < 0) {
		unit_fail(unit, err.msg);
		return;
	}
	if (!unit->online)
		unit_save(unit);
	unit_set_online(unit, true);
	if (publish_is_settled(unit->supervisor))
		process_spawn(unit);
	else
		unit->publish_generation = publish_changed(unit->supervisor);
}

void unit_published(struct unit *unit, const struct err *err)
{
	unit->publish_generation = 0;
	if (unit->state == UNIT_STOPPING) /* stopped while it waited: nothing runs */
		unit_event(unit, EVENT_FAILED);
	else if (unit->state == UNIT_STARTING && err)
		unit_fail(unit, err->msg);
	else if (unit->state == UNIT_STARTING)
		process_spawn(unit);
}

static int stop_signal(const struct unit *unit)
{
	int signo = -1;

	if (unit->stop_signal > 0)
		signo = unit->stop_signal;
	if (signo <= 0)
		signo = unit->image.stop_signal;
	return signo > 0 ? signo : SIGTERM;
}

static void effect_kill(struct unit *unit)
{
	struct driver *driver = &unit->supervisor->driver;
	struct err err = ERR_INIT;

	timer_disarm(unit->timer);
	drain_stop(unit);
	hooks_cancel(unit);
	/* Nothing was spawned yet: unit_published() ends it. */
	if (!unit->shim && !unit->has_process)
		return;
	if (driver->ops->container_kill(driver->ctx, unit->record.name, &err) < 0)
		log_warn("container '%s': %s", unit->record.name, err.msg);
}

void unit_send_stop(struct unit *unit)
{
	struct driver *driver = &unit->supervisor->driver;
	char name[SIGNAL_NAME_MAX], detail[160];
	struct err err = ERR_INIT;
	int signo = stop_signal(unit);
	int r = driver->ops->container_signal(driver->ctx, unit->record.name, signo, &err);

	if (r < 0 && r != -ESRCH)
		log_warn("container '%s': %s", unit->record.name, err.msg);
	if (r <= 0)
		return;
	signal_name(signo, name);
	snprintf(detail, sizeof(detail),
		 "its program does not handle %s and is killed in %.1f s; 'init: true' would end "
		 "it at once",
		 name, (double)unit->grace_ms / 1000);
	emit_unit(unit, "waiting", detail, -1);
}

static void effect_drain(struct unit *unit)
{
	unit->step_started_ms = uv_now(unit->supervisor->loop);
	emit_unit(unit, "draining", NULL, -1);
	timer_arm(unit->timer, unit->stop_grace_ms);
	unit_set_online(unit, false);
	drain_start(unit);
}

static void effect_term(struct unit *unit)
{
	unit->step_started_ms = uv_now(unit->supervisor->loop);
	emit_unit(unit, "stopping", NULL, -1);
	drain_stop(unit);
	health_stop(unit);
	timer_arm(unit->timer, unit->grace_ms);
	if (unit->grace_ms == 0 || stop_signal(unit) == SIGKILL)
		effect_kill(unit);
	else if (!hooks_start(unit, HOOK_PRE_STOP))
		unit_send_stop(unit);
}

static void effect_backoff(struct unit *unit)
{
	char detail[96];

	unit->backoff_ms = restart_delay(unit->service, unit->backoff_ms,
					 unit->has_exit ? unit->exit.ran_ms : 0);
	unit->again = false;
	unit->record.restarts++;
	unit->attempts++;
	unit_save(unit);
	health_stop(unit);
	hooks_cancel(unit);
	timer_arm(unit->timer, unit->backoff_ms);
	snprintf(detail, sizeof(detail), "exit status %d; starts again in %lld ms",
		 unit->has_exit ? unit->exit.code : -1, (long long)unit->backoff_ms);
	emit_unit(unit, "exited", unit->error[0] ? unit->error : detail, -1);
}

static void effect_hold(struct unit *unit)
{
	char why[160] = "";

	dependencies_met(unit, why, sizeof(why));
	emit_unit(unit, "waiting", why, -1);
}

static void effect_finish(struct unit *unit)
{
	struct driver *driver = &unit->supervisor->driver;
	char detail[96] = "";

	timer_disarm(unit->timer);
	drain_stop(unit);
	health_stop(unit);
	hooks_cancel(unit);
	driver->ops->ports_release(driver->ctx, unit->record.name);
	unit_set_online(unit, false);
	if (unit->error[0]) {
		emit_unit(unit, "error", unit->error, -1);
		return;
	}
	if (unit->has_exit)
		snprintf(detail, sizeof(detail), "exit status %d%s%s", unit->exit.code,
			 unit->exit.oom_killed ? ", killed for want of memory" : "",
			 unit->record.unhealthy ? ", stopped because it was unhealthy" : "");
	emit_unit(unit, unit->record.stopped ? "stopped" : "exited", detail,
		  unit->record.stopped ? step_ms(unit) : -1);
}

static void effect_ready(struct unit *unit)
{
	timer_disarm(unit->timer);
	if (unit->has_process)
		emit_unit(unit, "started", NULL, step_ms(unit));
	health_start(unit);
	if (unit->fresh)
		hooks_start(unit, HOOK_POST_START);
	unit->fresh = false;
}

static void (*const effects[])(struct unit *) = {
	[EFFECT_SPAWN] = effect_spawn, [EFFECT_READY] = effect_ready,
	[EFFECT_DRAIN] = effect_drain, [EFFECT_TERM] = effect_term,
	[EFFECT_KILL] = effect_kill,   [EFFECT_BACKOFF] = effect_backoff,
	[EFFECT_HOLD] = effect_hold,   [EFFECT_FINISH] = effect_finish,
};

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
		effects[step.effect](unit);
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
