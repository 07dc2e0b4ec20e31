// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Effects: what the lifecycle's table says is to be done to a unit
 *
 * A start has three parts: the host ports are taken, the rules that lead to
 * them are committed together with those of all units that start in the same
 * turn of the loop (publish.c), the shim is spawned.  A restart finds the
 * first two done.
 */
#include "core/supervise/internal.h"

#include "core/base/log.h"
#include "core/container/signals.h"
#include "core/supervise/restart.h"
#include "core/supervise/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

static int64_t step_ms(const struct unit *unit)
{
	uv_update_time(unit->supervisor->loop);
	return (int64_t)(uv_now(unit->supervisor->loop) - unit->step_started_ms);
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

void unit_effect(struct unit *unit, enum unit_effect effect)
{
	pause_end(unit);
	effects[effect](unit);
}
