// SPDX-License-Identifier: GPL-2.0-or-later
/* Plans that end or start what is there: `down`, `stop`, `start`, `restart`. */
#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/converge/observation.h"
#include "core/converge/plan.h"
#include "core/converge/plan_build.h"
#include "core/model/graph.h"
#include "core/model/project.h"
#include "core/model/sharing.h"

#include <errno.h>
#include <string.h>

/* One entry for each observed container. */
struct cycle_plan {
	struct plan_builder builder;
	const struct project *project; /* NULL: dependencies are not known */
	const struct observation *actual;
	uint32_t *stops, *starts;
	uint32_t (*awaits)[DEPENDS_CONDITIONS]; /* by service of the project */
};

static const struct service *service_of(const struct cycle_plan *cycle, size_t container)
{
	const char *name = cycle->actual->containers[container].service;

	return cycle->project ? project_service(cycle->project, name) : NULL;
}

static bool depends_on(const struct service *service, const char *name)
{
	for (size_t i = 0; service && i < service->n_depends_on; i++)
		if (strcmp(service->depends_on[i].service, name) == 0)
			return true;
	return false;
}

/* Services of the project in dependency order, as positions for sorting containers. */
static int service_ranks(const struct cycle_plan *cycle, size_t *ret_ranks, struct err *err)
{
	const struct project *project = cycle->project;
	const char *loop = NULL;
	size_t *order;

	if (!project)
		return 0;
	order = ARENA_ARRAY(cycle->builder.plan.arena, size_t, project->n_services + 1);
	if (graph_order(project, order, cycle->builder.plan.arena, &loop) < 0)
		return err_set(err, ELOOP, "depends_on has a cycle: %s", loop ? loop : "?");
	for (size_t i = 0; i < project->n_services; i++)
		ret_ranks[order[i]] = i;
	return 0;
}

/*
 * Indices of the observed containers, dependencies first; those of no known
 * service stand last, so that they are stopped first.
 */
static int container_order(const struct cycle_plan *cycle, size_t **ret_order, struct err *err)
{
	struct arena *arena = cycle->builder.plan.arena;
	size_t n = cycle->actual->n_containers, at = 0;
	size_t n_services = cycle->project ? cycle->project->n_services : 0;
	size_t *ranks = ARENA_ARRAY(arena, size_t, n_services + 1);
	size_t *order = ARENA_ARRAY(arena, size_t, n + 1);
	int r = service_ranks(cycle, ranks, err);

	if (r < 0)
		return r;
	for (size_t rank = 0; rank <= n_services; rank++) {
		for (size_t i = 0; i < n; i++) {
			const struct service *s = service_of(cycle, i);
			size_t mine = s ? ranks[s - cycle->project->services] : n_services;

			if (mine == rank)
				order[at++] = i;
		}
	}
	*ret_order = order;
	return 0;
}

/* RET_ORDER: the containers, dependencies first.  Nothing is owned when it fails. */
static int cycle_init(struct cycle_plan *cycle, size_t **ret_order, struct err *err)
{
	size_t n_services = cycle->project ? cycle->project->n_services : 0;
	struct arena *arena;
	int r;

	plan_builder_init(&cycle->builder);
	arena = cycle->builder.plan.arena;
	cycle->stops = ARENA_ARRAY(arena, uint32_t, cycle->actual->n_containers + 1);
	cycle->starts = ARENA_ARRAY(arena, uint32_t, cycle->actual->n_containers + 1);
	for (size_t i = 0; i < cycle->actual->n_containers; i++)
		cycle->stops[i] = cycle->starts[i] = PLAN_NOTHING;
	cycle->awaits = arena_alloc(arena, (n_services + 1) * sizeof(*cycle->awaits));
	for (size_t i = 0; i < n_services; i++)
		for (size_t j = 0; j < DEPENDS_CONDITIONS; j++)
			cycle->awaits[i][j] = PLAN_NOTHING;
	r = container_order(cycle, ret_order, err);
	if (r < 0)
		plan_release(&cycle->builder.plan);
	return r;
}

static uint32_t add(struct cycle_plan *cycle, enum action_type type, size_t container,
		    const char *reason)
{
	const struct observed_container *c = &cycle->actual->containers[container];
	uint32_t action = plan_add(&cycle->builder, type, c->name, reason, APPLY_NONE);

	plan_about(&cycle->builder, action, service_of(cycle, container), c->index);
	return action;
}

/* STOP for each running container that is WANTED (NULL: all), dependents first. */
static void plan_stops(struct cycle_plan *cycle, const size_t *order, const bool *wanted)
{
	for (size_t k = cycle->actual->n_containers; k-- > 0;) {
		size_t i = order[k];
		const struct observed_container *c = &cycle->actual->containers[i];
		const struct service *s = service_of(cycle, i);

		if (c->state != OBSERVED_RUNNING)
			continue;
		if (wanted && (!s || !wanted[s - cycle->project->services]))
			continue;
		cycle->stops[i] = add(cycle, ACTION_CONTAINER_STOP, i, "asked for");
		for (size_t j = 0; j < cycle->actual->n_containers; j++)
			if (depends_on(service_of(cycle, j), c->service))
				plan_edge(&cycle->builder, cycle->stops[i], cycle->stops[j]);
	}
}

/* What is about the state of SERVICE as a whole comes after all of its starts. */
static void after_starts(struct cycle_plan *cycle, uint32_t action, const struct service *service)
{
	for (size_t i = 0; i < cycle->actual->n_containers; i++)
		if (service_of(cycle, i) == service)
			plan_edge(&cycle->builder, action, cycle->starts[i]);
}

static bool is_there(const struct cycle_plan *cycle, const struct service *service)
{
	for (size_t i = 0; i < cycle->actual->n_containers; i++)
		if (service_of(cycle, i) == service &&
		    (cycle->starts[i] != PLAN_NOTHING ||
		     cycle->actual->containers[i].state == OBSERVED_RUNNING))
			return true;
	return false;
}

/*
 * SERVICE starts when what it depends on is as its condition says.  One that
 * neither runs nor is started is not waited for: that would be in vain.
 */
static void plan_await_dependencies(struct cycle_plan *cycle, const struct service *service)
{
	for (size_t i = 0; i < service->n_depends_on; i++) {
		const struct dependency *dep = &service->depends_on[i];
		const struct service *on = project_service(cycle->project, dep->service);
		uint32_t *await;

		if (!on || dep->condition == DEPENDS_STARTED || !is_there(cycle, on))
			continue;
		await = &cycle->awaits[on - cycle->project->services][dep->condition];
		if (*await != PLAN_NOTHING)
			continue;
		*await = plan_await(&cycle->builder, on, dep->condition);
		after_starts(cycle, *await, on);
	}
}

static void start_after_dependencies(struct cycle_plan *cycle, uint32_t start,
				     const struct service *service)
{
	for (size_t i = 0; i < service->n_depends_on; i++) {
		const struct dependency *dep = &service->depends_on[i];
		const struct service *on = project_service(cycle->project, dep->service);

		if (!on)
			continue;
		after_starts(cycle, start, on);
		plan_edge(&cycle->builder, start,
			  cycle->awaits[on - cycle->project->services][dep->condition]);
	}
}

static void plan_starts(struct cycle_plan *cycle, const size_t *order, const bool *wanted,
			bool restart)
{
	for (size_t k = 0; k < cycle->actual->n_containers; k++) {
		size_t i = order[k];
		const struct observed_container *c = &cycle->actual->containers[i];
		const struct service *s = service_of(cycle, i);

		if (!s || !wanted[s - cycle->project->services])
			continue;
		if (c->state == OBSERVED_RUNNING && !restart)
			continue;
		plan_await_dependencies(cycle, s);
		cycle->starts[i] = add(cycle, ACTION_CONTAINER_START, i, "asked for");
		plan_edge(&cycle->builder, cycle->starts[i], cycle->stops[i]);
		start_after_dependencies(cycle, cycle->starts[i], s);
	}
}

static void plan_waits(struct cycle_plan *cycle, const bool *wanted)
{
	for (size_t i = 0; i < cycle->project->n_services; i++) {
		const struct service *s = &cycle->project->services[i];
		uint32_t action;

		if (!wanted[i])
			continue;
		action = plan_add(&cycle->builder, ACTION_CONTAINER_AWAIT_HEALTHY, s->name,
				  "--wait", APPLY_NONE);
		plan_about(&cycle->builder, action, s, 0);
		after_starts(cycle, action, s);
	}
}

static bool runs(const struct cycle_plan *cycle, const struct service *service)
{
	for (size_t i = 0; i < cycle->actual->n_containers; i++)
		if (service_of(cycle, i) == service &&
		    cycle->actual->containers[i].state == OBSERVED_RUNNING)
			return true;
	return false;
}

/* Does SERVICE run, and is it restarted with one of those in ALL? */
static bool goes_with(const struct cycle_plan *cycle, const struct service *service,
		      const bool *all)
{
	const struct project *project = cycle->project;
	const char *name = sharing_service(service->pid);
	const struct service *on = name ? project_service(project, name) : NULL;

	if (!runs(cycle, service))
		return false;
	/* The end of a pid namespace is the end of everything in it. */
	if (on && all[on - project->services])
		return true;
	for (size_t i = 0; i < service->n_depends_on; i++) {
		on = project_service(project, service->depends_on[i].service);
		if (service->depends_on[i].restart && on && all[on - project->services])
			return true;
	}
	return false;
}

/* All of its containers have done their work. */
static bool has_completed(const struct cycle_plan *cycle, const struct service *service)
{
	bool any = false;

	for (size_t i = 0; i < cycle->actual->n_containers; i++) {
		const struct observed_container *c = &cycle->actual->containers[i];

		if (service_of(cycle, i) != service)
			continue;
		if (c->state != OBSERVED_EXITED || c->exit_code != 0)
			return false;
		any = true;
	}
	return any;
}

/* Does one of ALL need SERVICE to be started?  A job that is done stays so. */
static bool is_needed(const struct cycle_plan *cycle, const struct service *service,
		      const bool *all)
{
	const struct project *project = cycle->project;

	for (size_t i = 0; i < project->n_services; i++) {
		const struct service *s = &project->services[i];

		for (size_t j = 0; all[i] && j < s->n_depends_on; j++)
			if (strcmp(s->depends_on[j].service, service->name) == 0 &&
			    !(s->depends_on[j].condition == DEPENDS_COMPLETED &&
			      has_completed(cycle, service)))
				return true;
	}
	return false;
}

/* WANTED, and what JOINS those, and what joins these, and so on. */
static const bool *with_others(const struct cycle_plan *cycle, const bool *wanted,
			       bool (*joins)(const struct cycle_plan *cycle,
					     const struct service *service, const bool *all))
{
	const struct project *project = cycle->project;
	bool *all = ARENA_ARRAY(cycle->builder.plan.arena, bool, project->n_services + 1);
	bool grown = true;

	memcpy(all, wanted, project->n_services * sizeof(*all));
	while (grown) {
		grown = false;
		for (size_t i = 0; i < project->n_services; i++)
			if (!all[i] && joins(cycle, &project->services[i], all))
				grown = all[i] = true;
	}
	return all;
}

static void plan_removals_of(struct cycle_plan *cycle, const bool *wanted)
{
	for (size_t i = 0; i < cycle->actual->n_containers; i++) {
		const struct service *s = service_of(cycle, i);
		uint32_t removed;

		if (!s || !wanted[s - cycle->project->services])
			continue;
		removed = add(cycle, ACTION_CONTAINER_REMOVE, i, "asked for");
		plan_edge(&cycle->builder, removed, cycle->stops[i]);
	}
}

int plan_cycle(const struct project *project, const struct observation *actual, const bool *wanted,
	       const struct cycle_options *options, struct plan *ret_plan, struct err *err)
{
	struct cycle_plan plan = {.project = project, .actual = actual};
	size_t *order;
	int r = cycle_init(&plan, &order, err);

	if (r < 0)
		return r;
	if (options->cycle == PLAN_RESTART && !options->no_deps)
		wanted = with_others(&plan, wanted, goes_with);
	if (options->cycle == PLAN_START)
		wanted = with_others(&plan, wanted, is_needed);
	if (options->cycle != PLAN_START)
		plan_stops(&plan, order, wanted);
	if (options->cycle == PLAN_REMOVE)
		plan_removals_of(&plan, wanted);
	else if (options->cycle != PLAN_STOP)
		plan_starts(&plan, order, wanted, options->cycle == PLAN_RESTART);
	if (options->wait && options->cycle != PLAN_STOP && options->cycle != PLAN_REMOVE)
		plan_waits(&plan, wanted);
	*ret_plan = plan.builder.plan;
	return 0;
}

static void plan_removals(struct cycle_plan *cycle, bool volumes)
{
	size_t n = cycle->actual->n_containers;
	uint32_t *removed = ARENA_ARRAY(cycle->builder.plan.arena, uint32_t, n + 1);

	for (size_t i = 0; i < n; i++) {
		removed[i] = add(cycle, ACTION_CONTAINER_REMOVE, i, "asked for");
		plan_edge(&cycle->builder, removed[i], cycle->stops[i]);
	}
	for (size_t i = 0; i < cycle->actual->n_networks; i++) {
		uint32_t action = plan_add(&cycle->builder, ACTION_NETWORK_REMOVE,
					   cycle->actual->networks[i].key, "asked for", APPLY_NONE);

		for (size_t j = 0; j < n; j++)
			plan_edge(&cycle->builder, action, removed[j]);
	}
	for (size_t i = 0; volumes && cycle->project && i < cycle->project->n_volumes; i++) {
		const struct volume *v = &cycle->project->volumes[i];
		uint32_t action;

		if (v->external || !observation_has_volume(cycle->actual, v->name))
			continue;
		action = plan_add(&cycle->builder, ACTION_VOLUME_REMOVE, v->name, "asked for",
				  APPLY_NONE);
		for (size_t j = 0; j < n; j++)
			plan_edge(&cycle->builder, action, removed[j]);
	}
}

int plan_down(const struct project *project, const struct observation *actual, bool volumes,
	      struct plan *ret_plan, struct err *err)
{
	struct cycle_plan plan = {.project = project, .actual = actual};
	size_t *order;
	int r;

	for (size_t i = 0; i < actual->n_networks; i++)
		if (actual->networks[i].guests)
			return plan_refuse_guests(&actual->networks[i], err);
	r = cycle_init(&plan, &order, err);
	if (r < 0)
		return r;
	plan_stops(&plan, order, NULL);
	plan_removals(&plan, volumes);
	*ret_plan = plan.builder.plan;
	return 0;
}
