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
#include "core/base/strbuf.h"
#include "core/supervise/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_INTERVAL_MS	  30000
#define DEFAULT_TIMEOUT_MS	  30000
#define DEFAULT_START_INTERVAL_MS 5000
#define DEFAULT_RETRIES		  3
#define FIRST_LOOK_MS		  20
#define OUTPUT_MAX		  4096 /* of one probe, as docker keeps */

enum health_state { HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY };

struct health {
	struct unit *unit;
	struct healthcheck check; /* its strings are in the arena: projects come and go */
	struct arena *arena;
	enum health_state state;
	struct timer *timer;
	struct watch *probe, *output;
	struct strbuf text;  /* what the probe that runs has printed */
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
	health->state = state;
	emit_unit(unit, state == HEALTH_HEALTHY ? "healthy" : "unhealthy",
		  state == HEALTH_HEALTHY ? NULL : health->last, age_ms(health));
	operation_unit_changed(unit->supervisor, unit);
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

static void on_output(void *data)
{
	struct health *health = data;
	char buffer[1024];
	ssize_t n = read(watch_fd(health->output), buffer, sizeof(buffer));

	if (n > 0 && health->text.len < OUTPUT_MAX)
		strbuf_add(&health->text, buffer, (size_t)n);
	if (n == 0)
		watch_clear(&health->output);
}

static void keep_last_output(struct health *health)
{
	size_t len, from;

	while (health->output && health->text.len < OUTPUT_MAX) {
		size_t before = health->text.len;

		on_output(health);
		if (health->text.len == before)
			break;
	}
	watch_clear(&health->output);
	len = health->text.len;
	while (len > 0 && strchr(" \n\r\t", health->text.text[len - 1]))
		len--;
	from = len > sizeof(health->last) - 1 ? len - (sizeof(health->last) - 1) : 0;
	memcpy(health->last, health->text.text + from, len - from);
	health->last[len - from] = '\0';
	strbuf_reset(&health->text);
}

static void on_probe_end(void *data)
{
	struct health *health = data;
	siginfo_t info = {.si_code = 0};
	bool good;

	if (waitid(P_PIDFD, (id_t)watch_fd(health->probe), &info, WEXITED | WNOHANG) < 0)
		log_debug("health probe: %s", strerror(errno));
	watch_clear(&health->probe);
	keep_last_output(health);
	good = info.si_code == CLD_EXITED && info.si_status == 0;
	probe_result(health, good);
}

static void on_look(void *data)
{
	struct health *health = data;
	struct driver *driver = &health->unit->supervisor->driver;
	uv_loop_t *loop = health->unit->supervisor->loop;
	struct err err = ERR_INIT;
	int pidfd = -1, output = -1;

	if (driver->ops->probe_start(driver->ctx, health->unit->record.name,
				     health->check.test.items, health->check.timeout_ms, &pidfd,
				     &output, &err) < 0) {
		log_debug("container '%s': health probe: %s", health->unit->record.name, err.msg);
		snprintf(health->last, sizeof(health->last), "%.*s", (int)sizeof(health->last) - 1,
			 err.msg);
		probe_result(health, false);
		return;
	}
	health->output = watch_new(loop, output, on_output, health);
	health->probe = watch_new(loop, pidfd, on_probe_end, health);
}

static struct strings copy_strings(struct arena *arena, const struct strings *from)
{
	struct strings copy = {.items = ARENA_ARRAY(arena, const char *, from->n + 1),
			       .n = from->n,
			       .is_set = from->is_set};

	for (size_t i = 0; i < from->n; i++)
		copy.items[i] = arena_strdup(arena, from->items[i]);
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
	health->check.test = copy_strings(health->arena, &check.test);
	health->text = (struct strbuf)STRBUF_INIT;
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
	/* A probe that runs ends by its own time limit, or with the container. */
	watch_free(health->probe);
	watch_free(health->output);
	strbuf_release(&health->text);
	arena_free(health->arena);
	free(health);
}

const char *health_status(const struct unit *unit)
{
	static const char *const names[] = {"starting", "healthy", "unhealthy"};

	return unit->health ? names[unit->health->state] : "";
}
