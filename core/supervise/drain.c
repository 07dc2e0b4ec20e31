// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Drain: a container that gets no new connections ends its old ones
 *
 * The rules lead elsewhere since the last commit, but a connection keeps the
 * way it began on.  Which of them are left the kernel's connection tracking
 * knows; it is asked in growing intervals, in a thread, since its table may be
 * long.  How long all may take is the business of the unit's grace period.
 */
#include "core/supervise/internal.h"

#include "core/base/log.h"
#include "core/supervise/watch.h"

#include <stdlib.h>

#define FIRST_LOOK_MS 20
#define LAST_LOOK_MS  500

struct drain {
	struct unit *unit; /* NULL: nobody asks any more, only the thread is waited for */
	struct driver driver;
	struct timer *timer;
	int64_t delay_ms;
	uv_work_t work;
	bool working;
	void *query;
	size_t connections;
	struct err error;
};

/* In a thread of the pool: nothing but the driver and the query is touched. */
static void count(uv_work_t *work)
{
	struct drain *drain = work->data;

	drain->error = (struct err)ERR_INIT;
	drain->connections = 0;
	drain->driver.ops->connections_count(drain->driver.ctx, drain->query, &drain->connections,
					     &drain->error);
}

static void drain_free(struct drain *drain)
{
	timer_clear(&drain->timer);
	free(drain);
}

static void on_counted(uv_work_t *work, int status)
{
	struct drain *drain = work->data;

	(void)status; /* nobody cancels it */
	drain->working = false;
	if (!drain->unit) {
		drain_free(drain);
		return;
	}
	if (drain->error.code)
		log_warn("container '%s': %s, ignoring", drain->unit->record.name,
			 drain->error.msg);
	if (drain->connections == 0) {
		unit_event(drain->unit, EVENT_DRAINED);
		return;
	}
	drain->delay_ms = drain->delay_ms * 2 < LAST_LOOK_MS ? drain->delay_ms * 2 : LAST_LOOK_MS;
	timer_arm(drain->timer, drain->delay_ms);
}

static void on_look(void *data)
{
	struct drain *drain = data;
	struct supervisor *supervisor = drain->unit->supervisor;

	/* While the old rules are in force, new connections may still come. */
	if (!publish_is_settled(supervisor)) {
		timer_arm(drain->timer, FIRST_LOOK_MS);
		return;
	}
	drain->query =
		drain->driver.ops->connections_prepare(drain->driver.ctx, drain->unit->record.name);
	drain->working = true;
	drain->work.data = drain;
	uv_queue_work(supervisor->loop, &drain->work, count, on_counted);
}

void drain_start(struct unit *unit)
{
	struct drain *drain;

	if (unit->drain)
		return;
	drain = calloc(1, sizeof(*drain));
	if (!drain)
		abort();
	drain->unit = unit;
	drain->driver = unit->supervisor->driver;
	drain->delay_ms = FIRST_LOOK_MS;
	drain->timer = timer_new(unit->supervisor->loop, on_look, drain);
	timer_arm(drain->timer, FIRST_LOOK_MS);
	unit->drain = drain;
}

void drain_stop(struct unit *unit)
{
	struct drain *drain = unit->drain;

	if (!drain)
		return;
	unit->drain = NULL;
	drain->unit = NULL;
	if (drain->working)
		timer_clear(&drain->timer);
	else
		drain_free(drain);
}
