// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/converge/plan_build.h"

#include "core/base/arena.h"
#include "core/converge/observation.h"
#include "core/model/project.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const type_names[] = {
#define X(name, text) text,
	ACTION_TYPES(X)
#undef X
};

const char *action_type_name(enum action_type type)
{
	return type < ACTION_TYPE_COUNT ? type_names[type] : "?";
}

const char *apply_class_name(enum apply_class apply_class)
{
	static const char *const names[] = {[APPLY_NONE] = "none",
					    [APPLY_LIVE] = "live",
					    [APPLY_RELOAD] = "reload",
					    [APPLY_ROLLING] = "rolling",
					    [APPLY_RECREATE] = "recreate"};

	return names[apply_class];
}

const char *impact_name(enum impact impact)
{
	static const char *const names[] = {
#define X(name, text) text,
		IMPACTS(X)
#undef X
	};

	return names[impact];
}

const char *plan_container_name(const struct project *project, const struct service *service,
				unsigned int index, struct arena *arena)
{
	if (service->container_name && index == 1)
		return service->container_name;
	return arena_printf(arena, "%s-%s-%u", project->name, service->name, index);
}

void plan_release(struct plan *plan)
{
	arena_free(plan->arena);
	*plan = (struct plan)PLAN_INIT;
}

void plan_builder_init(struct plan_builder *builder)
{
	*builder = (struct plan_builder){.plan = {.arena = arena_new()}};
}

/* Room for one more of SIZE-byte ITEMS; the arena keeps the old array, which is small. */
static void *grow(struct arena *arena, void *items, size_t n, size_t *capacity, size_t size)
{
	void *grown;

	if (n < *capacity)
		return items;
	*capacity = *capacity ? *capacity * 2 : 16;
	grown = arena_array(arena, *capacity, size);
	if (n)
		memcpy(grown, items, n * size);
	return grown;
}

uint32_t plan_add(struct plan_builder *builder, enum action_type type, const char *target,
		  const char *reason, enum apply_class apply_class)
{
	struct plan *plan = &builder->plan;

	plan->actions = grow(plan->arena, plan->actions, plan->n_actions, &builder->actions_size,
			     sizeof(*plan->actions));
	plan->actions[plan->n_actions] =
		(struct action){.type = type,
				.target = arena_strdup(plan->arena, target),
				.reason = arena_strdup(plan->arena, reason),
				.apply_class = apply_class};
	return (uint32_t)plan->n_actions++;
}

uint32_t plan_await(struct plan_builder *builder, const struct service *service,
		    enum depends_condition condition)
{
	static const enum action_type types[DEPENDS_CONDITIONS] = {
		[DEPENDS_STARTED] = ACTION_CONTAINER_AWAIT_STARTED,
		[DEPENDS_HEALTHY] = ACTION_CONTAINER_AWAIT_HEALTHY,
		[DEPENDS_COMPLETED] = ACTION_CONTAINER_AWAIT_COMPLETED,
	};
	uint32_t action = plan_add(builder, types[condition], service->name,
				   "asked for by a dependent", APPLY_NONE);

	plan_about(builder, action, service, 0);
	return action;
}

void plan_warn(struct plan_builder *builder, const char *fmt, ...)
{
	struct plan *plan = &builder->plan;
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	plan->warnings = grow(plan->arena, plan->warnings, plan->n_warnings,
			      &builder->warnings_size, sizeof(*plan->warnings));
	plan->warnings[plan->n_warnings++] = arena_strdup(plan->arena, text);
}

/* Doubled at each power of two: the list needs no capacity of its own. */
static void add_edge(struct arena *arena, uint32_t **list, size_t *n, uint32_t earlier)
{
	uint32_t *grown;

	for (size_t i = 0; i < *n; i++)
		if ((*list)[i] == earlier)
			return;
	if ((*n & (*n - 1)) == 0) {
		grown = ARENA_ARRAY(arena, uint32_t, *n ? *n * 2 : 1);
		if (*n)
			memcpy(grown, *list, *n * sizeof(*grown));
		*list = grown;
	}
	(*list)[(*n)++] = earlier;
}

void plan_edge(struct plan_builder *builder, uint32_t action, uint32_t earlier)
{
	struct action *a;

	if (action == PLAN_NOTHING || earlier == PLAN_NOTHING)
		return;
	a = &builder->plan.actions[action];
	add_edge(builder->plan.arena, &a->after, &a->n_after, earlier);
}

void plan_edge_behind(struct plan_builder *builder, uint32_t action, uint32_t earlier)
{
	struct action *a;

	if (action == PLAN_NOTHING || earlier == PLAN_NOTHING)
		return;
	a = &builder->plan.actions[action];
	add_edge(builder->plan.arena, &a->behind, &a->n_behind, earlier);
}

void plan_impact(struct plan_builder *builder, uint32_t action, enum impact impact)
{
	if (action != PLAN_NOTHING)
		builder->plan.actions[action].impact = impact;
}

void plan_about(struct plan_builder *builder, uint32_t action, const struct service *service,
		unsigned int index)
{
	if (action == PLAN_NOTHING)
		return;
	builder->plan.actions[action].service = service;
	builder->plan.actions[action].index = index;
}

int plan_refuse_guests(const struct observed_network *network, struct err *err)
{
	return err_set(
		err, EBUSY,
		"network '%s' is in use by the project %s: take that down first, or let go of "
		"the network there",
		network->key, network->guests);
}
