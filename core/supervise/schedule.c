// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Schedule: containers that are started again and again, by the clock
 *
 * At each minute of the local time those are started whose schedule has it and
 * that rest; one that still runs is left alone, and told as skipped.  We look at
 * the clock at least once a minute and never count on how long we slept: minutes
 * that were left out, by a suspended host or a clock set forward, are not made up
 * for, and none is taken twice when it is set back.
 */
#include "core/supervise/internal.h"

#include "core/base/cron.h"
#include "core/supervise/watch.h"

#include <stdlib.h>
#include <time.h>

struct scheduler {
	struct supervisor *supervisor;
	struct timer *timer;
	time_t minute; /* the last one that was looked at, since 1970 */
};

static bool is_due(const struct unit *unit, const struct tm *local)
{
	struct cron cron;

	return unit->service && unit->service->schedule && !unit->record.stopped &&
	       cron_parse(unit->service->schedule, &cron, NULL) == 0 && cron_matches(&cron, local);
}

/* A start may end any unit: after one of them, all is looked at anew. */
static bool start_one(struct supervisor *supervisor, time_t minute, const struct tm *local)
{
	for (struct unit *unit = supervisor->units; unit; unit = unit->next) {
		if (unit->scheduled == minute || !is_due(unit, local))
			continue;
		unit->scheduled = minute;
		if (unit->state == UNIT_CREATED || unit->state == UNIT_EXITED) {
			unit_start(unit, true);
			return true;
		}
		emit_unit(unit, "skipped", "it still runs", -1);
	}
	return false;
}

static void look(struct scheduler *scheduler, time_t minute)
{
	time_t seconds = minute * 60;
	struct tm local;

	if (!localtime_r(&seconds, &local))
		return;
	while (start_one(scheduler->supervisor, minute, &local))
		;
}

static void on_timer(void *data)
{
	struct scheduler *scheduler = data;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	/* A little behind the minute, so as never to be early. */
	timer_arm(scheduler->timer, (60 - now.tv_sec % 60) * 1000 - now.tv_nsec / 1000000 + 5);
	if (now.tv_sec / 60 > scheduler->minute || now.tv_sec / 60 < scheduler->minute - 24 * 60) {
		scheduler->minute = now.tv_sec / 60;
		look(scheduler, scheduler->minute);
	}
}

void schedule_start(struct supervisor *supervisor)
{
	struct scheduler *scheduler = calloc(1, sizeof(*scheduler));

	if (!scheduler)
		abort();
	scheduler->supervisor = supervisor;
	/* The minute that began before us was the last supervisor's, or nobody's. */
	scheduler->minute = time(NULL) / 60;
	scheduler->timer = timer_new(supervisor->loop, on_timer, scheduler);
	supervisor->scheduler = scheduler;
	timer_arm(scheduler->timer, 0);
}

void schedule_stop(struct supervisor *supervisor)
{
	if (!supervisor->scheduler)
		return;
	timer_free(supervisor->scheduler->timer);
	free(supervisor->scheduler);
	supervisor->scheduler = NULL;
}
