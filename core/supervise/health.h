// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_HEALTH_H
#define STACK_CORE_SUPERVISE_HEALTH_H

#include "core/supervise/internal.h"

/*
 * What health.c and the probes share
 *
 * health.c decides when to look and what the answers mean; a probe knows how
 * to look.  There is one for each kind, in a table.  Every look is answered
 * once by health_answer(), at once or later.
 *
 * Some probes wait for a thing that comes once in a run of the container, a
 * line of its log or its word: they answer as soon as it has come, asked or
 * not, and are not asked again.  That it has come is kept in the container's
 * record, as a hash of the run and of what was waited for, so that the next
 * supervisor knows.
 */
enum health_state { HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY };

struct health {
	struct unit *unit;
	struct healthcheck check; /* strings of this and of `probe` are in the arena … */
	struct health_probe probe;
	struct arena *arena; /* … for projects come and go */
	enum health_state state;
	struct timer *timer;
	void *probing;	     /* the probe's own */
	char last[256];	     /* why the last look was bad */
	int64_t failures;    /* in a row, those that count */
	int64_t early_ms;    /* the next early look; 0: that time is over */
	uint64_t started_ms; /* loop time */
	bool disturbed;	     /* the container stood still during this look */
};

struct prober {
	void *(*open)(struct health *health);
	void (*look)(void *probing);
	void (*close)(void *probing); /* nothing is answered any more */
	bool once;
};

extern const struct prober probe_exec, probe_http, probe_tcp, probe_log, probe_notify;

/* How it looks; WHY when it is not good.  HEALTH and its probe may be gone afterwards. */
void health_answer(struct health *health, bool good, const char *why);

/* Has what was waited for come in this run?  And: it has. */
bool health_has_come(const struct health *health);
void health_came(struct health *health);

#endif
