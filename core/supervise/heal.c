// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Heal: what others took away comes back
 *
 * The driver says what may not be any more as it was made: a network, a
 * container, the rules, or that it lost count.  In the next turn of the loop
 * that is looked at and put right, and both the finding and its end are events.
 * The rules are looked at in a thread, at every use of the packet filter's lock
 * and once a second besides, for those who do not take it.
 *
 * With `x-stack: {heal: false}` in the stack file nothing is put right by
 * itself; `stack heal` does it then.
 */
#include "core/supervise/internal.h"

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/supervise/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What comes in so short a time is looked at together. */
#define GATHER_MS 5

#define RULES_INTERVAL_MS 900

struct healer {
	struct supervisor *supervisor; /* NULL: only the thread is waited for */
	struct driver driver;
	struct timer *gather, *rules;
	bool all; /* every unit is suspect, not only those that say so themselves */

	uv_work_t work; /* the rules */
	bool working;
	void *prepared;
	bool intact;
	char *obstacle;
	struct err error;
	uint64_t noticed_ms; /* when the rules were found wrong; 0: they are not */
};

static bool is_on(const struct supervisor *supervisor)
{
	return supervisor->project && supervisor->project->heal && !supervisor->down;
}

/* --- one thing after the other --- */

/* What was found: for whom, and whether it is put right. */
struct inspection {
	struct supervisor *supervisor;
	bool mend;
	json_t *findings; /* NULL: nobody asks */
	size_t n;
};

static void tell(struct inspection *inspection, const char *kind, const char *name,
		 const char *service, const char *text)
{
	inspection->n++;
	emit(inspection->supervisor, kind, name, service, "drift", text, -1);
	if (inspection->findings)
		json_array_append_new(
			inspection->findings,
			json_pack("{s:s, s:s, s:s}", "kind", kind, "name", name, "finding", text));
}

static void mend(struct inspection *inspection, const char *kind, const char *name,
		 const char *service, int result, const struct err *err, uint64_t began_ms)
{
	uv_loop_t *loop = inspection->supervisor->loop;

	uv_update_time(loop);
	if (result < 0)
		log_error("%s '%s': %s", kind, name, err->msg);
	emit(inspection->supervisor, kind, name, service, result < 0 ? "error" : "healed",
	     result < 0 ? err->msg : NULL, (int64_t)(uv_now(loop) - began_ms));
}

/* True: it was put right, and what is on it has to be looked at. */
static bool inspect_network(struct inspection *inspection, const struct network *network)
{
	struct driver *driver = &inspection->supervisor->driver;
	uint64_t began_ms = uv_now(inspection->supervisor->loop);
	struct err err = ERR_INIT;
	const char *wrong = NULL;

	if (driver->ops->network_check(driver->ctx, network->key, &wrong, &err) < 0)
		log_warn("network '%s': %s", network->key, err.msg);
	if (!wrong)
		return false;
	tell(inspection, "network", network->name, NULL, wrong);
	if (!inspection->mend)
		return false;
	mend(inspection, "network", network->name, NULL,
	     driver->ops->network_create(driver->ctx, network, &err), &err, began_ms);
	publish_changed(inspection->supervisor);
	return true;
}

/* One thing at a time: putting one right may be what was wrong with the next. */
#define ROUNDS_MAX 8

static void inspect_unit(struct inspection *inspection, struct unit *unit)
{
	struct driver *driver = &inspection->supervisor->driver;
	const char *before = NULL;

	unit->suspect = false;
	for (int round = 0; unit->service && round < ROUNDS_MAX; round++) {
		uint64_t began_ms = uv_now(inspection->supervisor->loop);
		struct err err = ERR_INIT;
		const char *wrong = NULL;

		if (driver->ops->container_check(driver->ctx, unit->service, &unit->record, &wrong,
						 &err) < 0)
			log_warn("container '%s': %s", unit->record.name, err.msg);
		if (!wrong || wrong == before)
			return;
		tell(inspection, "container", unit->record.name, unit->record.service, wrong);
		if (!inspection->mend)
			return;
		mend(inspection, "container", unit->record.name, unit->record.service,
		     driver->ops->container_mend(driver->ctx, unit->service, &unit->record, &err),
		     &err, began_ms);
		before = wrong;
	}
}

/* Networks first: a container that lost one cannot be put right before it is there again. */
static void inspect(struct inspection *inspection, bool all_units)
{
	struct supervisor *supervisor = inspection->supervisor;

	for (size_t i = 0; i < supervisor->project->n_networks; i++)
		if (inspect_network(inspection, &supervisor->project->networks[i]))
			all_units = true;
	for (struct unit *unit = supervisor->units; unit; unit = unit->next)
		if (all_units || unit->suspect)
			inspect_unit(inspection, unit);
}

static void on_gather(void *data)
{
	struct healer *healer = data;
	struct inspection inspection = {.supervisor = healer->supervisor, .mend = true};
	bool all = healer->all;

	healer->all = false;
	uv_update_time(healer->supervisor->loop);
	if (is_on(healer->supervisor))
		inspect(&inspection, all);
}

/* --- the rules --- */

/* In a thread of the pool: nothing but the driver and the prepared rules is touched. */
static void check_rules(uv_work_t *work)
{
	struct healer *healer = work->data;

	healer->error = (struct err)ERR_INIT;
	healer->intact = true;
	healer->driver.ops->firewall_check(healer->driver.ctx, healer->prepared, &healer->intact,
					   &healer->obstacle, &healer->error);
}

static void on_rules_checked(uv_work_t *work, int status)
{
	struct healer *healer = work->data;
	struct supervisor *supervisor = healer->supervisor;

	(void)status; /* nobody cancels it */
	healer->working = false;
	if (!supervisor) {
		free(healer->obstacle);
		free(healer);
		return;
	}
	publish_set_obstacle(supervisor, TAKE_PTR(healer->obstacle));
	if (healer->error.code)
		log_warn("firewall: %s", healer->error.msg);
	/* A commit that came meanwhile is not drift, and puts right what is. */
	if (!healer->intact && !healer->noticed_ms && publish_is_settled(supervisor)) {
		healer->noticed_ms = uv_now(supervisor->loop);
		emit(supervisor, "firewall", supervisor->project_name, NULL, "drift",
		     "rules of the project were changed or removed", -1);
		publish_changed(supervisor);
	}
	publish_resume(supervisor);
}

static void on_rules(void *data)
{
	struct healer *healer = data;
	struct supervisor *supervisor = healer->supervisor;

	timer_arm(healer->rules, RULES_INTERVAL_MS);
	if (healer->working || !is_on(supervisor) || !publish_is_settled(supervisor))
		return;
	healer->prepared = publish_prepare(supervisor);
	healer->working = true;
	healer->work.data = healer;
	uv_queue_work(supervisor->loop, &healer->work, check_rules, on_rules_checked);
}

bool heal_is_checking(const struct supervisor *supervisor)
{
	return supervisor->healer && supervisor->healer->working;
}

void heal_committed(struct supervisor *supervisor)
{
	struct healer *healer = supervisor->healer;

	if (!healer || !healer->noticed_ms)
		return;
	uv_update_time(supervisor->loop);
	emit(supervisor, "firewall", supervisor->project_name, NULL, "healed", NULL,
	     (int64_t)(uv_now(supervisor->loop) - healer->noticed_ms));
	healer->noticed_ms = 0;
}

/* --- what the driver says --- */

static void on_suspect(void *data, enum suspicion what, const char *name)
{
	struct healer *healer = data;
	struct unit *unit = NULL;

	switch (what) {
	case SUSPECT_RULES:
		timer_arm(healer->rules, GATHER_MS);
		return;
	case SUSPECT_NETWORK:
		break;
	case SUSPECT_CONTAINER:
		unit = unit_find(healer->supervisor, name);
		if (!unit)
			return;
		unit->suspect = true;
		break;
	case SUSPECT_ALL:
		healer->all = true;
		break;
	}
	timer_arm(healer->gather, GATHER_MS);
}

void heal_start(struct supervisor *supervisor)
{
	struct healer *healer = calloc(1, sizeof(*healer));

	if (!healer)
		abort();
	healer->supervisor = supervisor;
	healer->driver = supervisor->driver;
	healer->gather = timer_new(supervisor->loop, on_gather, healer);
	healer->rules = timer_new(supervisor->loop, on_rules, healer);
	supervisor->healer = healer;
	supervisor->driver.ops->watch(supervisor->driver.ctx, on_suspect, healer);
	/* Nobody has looked since the last supervisor died. */
	healer->all = true;
	timer_arm(healer->gather, GATHER_MS);
	timer_arm(healer->rules, RULES_INTERVAL_MS);
}

void heal_stop(struct supervisor *supervisor)
{
	struct healer *healer = supervisor->healer;

	if (!healer)
		return;
	supervisor->driver.ops->watch(supervisor->driver.ctx, NULL, NULL);
	timer_clear(&healer->gather);
	timer_clear(&healer->rules);
	supervisor->healer = NULL;
	healer->supervisor = NULL;
	if (!healer->working)
		free(healer);
}

/* --- on request --- */

/*
 * The rules are read on the loop here: a millisecond, without the lock.  A
 * commit that is under way is no finding.
 */
static bool rules_are_wrong(struct supervisor *supervisor)
{
	struct driver *driver = &supervisor->driver;
	struct err err = ERR_INIT;
	bool intact = true;
	char *obstacle = NULL;

	if (!publish_is_settled(supervisor))
		return false;
	if (driver->ops->firewall_check(driver->ctx, publish_prepare(supervisor), &intact,
					&obstacle, &err) < 0)
		log_warn("firewall: %s", err.msg);
	publish_set_obstacle(supervisor, obstacle);
	return !intact;
}

size_t heal_inspect(struct supervisor *supervisor, bool mend_it, json_t *findings)
{
	struct inspection inspection = {
		.supervisor = supervisor, .mend = mend_it, .findings = findings};

	if (!supervisor->project)
		return 0;
	inspect(&inspection, true);
	if (rules_are_wrong(supervisor)) {
		tell(&inspection, "firewall", supervisor->project_name, NULL,
		     "rules of the project were changed or removed");
		if (mend_it && supervisor->healer)
			supervisor->healer->noticed_ms = uv_now(supervisor->loop);
		if (mend_it)
			publish_changed(supervisor);
	}
	/* Somebody else's to put right. */
	if (publish_obstacle(supervisor) && !mend_it)
		tell(&inspection, "firewall", supervisor->project_name, NULL,
		     publish_obstacle(supervisor));
	return inspection.n;
}
