// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a plan for `up` comes about
 *
 *	networks, volumes	made when they are missing; a network whose own settings
 *				changed takes every container on it with it
 *	each service, dependencies first
 *		its containers	created, updated, replaced or left, one by one
 *		its readiness	one AWAIT action per condition that a dependent has
 *	what is too much	replicas beyond the scale, orphans
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
#include "core/model/sharing.h"

#include <errno.h>
#include <string.h>

/* What has been planned for one service. */
struct service_plan {
	uint32_t await[3];    /* by enum depends_condition; PLAN_NOTHING: not asked for yet */
	uint32_t first, last; /* its START actions are among these */
	uint32_t create;      /* of its first container; PLAN_NOTHING: it stays */
	bool starts;	      /* at least one container of it is started */
};

static struct arena *up_arena(struct up *up)
{
	return up->builder.plan.arena;
}

static size_t service_index(const struct up *up, const char *name)
{
	const struct project *project = up->desired->project;
	const struct service *service = project_service(project, name);

	return service ? (size_t)(service - project->services) : SIZE_MAX;
}

/* The action a dependent has to wait for, made when the first one asks. */
static uint32_t await(struct up *up, size_t service, enum depends_condition condition)
{
	static const enum action_type types[] = {
		[DEPENDS_STARTED] = ACTION_CONTAINER_AWAIT_STARTED,
		[DEPENDS_HEALTHY] = ACTION_CONTAINER_AWAIT_HEALTHY,
		[DEPENDS_COMPLETED] = ACTION_CONTAINER_AWAIT_COMPLETED,
	};
	const struct service *s = &up->desired->project->services[service];
	struct service_plan *plan = &up->services[service];
	uint32_t action;

	if (plan->await[condition] != PLAN_NOTHING)
		return plan->await[condition];
	action = plan_add(&up->builder, types[condition], s->name, "asked for by a dependent",
			  APPLY_NONE);
	plan_about(&up->builder, action, s, 0);
	for (uint32_t i = plan->first; i < plan->last; i++)
		if (up->builder.plan.actions[i].type == ACTION_CONTAINER_START)
			plan_edge(&up->builder, action, i);
	plan->await[condition] = action;
	return action;
}

static void start_after_dependencies(struct up *up, uint32_t start, const struct service *service)
{
	for (size_t i = 0; i < service->n_depends_on; i++) {
		const struct dependency *dep = &service->depends_on[i];
		size_t on = service_index(up, dep->service);

		/* With --no-deps what was not asked for is not waited for either. */
		if (on == SIZE_MAX || !up->desired->services[on].wanted)
			continue;
		if (dep->condition == DEPENDS_STARTED && !up->services[on].starts)
			continue;
		plan_edge(&up->builder, start, await(up, on, dep->condition));
	}
}

/* All AWAIT actions stand before the START that waits for them. */
static void await_dependencies(struct up *up, const struct service *service)
{
	for (size_t i = 0; i < service->n_depends_on; i++) {
		const struct dependency *dep = &service->depends_on[i];
		size_t on = service_index(up, dep->service);

		if (on == SIZE_MAX || !up->desired->services[on].wanted)
			continue;
		if (dep->condition != DEPENDS_STARTED || up->services[on].starts)
			await(up, on, dep->condition);
	}
}

static bool on_changed_network(const struct up *up, const struct service *service)
{
	const struct project *project = up->desired->project;

	for (size_t i = 0; i < service->n_networks; i++) {
		const struct network *n = project_network(project, service->networks[i].network);

		if (n && up->network_changed[n - project->networks])
			return true;
	}
	return false;
}

/* Why CONTAINER cannot stay as it is; NULL when it can. */
static const char *recreate_reason(const struct up *up, const struct observed_container *container,
				   const struct desired_service *want)
{
	if (container->broken)
		return "a part of it is missing";
	if (up->options->force_recreate)
		return "asked for";
	if (up->options->no_recreate || strcmp(container->config_hash, want->config_hash) == 0)
		return NULL;
	return strcmp(container->image_id, want->image_id) ? "image changed"
							   : "configuration changed";
}

/* A job that did what it was there for is not run again while it is unchanged. */
static bool is_completed_job(const struct up *up, const struct service *service,
			     const struct observed_container *container)
{
	const struct project *project = up->desired->project;

	if (container->state != OBSERVED_EXITED || container->exit_code != 0 ||
	    service->restart != RESTART_NO)
		return false;
	for (size_t i = 0; i < project->n_services; i++)
		for (size_t j = 0; j < project->services[i].n_depends_on; j++)
			if (project->services[i].depends_on[j].condition == DEPENDS_COMPLETED &&
			    strcmp(project->services[i].depends_on[j].service, service->name) == 0)
				return true;
	return false;
}

/* Is a container replaced or made whose namespaces SERVICE is in?  They go with it. */
static bool loses_namespaces(const struct up *up, const struct service *service)
{
	const char *shared[SHARING_MAX + 1];

	sharing_services(service, shared);
	for (size_t i = 0; shared[i]; i++) {
		size_t other = service_index(up, shared[i]);

		if (other != SIZE_MAX && up->services[other].create != PLAN_NOTHING)
			return true;
	}
	return false;
}

static void create_after_shared(struct up *up, uint32_t create, const struct service *service)
{
	const char *shared[SHARING_MAX + 1];

	sharing_services(service, shared);
	for (size_t i = 0; shared[i]; i++) {
		size_t other = service_index(up, shared[i]);

		if (other != SIZE_MAX)
			plan_edge(&up->builder, create, up->services[other].create);
	}
}

static uint32_t plan_create(struct up *up, const struct service *service, unsigned int index,
			    const struct desired_service *want, const char *name,
			    const char *reason, enum apply_class apply_class)
{
	const struct project *project = up->desired->project;
	uint32_t create =
		plan_add(&up->builder, ACTION_CONTAINER_CREATE, name, reason, apply_class);
	struct action *action = &up->builder.plan.actions[create];

	action->config_hash = arena_strdup(up_arena(up), want->config_hash);
	action->live_hash = arena_strdup(up_arena(up), want->live_hash);
	action->image_id = arena_strdup(up_arena(up), want->image_id);
	plan_about(&up->builder, create, service, index);
	for (size_t i = 0; i < service->n_networks; i++) {
		const struct network *n = project_network(project, service->networks[i].network);

		if (n)
			plan_edge(&up->builder, create, up->networks[n - project->networks]);
	}
	for (size_t i = 0; i < service->n_mounts; i++) {
		const struct mount *m = &service->mounts[i];
		const struct volume *v = m->type == MOUNT_VOLUME && m->source
						 ? project_volume(project, m->source)
						 : NULL;

		if (v)
			plan_edge(&up->builder, create, up->volumes[v - project->volumes]);
	}
	create_after_shared(up, create, service);
	if (index == 1)
		up->services[service - project->services].create = create;
	return create;
}

static void plan_start_action(struct up *up, const struct service *service, unsigned int index,
			      const char *name, const char *reason, uint32_t create)
{
	uint32_t start;

	if (up->options->no_start)
		return;
	await_dependencies(up, service);
	start = plan_add(&up->builder, ACTION_CONTAINER_START, name, reason, APPLY_NONE);
	plan_about(&up->builder, start, service, index);
	plan_edge(&up->builder, start, create);
	start_after_dependencies(up, start, service);
	up->services[service - up->desired->project->services].starts = true;
}

static void plan_container(struct up *up, const struct service *service, unsigned int index,
			   const struct desired_service *want)
{
	const char *name = plan_container_name(up->desired->project, service, index, up_arena(up));
	const struct observed_container *seen = observation_container(up->actual, name);
	const char *reason = seen ? recreate_reason(up, seen, want) : "missing";
	bool gone = seen && on_changed_network(up, service);
	uint32_t action = PLAN_NOTHING, stop = PLAN_NOTHING, removed = PLAN_NOTHING;

	if (gone)
		reason = "its network changed";
	else if (seen && !reason && loses_namespaces(up, service))
		reason = "it shares namespaces with one that is replaced";
	if (reason) {
		if (seen && !gone && seen->state == OBSERVED_RUNNING)
			stop = plan_add(&up->builder, ACTION_CONTAINER_STOP, name, reason,
					APPLY_RECREATE);
		plan_about(&up->builder, stop, service, index);
		if (seen && !gone) {
			removed = plan_add(&up->builder, ACTION_CONTAINER_REMOVE, name, reason,
					   APPLY_RECREATE);
			plan_about(&up->builder, removed, service, index);
			plan_edge(&up->builder, removed, stop);
		}
		action = plan_create(up, service, index, want, name, reason,
				     seen ? APPLY_RECREATE : APPLY_NONE);
		plan_edge(&up->builder, action, removed);
		plan_start_action(up, service, index, name, seen ? reason : "new", action);
		return;
	}
	if (strcmp(seen->live_hash, want->live_hash) != 0) {
		action = plan_add(&up->builder, ACTION_CONTAINER_UPDATE, name,
				  "settings changed that need no restart", APPLY_LIVE);
		up->builder.plan.actions[action].live_hash =
			arena_strdup(up_arena(up), want->live_hash);
		plan_about(&up->builder, action, service, index);
	}
	if (seen->state != OBSERVED_RUNNING && !is_completed_job(up, service, seen))
		plan_start_action(up, service, index, name,
				  seen->state == OBSERVED_EXITED ? "it has ended" : "not started",
				  action);
}

static void plan_surplus(struct up *up, const struct observed_container *container,
			 const char *reason)
{
	uint32_t stop = PLAN_NOTHING, removed;

	if (container->state == OBSERVED_RUNNING)
		stop = plan_add(&up->builder, ACTION_CONTAINER_STOP, container->name, reason,
				APPLY_NONE);
	removed = plan_add(&up->builder, ACTION_CONTAINER_REMOVE, container->name, reason,
			   APPLY_NONE);
	plan_edge(&up->builder, removed, stop);
}

/* Replicas beyond the scale, and containers of services that are not in the file any more. */
static void plan_leftovers(struct up *up)
{
	for (size_t i = 0; i < up->actual->n_containers; i++) {
		const struct observed_container *c = &up->actual->containers[i];
		size_t service = service_index(up, c->service);

		if (service == SIZE_MAX && up->options->remove_orphans)
			plan_surplus(up, c, "no service of the stack file");
		else if (service == SIZE_MAX)
			plan_warn(&up->builder,
				  "container '%s' belongs to no service of the stack file any "
				  "more; --remove-orphans removes it",
				  c->name);
		else if (up->desired->services[service].wanted &&
			 c->index > up->desired->project->services[service].scale)
			plan_surplus(up, c, "more than its scale");
	}
}

static void plan_services(struct up *up, const size_t *order)
{
	const struct project *project = up->desired->project;

	for (size_t i = 0; i < project->n_services; i++) {
		size_t at = order[i];
		const struct service *service = &project->services[at];

		if (!up->desired->services[at].wanted)
			continue;
		up->services[at].first = (uint32_t)up->builder.plan.n_actions;
		for (unsigned int n = 1; n <= service->scale; n++)
			plan_container(up, service, n, &up->desired->services[at]);
		up->services[at].last = (uint32_t)up->builder.plan.n_actions;
	}
}

/* --wait: everything is up, and healthy where that can be known. */
static void plan_wait(struct up *up, const size_t *order)
{
	for (size_t i = 0; i < up->desired->project->n_services; i++) {
		const struct desired_service *want = &up->desired->services[order[i]];

		if (want->wanted)
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

	up_init(&up);
	order = ARENA_ARRAY(up_arena(&up), size_t, desired->project->n_services + 1);
	if (graph_order(desired->project, order, up_arena(&up), &cycle) < 0) {
		err_set(err, ELOOP, "depends_on has a cycle: %s", cycle ? cycle : "?");
		plan_release(&up.builder.plan);
		return -ELOOP;
	}
	plan_networks(&up, desired->network_hashes);
	plan_volumes(&up);
	plan_services(&up, order);
	plan_leftovers(&up);
	if (options->wait && !options->no_start)
		plan_wait(&up, order);
	*ret_plan = up.builder.plan;
	return 0;
}
