// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a plan for `up` comes about
 *
 *	networks, volumes	made when they are missing; a network whose own settings
 *				changed takes every container on it with it
 *	each service, dependencies first
 *		its containers	created, updated, replaced or left (plan_service.c)
 *		its readiness	one AWAIT action per condition that a dependent has
 *	what is too much	orphans
 *
 * Creating waits for nothing but networks and volumes, so that all containers
 * are made while the first ones already start; only START waits for the
 * services that it depends on.
 */
#include "core/converge/plan_up.h"
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/converge/observation.h"
#include "core/converge/plan.h"
#include "core/model/graph.h"
#include "core/model/project.h"

#include <errno.h>
#include <string.h>

static struct arena *up_arena(struct up *up)
{
	return up->builder.plan.arena;
}

size_t up_service(const struct up *up, const char *name)
{
	const struct project *project = up->desired->project;
	const struct service *service = project_service(project, name);

	return service ? (size_t)(service - project->services) : SIZE_MAX;
}

/* The action a dependent has to wait for, made when the first one asks. */
static uint32_t await(struct up *up, size_t service, enum depends_condition condition)
{
	struct service_plan *plan = &up->services[service];
	uint32_t action;

	if (plan->await[condition] != PLAN_NOTHING)
		return plan->await[condition];
	action = plan_await(&up->builder, &up->desired->project->services[service], condition);
	for (uint32_t i = plan->first; i < plan->last; i++)
		if (up->builder.plan.actions[i].type == ACTION_CONTAINER_START ||
		    up->builder.plan.actions[i].type == ACTION_CONTAINER_REPLACE)
			plan_edge(&up->builder, action, i);
	plan->await[condition] = action;
	return action;
}

void plan_start_after_dependencies(struct up *up, uint32_t start, const struct service *service)
{
	for (size_t i = 0; i < service->n_depends_on; i++) {
		const struct dependency *dep = &service->depends_on[i];
		size_t on = up_service(up, dep->service);

		/* With --no-deps what was not asked for is not waited for either. */
		if (on == SIZE_MAX || !up->desired->services[on].wanted)
			continue;
		if (dep->condition == DEPENDS_STARTED && !up->services[on].starts)
			continue;
		plan_edge(&up->builder, start, await(up, on, dep->condition));
	}
}

void plan_await_dependencies(struct up *up, const struct service *service)
{
	for (size_t i = 0; i < service->n_depends_on; i++) {
		const struct dependency *dep = &service->depends_on[i];
		size_t on = up_service(up, dep->service);

		if (on == SIZE_MAX || !up->desired->services[on].wanted)
			continue;
		if (dep->condition != DEPENDS_STARTED || up->services[on].starts)
			await(up, on, dep->condition);
	}
}

/* Containers of services that are not in the file any more. */
static void plan_orphans(struct up *up)
{
	for (size_t i = 0; i < up->actual->n_containers; i++) {
		const struct observed_container *c = &up->actual->containers[i];

		if (up_service(up, c->service) != SIZE_MAX)
			continue;
		if (up->options->remove_orphans)
			plan_surplus(up, c, "no service of the stack file");
		else
			plan_warn(&up->builder,
				  "container '%s' belongs to no service of the stack file any "
				  "more; --remove-orphans removes it",
				  c->name);
	}
}

static bool has_running(const struct up *up, const struct service *service)
{
	for (size_t i = 0; i < up->actual->n_containers; i++)
		if (up->actual->containers[i].state == OBSERVED_RUNNING &&
		    strcmp(up->actual->containers[i].service, service->name) == 0)
			return true;
	return false;
}

/* It was asked for, or what it runs with is replaced under its feet. */
static bool is_concerned(const struct up *up, size_t at)
{
	const struct service *service = &up->desired->project->services[at];

	if (up->desired->services[at].wanted)
		return true;
	return has_running(up, service) &&
	       (plan_loses_namespaces(up, service) || plan_restarts_with(up, service));
}

static void plan_services(struct up *up, const size_t *order)
{
	for (size_t i = 0; i < up->desired->project->n_services; i++) {
		struct service_plan *plan = &up->services[order[i]];

		plan->first = (uint32_t)up->builder.plan.n_actions;
		if (is_concerned(up, order[i]))
			plan_service(up, order[i]);
		plan->last = (uint32_t)up->builder.plan.n_actions;
	}
}

/* --wait: everything is up, and healthy where that can be known. */
static void plan_wait(struct up *up, const size_t *order)
{
	for (size_t i = 0; i < up->desired->project->n_services; i++) {
		const struct desired_service *want = &up->desired->services[order[i]];

		if (want->wanted && !up->desired->project->services[order[i]].schedule)
			await(up, order[i],
			      want->has_healthcheck ? DEPENDS_HEALTHY : DEPENDS_STARTED);
	}
}

static void up_init(struct up *up)
{
	const struct project *project = up->desired->project;

	plan_builder_init(&up->builder);
	up->networks = ARENA_ARRAY(up_arena(up), uint32_t, project->n_networks + 1);
	up->volumes = ARENA_ARRAY(up_arena(up), uint32_t, project->n_volumes + 1);
	up->network_changed = ARENA_ARRAY(up_arena(up), bool, project->n_networks + 1);
	up->services = ARENA_ARRAY(up_arena(up), struct service_plan, project->n_services + 1);
	up->stops = ARENA_ARRAY(up_arena(up), uint32_t, up->actual->n_containers + 1);
	for (size_t i = 0; i < up->actual->n_containers; i++)
		up->stops[i] = PLAN_NOTHING;
	for (size_t i = 0; i < project->n_services; i++) {
		up->services[i].create = PLAN_NOTHING;
		for (size_t j = 0; j < ARRAY_SIZE(up->services[i].await); j++)
			up->services[i].await[j] = PLAN_NOTHING;
	}
}

int plan_up(const struct desired *desired, const struct observation *actual,
	    const struct plan_options *options, struct plan *ret_plan, struct err *err)
{
	struct up up = {.desired = desired, .actual = actual, .options = options};
	const char *cycle = NULL;
	size_t *order;
	int r;

	up_init(&up);
	order = ARENA_ARRAY(up_arena(&up), size_t, desired->project->n_services + 1);
	if (graph_order(desired->project, order, up_arena(&up), &cycle) < 0) {
		err_set(err, ELOOP, "depends_on has a cycle: %s", cycle ? cycle : "?");
		plan_release(&up.builder.plan);
		return -ELOOP;
	}
	r = plan_networks(&up, desired->network_hashes, err);
	if (r < 0) {
		plan_release(&up.builder.plan);
		return r;
	}
	plan_volumes(&up);
	plan_services(&up, order);
	plan_orphans(&up);
	if (options->wait && !options->no_start)
		plan_wait(&up, order);
	*ret_plan = up.builder.plan;
	return 0;
}
