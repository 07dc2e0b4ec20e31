// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The containers of one service
 *
 * As many of those that are there as the scale says stay or are replaced, the
 * best of them; the others go, and what is missing is made.  A container that
 * was to take another one's place when the supervisor died goes: the update
 * begins again with it.
 */
#include "core/base/arena.h"
#include "core/converge/observation.h"
#include "core/converge/plan_up.h"
#include "core/model/project.h"
#include "core/model/sharing.h"
#include "core/model/update.h"

#include <stdlib.h>
#include <string.h>

/* One container of the service, and what is to become of it. */
struct replica {
	const struct observed_container *seen;
	const char *cause; /* why it cannot stay; NULL: it can */
	bool gone;	   /* it went with its network already */
};

struct replicas {
	struct up *up;
	const struct service *service;
	const struct desired_service *want;
	struct replica *items;
	size_t n;
	unsigned int last_index; /* the last one that was given to a new container */
	uint32_t *updates;	 /* REPLACE actions so far */
	size_t n_updates;
};

static struct arena *arena_of(const struct replicas *replicas)
{
	return replicas->up->builder.plan.arena;
}

static struct service_plan *service_plan(const struct replicas *replicas)
{
	return &replicas->up
			->services[replicas->service - replicas->up->desired->project->services];
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

bool plan_loses_namespaces(const struct up *up, const struct service *service)
{
	const char *shared[SHARING_MAX + 1];

	sharing_services(service, shared);
	for (size_t i = 0; shared[i]; i++) {
		size_t other = up_service(up, shared[i]);

		if (other != SIZE_MAX && up->services[other].create != PLAN_NOTHING)
			return true;
	}
	return false;
}

/* --- which there are --- */

/* The one that stays rather: current before outdated, running before ended, low before high. */
static int by_merit(const void *a, const void *b)
{
	const struct replica *x = a, *y = b;
	bool x_runs = x->seen->state == OBSERVED_RUNNING;
	bool y_runs = y->seen->state == OBSERVED_RUNNING;

	if (!x->cause != !y->cause)
		return x->cause ? 1 : -1;
	if (x_runs != y_runs)
		return x_runs ? -1 : 1;
	return x->seen->index < y->seen->index ? -1 : x->seen->index > y->seen->index;
}

static int by_index(const void *a, const void *b)
{
	const struct replica *x = a, *y = b;

	return x->seen->index < y->seen->index ? -1 : x->seen->index > y->seen->index;
}

static void find_replicas(struct replicas *replicas)
{
	struct up *up = replicas->up;
	bool gone = on_changed_network(up, replicas->service);

	replicas->items =
		ARENA_ARRAY(arena_of(replicas), struct replica, up->actual->n_containers + 1);
	for (size_t i = 0; i < up->actual->n_containers; i++) {
		const struct observed_container *seen = &up->actual->containers[i];
		struct replica *replica = &replicas->items[replicas->n];

		if (strcmp(seen->service, replicas->service->name) != 0)
			continue;
		if (seen->candidate) {
			plan_surplus(up, seen, "left over from an update that did not end");
			continue;
		}
		*replica = (struct replica){.seen = seen,
					    .cause = plan_cause(up, seen, replicas->service),
					    .gone = gone};
		if (gone)
			replica->cause = "its network changed";
		else if (!replica->cause && plan_loses_namespaces(up, replicas->service))
			replica->cause = "it shares namespaces with one that is replaced";
		replicas->n++;
	}
}

static bool index_is_seen(const struct replicas *replicas, unsigned int index)
{
	const struct observation *actual = replicas->up->actual;

	for (size_t i = 0; i < actual->n_containers; i++)
		if (actual->containers[i].index == index &&
		    strcmp(actual->containers[i].service, replicas->service->name) == 0)
			return true;
	return false;
}

/* The lowest number that no container has. */
static unsigned int next_index(struct replicas *replicas)
{
	do
		replicas->last_index++;
	while (index_is_seen(replicas, replicas->last_index));
	return replicas->last_index;
}

static const char *name_of(const struct replicas *replicas, unsigned int index)
{
	return plan_container_name(replicas->up->desired->project, replicas->service, index,
				   arena_of(replicas));
}

/* --- making and starting --- */

/* What ACTION, which makes a container, has to know and to wait for. */
static void stand_on_ground(struct replicas *replicas, uint32_t action, unsigned int index)
{
	struct up *up = replicas->up;
	const struct project *project = up->desired->project;
	const struct service *service = replicas->service;
	struct action *made = &up->builder.plan.actions[action];

	made->config_hash = arena_strdup(arena_of(replicas), replicas->want->config_hash);
	made->live_hash = arena_strdup(arena_of(replicas), replicas->want->live_hash);
	made->image_id = arena_strdup(arena_of(replicas), replicas->want->image_id);
	plan_about(&up->builder, action, service, index);
	for (size_t i = 0; i < service->n_networks; i++) {
		const struct network *n = project_network(project, service->networks[i].network);

		if (n)
			plan_edge(&up->builder, action, up->networks[n - project->networks]);
	}
	for (size_t i = 0; i < service->n_mounts; i++) {
		const struct mount *m = &service->mounts[i];
		const struct volume *v = m->type == MOUNT_VOLUME && m->source
						 ? project_volume(project, m->source)
						 : NULL;

		if (v)
			plan_edge(&up->builder, action, up->volumes[v - project->volumes]);
	}
}

static void create_after_shared(struct up *up, uint32_t create, const struct service *service)
{
	const char *shared[SHARING_MAX + 1];

	sharing_services(service, shared);
	for (size_t i = 0; shared[i]; i++) {
		size_t other = up_service(up, shared[i]);

		if (other != SIZE_MAX)
			plan_edge(&up->builder, create, up->services[other].create);
	}
}

static uint32_t plan_create(struct replicas *replicas, unsigned int index, const char *reason,
			    enum apply_class apply_class)
{
	struct up *up = replicas->up;
	struct service_plan *plan = service_plan(replicas);
	uint32_t create = plan_add(&up->builder, ACTION_CONTAINER_CREATE, name_of(replicas, index),
				   reason, apply_class);

	stand_on_ground(replicas, create, index);
	create_after_shared(up, create, replicas->service);
	if (plan->create == PLAN_NOTHING)
		plan->create = create;
	return create;
}

static void plan_start(struct replicas *replicas, unsigned int index, const char *name,
		       const char *reason, uint32_t after)
{
	struct up *up = replicas->up;
	uint32_t start;

	/* The clock starts what has a schedule. */
	if (up->options->no_start || replicas->service->schedule)
		return;
	plan_await_dependencies(up, replicas->service);
	start = plan_add(&up->builder, ACTION_CONTAINER_START, name, reason, APPLY_NONE);
	plan_about(&up->builder, start, replicas->service, index);
	plan_edge(&up->builder, start, after);
	plan_start_after_dependencies(up, start, replicas->service);
	service_plan(replicas)->starts = true;
}

static void plan_new(struct replicas *replicas, const char *reason)
{
	unsigned int index = next_index(replicas);
	uint32_t create = plan_create(replicas, index, reason, APPLY_NONE);

	plan_start(replicas, index, name_of(replicas, index), "new", create);
}

/* --- replacing --- */

static void plan_in_place(struct replicas *replicas, const struct replica *replica)
{
	struct up *up = replicas->up;
	const struct observed_container *seen = replica->seen;
	bool runs = seen->state == OBSERVED_RUNNING;
	uint32_t stop = PLAN_NOTHING, removed = PLAN_NOTHING, create;

	if (!replica->gone) {
		plan_stop_dependents(up, replicas->service);
		stop = plan_stop(up, seen, replica->cause, APPLY_RECREATE);
		plan_stop_after_dependents(up, stop, replicas->service);
		removed = plan_add(&up->builder, ACTION_CONTAINER_REMOVE, seen->name,
				   replica->cause, APPLY_RECREATE);
		plan_about(&up->builder, removed, replicas->service, seen->index);
		plan_edge(&up->builder, removed, stop);
	}
	create = plan_create(replicas, seen->index, replica->cause, APPLY_RECREATE);
	plan_edge(&up->builder, create, removed);
	plan_impact(&up->builder, create, runs ? IMPACT_RESTART : IMPACT_NONE);
	plan_start(replicas, seen->index, name_of(replicas, seen->index), replica->cause, create);
	service_plan(replicas)->replaced = true;
}

/* Not more of them at the same time than the service says. */
static void queue_update(struct replicas *replicas, uint32_t action)
{
	int64_t parallelism = service_update_parallelism(replicas->service);
	struct plan_builder *builder = &replicas->up->builder;
	size_t n = replicas->n_updates;

	if (parallelism > 0 && n >= (size_t)parallelism) {
		if (service_update_failure(replicas->service) == UPDATE_CONTINUE)
			plan_edge_behind(builder, action,
					 replicas->updates[n - (size_t)parallelism]);
		else
			plan_edge(builder, action, replicas->updates[n - (size_t)parallelism]);
	}
	replicas->updates[replicas->n_updates++] = action;
}

static void plan_update(struct replicas *replicas, const struct replica *replica,
			enum update_order order)
{
	struct up *up = replicas->up;
	bool first = order == UPDATE_START_FIRST;
	unsigned int index = first ? next_index(replicas) : replica->seen->index;
	uint32_t action;

	plan_await_dependencies(up, replicas->service);
	action = plan_add(&up->builder, ACTION_CONTAINER_REPLACE, name_of(replicas, index),
			  replica->cause, APPLY_ROLLING);
	up->builder.plan.actions[action].replaces =
		arena_strdup(arena_of(replicas), replica->seen->name);
	plan_impact(&up->builder, action, first ? IMPACT_KEPT : IMPACT_RESTART);
	stand_on_ground(replicas, action, index);
	plan_start_after_dependencies(up, action, replicas->service);
	queue_update(replicas, action);
	service_plan(replicas)->starts = true;
	service_plan(replicas)->replaced = true;
}

static bool is_shared(const struct up *up, const struct service *service)
{
	const struct project *project = up->desired->project;

	for (size_t i = 0; i < project->n_services; i++) {
		const char *shared[SHARING_MAX + 1];

		sharing_services(&project->services[i], shared);
		for (size_t j = 0; shared[j]; j++)
			if (strcmp(shared[j], service->name) == 0)
				return true;
	}
	return false;
}

static bool can_be_updated(const struct replicas *replicas, const struct replica *replica)
{
	const struct up *up = replicas->up;
	const char *shared[SHARING_MAX + 1];

	sharing_services(replicas->service, shared);
	return replica->seen->state == OBSERVED_RUNNING && !replica->gone &&
	       !replica->seen->broken && !replicas->service->schedule && !shared[0] &&
	       !is_shared(up, replicas->service) && !up->options->no_start;
}

/* --- staying --- */

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

static uint32_t plan_live_update(struct replicas *replicas, const struct observed_container *seen)
{
	struct up *up = replicas->up;
	enum impact impact;
	const char *cause = plan_live_cause(up, replicas->service, &impact);
	uint32_t action =
		plan_add(&up->builder, ACTION_CONTAINER_UPDATE, seen->name, cause, APPLY_LIVE);

	stand_on_ground(replicas, action, seen->index);
	plan_impact(&up->builder, action, impact);
	return action;
}

/* It was stopped, or is, because what it depends on is another one now. */
static uint32_t plan_restart(struct replicas *replicas, const struct observed_container *seen)
{
	struct up *up = replicas->up;
	uint32_t stop;

	if (!plan_restarts_with(up, replicas->service))
		return up->stops[seen - up->actual->containers];
	stop = up->stops[seen - up->actual->containers];
	if (stop != PLAN_NOTHING)
		return stop;
	stop = plan_stop(up, seen, "what it depends on was replaced", APPLY_NONE);
	for (size_t i = 0; i < replicas->service->n_depends_on; i++) {
		size_t on = up_service(up, replicas->service->depends_on[i].service);

		for (uint32_t a = up->services[on].first;
		     replicas->service->depends_on[i].restart && a < up->services[on].last; a++)
			if (up->builder.plan.actions[a].type == ACTION_CONTAINER_REPLACE)
				plan_edge(&up->builder, stop, a);
	}
	return stop;
}

static void plan_staying(struct replicas *replicas, const struct replica *replica)
{
	struct up *up = replicas->up;
	const struct observed_container *seen = replica->seen;
	uint32_t update = PLAN_NOTHING, stop = plan_restart(replicas, seen);

	if (strcmp(seen->live_hash, replicas->want->live_hash) != 0)
		update = plan_live_update(replicas, seen);
	if (stop != PLAN_NOTHING) {
		plan_edge(&up->builder, update, stop);
		plan_start(replicas, seen->index, seen->name, "what it depends on was replaced",
			   update != PLAN_NOTHING ? update : stop);
	} else if (seen->state != OBSERVED_RUNNING &&
		   !is_completed_job(up, replicas->service, seen)) {
		plan_start(replicas, seen->index, seen->name,
			   seen->state == OBSERVED_EXITED ? "it has ended" : "not started", update);
	}
}

static void plan_replica(struct replicas *replicas, const struct replica *replica)
{
	enum update_order order = service_update_order(replicas->service);

	if (!replica->cause)
		plan_staying(replicas, replica);
	else if (order != UPDATE_ORDER_NONE && can_be_updated(replicas, replica))
		plan_update(replicas, replica, order);
	else
		plan_in_place(replicas, replica);
}

void plan_service(struct up *up, size_t at)
{
	struct replicas replicas = {.up = up,
				    .service = &up->desired->project->services[at],
				    .want = &up->desired->services[at]};
	size_t scale = (size_t)replicas.service->scale;

	find_replicas(&replicas);
	replicas.updates = ARENA_ARRAY(arena_of(&replicas), uint32_t, replicas.n + 1);
	/* One that was not asked for keeps as many as it has. */
	if (!replicas.want->wanted || replicas.n < scale)
		scale = replicas.want->wanted ? scale : replicas.n;
	qsort(replicas.items, replicas.n, sizeof(*replicas.items), by_merit);
	for (size_t i = scale; i < replicas.n; i++) {
		uint32_t stop =
			plan_stop(up, replicas.items[i].seen, "more than its scale", APPLY_NONE);

		if (stop != PLAN_NOTHING && scale > 0) {
			up->builder.plan.actions[stop].drain = true;
			plan_impact(&up->builder, stop, IMPACT_KEPT);
		}
		plan_surplus(up, replicas.items[i].seen, "more than its scale");
	}
	replicas.n = replicas.n < scale ? replicas.n : scale;
	qsort(replicas.items, replicas.n, sizeof(*replicas.items), by_index);
	for (size_t i = 0; i < replicas.n; i++)
		plan_replica(&replicas, &replicas.items[i]);
	for (size_t i = replicas.n; i < scale; i++)
		plan_new(&replicas, "missing");
}
