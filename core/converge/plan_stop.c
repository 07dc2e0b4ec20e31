// SPDX-License-Identifier: GPL-2.0-or-later
/* What stops in a plan for `up`, and what stops with it. */
#include "core/base/arena.h"
#include "core/converge/observation.h"
#include "core/converge/plan_up.h"
#include "core/model/project.h"

#include <string.h>

bool plan_restarts_with(const struct up *up, const struct service *service)
{
	for (size_t i = 0; i < service->n_depends_on; i++) {
		size_t on = up_service(up, service->depends_on[i].service);

		if (service->depends_on[i].restart && on != SIZE_MAX && up->services[on].replaced)
			return true;
	}
	return false;
}

uint32_t plan_stop(struct up *up, const struct observed_container *container, const char *reason,
		   enum apply_class apply_class)
{
	size_t at = (size_t)(container - up->actual->containers);
	size_t service = up_service(up, container->service);

	if (container->state != OBSERVED_RUNNING || up->stops[at] != PLAN_NOTHING)
		return up->stops[at];
	up->stops[at] =
		plan_add(&up->builder, ACTION_CONTAINER_STOP, container->name, reason, apply_class);
	if (service != SIZE_MAX)
		plan_about(&up->builder, up->stops[at], &up->desired->project->services[service],
			   container->index);
	plan_impact(&up->builder, up->stops[at], IMPACT_GAP);
	return up->stops[at];
}

void plan_surplus(struct up *up, const struct observed_container *container, const char *reason)
{
	uint32_t stop = plan_stop(up, container, reason, APPLY_NONE);
	uint32_t removed = plan_add(&up->builder, ACTION_CONTAINER_REMOVE, container->name, reason,
				    APPLY_NONE);

	plan_edge(&up->builder, removed, stop);
}

static bool restarts_with(const struct service *dependent, const char *name)
{
	for (size_t i = 0; i < dependent->n_depends_on; i++)
		if (dependent->depends_on[i].restart &&
		    strcmp(dependent->depends_on[i].service, name) == 0)
			return true;
	return false;
}

void plan_stop_dependents(struct up *up, const struct service *service)
{
	const struct project *project = up->desired->project;
	const char *reason =
		arena_printf(up->builder.plan.arena, "it is restarted with '%s'", service->name);

	for (size_t i = 0; i < project->n_services; i++) {
		if (!restarts_with(&project->services[i], service->name))
			continue;
		plan_stop_dependents(up, &project->services[i]);
		for (size_t j = 0; j < up->actual->n_containers; j++)
			if (strcmp(up->actual->containers[j].service, project->services[i].name) ==
			    0)
				plan_stop(up, &up->actual->containers[j], reason, APPLY_NONE);
	}
}

void plan_stop_after_dependents(struct up *up, uint32_t stop, const struct service *service)
{
	for (size_t i = 0; i < up->actual->n_containers; i++) {
		size_t other = up_service(up, up->actual->containers[i].service);

		if (other != SIZE_MAX && up->stops[i] != PLAN_NOTHING && up->stops[i] < stop &&
		    restarts_with(&up->desired->project->services[other], service->name))
			plan_edge(&up->builder, stop, up->stops[i]);
	}
}
