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
#include "core/supervise/health.h"

#include "core/base/arena.h"
#include "core/base/hash.h"
#include "core/base/log.h"
#include "core/supervise/watch.h"

#include <inttypes.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_INTERVAL_MS	  30000
#define DEFAULT_TIMEOUT_MS	  30000
#define DEFAULT_START_INTERVAL_MS 5000
#define DEFAULT_RETRIES		  3
#define FIRST_LOOK_MS		  20

static const struct prober *const probers[PROBE_KIND_COUNT] = {
	[PROBE_EXEC] = &probe_exec, [PROBE_HTTP] = &probe_http,	    [PROBE_TCP] = &probe_tcp,
	[PROBE_LOG] = &probe_log,   [PROBE_NOTIFY] = &probe_notify,
};

static const struct prober *prober_of(const struct health *health)
{
	return probers[health->probe.kind];
}

struct healthcheck health_effective(const struct service *service, const struct image_info *image)
{
	struct healthcheck check = service->healthcheck;
	const struct healthcheck *from = &image->healthcheck;
	bool native = service->probe.kind != PROBE_EXEC;

	if (check.is_set && check.disable)
		return (struct healthcheck){.is_set = false};
	if (!check.is_set)
		check = *from;
	else if (!check.test.is_set)
		check.test = from->test;
	if (!check.is_set && native)
		check = (struct healthcheck){true, false, {NULL, 0, false}, -1, -1, -1, -1, -1};
	if (!native && (!check.is_set || !check.test.is_set || check.test.n == 0))
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

/* It is unhealthy, and not left so. */
static bool is_to_heal(const struct health *health)
{
	const struct service *service = health->unit->service;

	return health->state == HEALTH_UNHEALTHY && service &&
	       service->on_unhealthy != ON_UNHEALTHY_NONE;
}

static void arm_next(struct health *health)
{
	const struct healthcheck *check = &health->check;
	int64_t delay = check->interval_ms;

	if (health->state == HEALTH_HEALTHY && prober_of(health)->once) {
		timer_disarm(health->timer);
		return;
	}
	if (is_to_heal(health)) {
		delay = 0;
	} else if (health->state == HEALTH_STARTING && is_early(health)) {
		health->early_ms = health->early_ms ? health->early_ms * 2 : FIRST_LOOK_MS;
		delay = health->early_ms < delay ? health->early_ms : delay;
	} else if (health->state == HEALTH_STARTING && age_ms(health) < check->start_period_ms) {
		delay = check->start_interval_ms;
	}
	timer_arm(health->timer, delay);
}

static void tell(struct health *health, enum health_state before)
{
	struct unit *unit = health->unit;
	bool good = health->state == HEALTH_HEALTHY;

	if (good && before == HEALTH_STARTING)
		unit->timing.ready_us = age_ms(health) * 1000;
	emit_unit(unit, good ? "healthy" : "unhealthy", good ? NULL : health->last, age_ms(health));
	unit_changed(unit);
}

void health_answer(struct health *health, bool good, const char *why)
{
	enum health_state before = health->state;
	bool excused = before == HEALTH_STARTING &&
		       (is_early(health) || age_ms(health) < health->check.start_period_ms);

	if (!good && health->disturbed) {
		arm_next(health);
		return;
	}
	snprintf(health->last, sizeof(health->last), "%s", why ? why : "");
	if (!good)
		log_debug("container '%s': health: %s", health->unit->record.name, health->last);
	if (good) {
		health->failures = 0;
		health->state = HEALTH_HEALTHY;
	} else if (!excused && ++health->failures >= health->check.retries) {
		health->state = HEALTH_UNHEALTHY;
	}
	arm_next(health);
	/* Last, since whoever hears of it may end the unit and this with it. */
	if (health->state != before)
		tell(health, before);
}

/* Those who wait were told in the turn of the loop before. */
static void on_look(void *data)
{
	struct health *health = data;

	health->disturbed = false;
	if (is_to_heal(health))
		unit_heal(health->unit);
	else if (health->unit->paused)
		arm_next(health);
	else
		prober_of(health)->look(health->probing);
}

void health_disturb(struct unit *unit)
{
	if (unit->health)
		unit->health->disturbed = true;
}

static void run_hash(const struct health *health, char ret_hash[17])
{
	const struct health_probe *probe = &health->probe;
	char run[32];

	snprintf(run, sizeof(run), "%" PRIu64, health->unit->process.started_ns);
	hash_name(ret_hash, 16, run, probe->kind == PROBE_LOG ? probe->log : "notify", NULL);
}

bool health_has_come(const struct health *health)
{
	char hash[17];

	run_hash(health, hash);
	return strcmp(health->unit->record.ready, hash) == 0;
}

void health_came(struct health *health)
{
	if (health_has_come(health))
		return;
	run_hash(health, health->unit->record.ready);
	unit_save(health->unit);
}

static struct health_probe copy_probe(struct arena *arena, const struct health_probe *from)
{
	struct health_probe copy = *from;
	struct key_value *headers = ARENA_ARRAY(arena, struct key_value, from->http.headers.n + 1);

	for (size_t i = 0; i < from->http.headers.n; i++)
		headers[i] =
			(struct key_value){arena_strdup(arena, from->http.headers.items[i].key),
					   arena_strdup(arena, from->http.headers.items[i].value)};
	copy.http.headers.items = headers;
	copy.http.path = arena_strdup(arena, from->http.path);
	copy.log = arena_strdup(arena, from->log);
	return copy;
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
	health->probe = copy_probe(health->arena, &unit->service->probe);
	health->timer = timer_new(unit->supervisor->loop, on_look, health);
	health->started_ms = uv_now(unit->supervisor->loop);
	unit->health = health;
	health->probing = prober_of(health)->open(health);
	arm_next(health);
}

void health_stop(struct unit *unit)
{
	struct health *health = unit->health;

	if (!health)
		return;
	unit->health = NULL;
	timer_free(health->timer);
	prober_of(health)->close(health->probing);
	arena_free(health->arena);
	free(health);
}

const char *health_status(const struct unit *unit)
{
	static const char *const names[] = {"starting", "healthy", "unhealthy"};

	return unit->health ? names[unit->health->state] : "";
}
