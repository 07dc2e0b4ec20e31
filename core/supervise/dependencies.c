// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dependencies while services run
 *
 * `up` starts a service when what it depends on is as `condition` says.  The
 * same holds for a start that nobody asked for: after a crash a container waits
 * for its dependencies, and starts as soon as they work, unless its service
 * says `x-stack: {on_dependency_failure: ignore}`.  With `restart` a service
 * that runs is restarted too when what it depends on failed and works again.
 */
#include "core/supervise/internal.h"

#include "core/supervise/watch.h"

#include <stdio.h>
#include <string.h>

/* One container that works is enough; one that was never made is not waited for. */
static bool is_met(const struct supervisor *supervisor, const struct dependency *dependency)
{
	bool none = true;

	for (const struct unit *unit = supervisor->units; unit; unit = unit->next) {
		if (strcmp(unit->record.service, dependency->service) != 0)
			continue;
		if (unit_meets(unit, dependency->condition))
			return true;
		none = false;
	}
	return none;
}

bool dependencies_met(const struct unit *unit, char *ret_why, size_t size)
{
	static const char *const needs[] = {[DEPENDS_STARTED] = "to run",
					    [DEPENDS_HEALTHY] = "to be healthy",
					    [DEPENDS_COMPLETED] = "to complete"};
	const struct service *service = unit->service;

	if (!service || service->on_dependency_failure == DEPENDENCY_FAILURE_IGNORE)
		return true;
	for (size_t i = 0; i < service->n_depends_on; i++) {
		const struct dependency *dependency = &service->depends_on[i];

		if (!dependency->required || is_met(unit->supervisor, dependency))
			continue;
		snprintf(ret_why, size, "for '%s' %s", dependency->service,
			 needs[dependency->condition]);
		return false;
	}
	return true;
}

/* True: it is restarted. */
static bool look_at_running(struct unit *unit)
{
	char why[160];
	bool met = dependencies_met(unit, why, sizeof(why));

	if (unit->service->on_dependency_failure != DEPENDENCY_FAILURE_RESTART)
		return false;
	if (!met || !unit->missed) {
		unit->missed = !met;
		return false;
	}
	unit->missed = false;
	unit_restart(unit, "what it depends on failed, and works again");
	return true;
}

/* An event may be the end of any unit: after one of them, all is looked at anew. */
static void on_settle(void *data)
{
	struct supervisor *supervisor = data;
	char why[160];

	for (struct unit *unit = supervisor->units; unit; unit = unit->next) {
		if (unit->state == UNIT_HELD && dependencies_met(unit, why, sizeof(why))) {
			timer_arm(supervisor->settle, 0);
			unit_event(unit, EVENT_RELEASE);
			return;
		}
		if (unit->state == UNIT_STARTING)
			unit->missed = false;
		if (unit->state == UNIT_RUNNING && unit->service && look_at_running(unit))
			return;
	}
}

void dependencies_changed(struct supervisor *supervisor)
{
	if (!supervisor->settle)
		supervisor->settle = timer_new(supervisor->loop, on_settle, supervisor);
	timer_arm(supervisor->settle, 0);
}
