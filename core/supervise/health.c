// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Health: docker's health check, with an answer as early as there is one
 *
 * As in docker, `retries` failures in a row make a container unhealthy, one
 * success makes it healthy, and failures within the start period do not count.
 * Docker waits a whole interval before it looks for the first time; we look at
 * once and then in growing steps until that first interval is over, and count
 * only successes until then.  So "unhealthy" comes when docker would say it,
 * and "healthy" as soon as it is true.  (moby, daemon/health.go; the Compose
 * Specification, healthcheck.)
 */
#include "core/supervise/internal.h"

#include "core/base/arena.h"
#include "core/base/log.h"
#include "core/supervise/run.h"
#include "core/supervise/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_INTERVAL_MS	  30000
#define DEFAULT_TIMEOUT_MS	  30000
#define DEFAULT_START_INTERVAL_MS 5000
#define DEFAULT_RETRIES		  3
#define FIRST_LOOK_MS		  20

enum health_state { HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY };

struct health {
	struct unit *unit;
	struct healthcheck check; /* its strings are in the arena: projects come and go */
	struct arena *arena;
	enum health_state state;
	struct timer *timer;
	struct run *probe;   /* that is under way */
	char last[256];	     /* the end of what the last one printed */
	int64_t failures;    /* in a row, those that count */
	int64_t early_ms;    /* the next early look; 0: that time is over */
	uint64_t started_ms; /* loop time */
};

struct healthcheck health_effective(const struct service *service, const struct image_info *image)
{
	struct healthcheck check = service->healthcheck;
	const struct healthcheck *from = &image->healthcheck;

	if (check.is_set && check.disable)
		return (struct healthcheck){.is_set = false};
	if (!check.is_set)
		check = *from;
	else if (!check.test.is_set)
		check.test = from->test;
	if (!check.is_set || !check.test.is_set || check.test.n == 0)
		return (struct healthcheck){.is_set = false};
#define FILL(field, fallback)                                                                      \
	do {                                                                                       \
		if (check.field < 0)                                                               \
			check.field = from->is_set ? from->field : -1;                             \
		if (check.field < 0)                                                               \
			check.field = (fallback);                                                  \
	} while (0)
	FILL(interval_ms, DEFAULT_INTERVAL_MS);
	FILL(timeout_ms, DEFAULT_TIMEOUT_MS);
	FILL(start_period_ms, 0);
	FILL(start_interval_ms, DEFAULT_START_INTERVAL_MS);
	FILL(retries, DEFAULT_RETRIES);
#undef FILL
	/* docker: 0 means the default. */
	check.interval_ms = check.interval_ms ? check.interval_ms : DEFAULT_INTERVAL_MS;
	check.timeout_ms = check.timeout_ms ? check.timeout_ms : DEFAULT_TIMEOUT_MS;
	check.retries = check.retries ? check.retries : DEFAULT_RETRIES;
	return check;
}

static int64_t age_ms(const struct health *health)
{
	uv_loop_t *loop = health->unit->supervisor->loop;

	uv_update_time(loop);
	return (int64_t)(uv_now(loop) - health->started_ms);
}

/* Docker would not have looked before: failures until then are no failures. */
static bool is_early(const struct health *health)
{
	const struct healthcheck *check = &health->check;
	int64_t first = check->start_period_ms > 0 ? check->start_interval_ms : check->interval_ms;

	return age_ms(health) < first;
}

static void arm_next(struct health *health)
{
	const struct healthcheck *check = &health->check;
	int64_t delay = check->interval_ms;

	if (health->state == HEALTH_STARTING && is_early(health)) {
		health->early_ms = health->early_ms ? health->early_ms * 2 : FIRST_LOOK_MS;
		delay = health->early_ms < delay ? health->early_ms : delay;
	} else if (health->state == HEALTH_STARTING && age_ms(health) < check->start_period_ms) {
		delay = check->start_interval_ms;
	}
	timer_arm(health->timer, delay);
}

static void set_state(struct health *health, enum health_state state)
{
	struct unit *unit = health->unit;

	if (health->state == state)
		return;
	if (health->state == HEALTH_STARTING && state == HEALTH_HEALTHY)
		unit->timing.ready_us = age_ms(health) * 1000;
	health->state = state;
	emit_unit(unit, state == HEALTH_HEALTHY ? "healthy" : "unhealthy",
		  state == HEALTH_HEALTHY ? NULL : health->last, age_ms(health));
	unit_changed(unit);
}

static void probe_result(struct health *health, bool good)
{
	const struct healthcheck *check = &health->check;
	bool excused = health->state == HEALTH_STARTING &&
		       (is_early(health) || age_ms(health) < check->start_period_ms);

	if (good)
		health->failures = 0;
	else if (!excused)
		health->failures++;
	arm_next(health);
	/* Last, since whoever hears of it may end the unit and this with it. */
	if (good)
		set_state(health, HEALTH_HEALTHY);
	else if (health->failures >= check->retries)
		set_state(health, HEALTH_UNHEALTHY);
}

static void on_probe_end(void *data, const struct run_result *result)
{
	struct health *health = data;

	health->probe = NULL;
	snprintf(health->last, sizeof(health->last), "%s", result->last);
	probe_result(health, result->code == 0);
}

static void on_look(void *data)
{
	struct health *health = data;
	const struct probe probe = {.argv = health->check.test.items,
				    .timeout_ms = health->check.timeout_ms};
	struct err err = ERR_INIT;

	health->probe = run_start(health->unit, &probe, on_probe_end, health, &err);
	if (health->probe)
		return;
	log_debug("container '%s': health probe: %s", health->unit->record.name, err.msg);
	snprintf(health->last, sizeof(health->last), "%.*s", (int)sizeof(health->last) - 1,
		 err.msg);
	probe_result(health, false);
}

void health_start(struct unit *unit)
{
	struct health *health;
	struct healthcheck check;

	if (unit->health || !unit->service)
		return;
	check = health_effective(unit->service, &unit->image);
	if (!check.is_set)
		return;
	health = calloc(1, sizeof(*health));
	if (!health)
		abort();
	health->unit = unit;
	health->check = check;
	health->arena = arena_new();
	health->check.test = strings_copy(health->arena, &check.test);
	health->timer = timer_new(unit->supervisor->loop, on_look, health);
	health->started_ms = uv_now(unit->supervisor->loop);
	unit->health = health;
	arm_next(health);
}

void health_stop(struct unit *unit)
{
	struct health *health = unit->health;

	if (!health)
		return;
	unit->health = NULL;
	timer_free(health->timer);
	run_free(health->probe);
	arena_free(health->arena);
	free(health);
}

const char *health_status(const struct unit *unit)
{
	static const char *const names[] = {"starting", "healthy", "unhealthy"};

	return unit->health ? names[unit->health->state] : "";
}
