// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONVERGE_PLAN_H
#define STACK_CORE_CONVERGE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/apply_class.h"

struct arena;
struct err;
struct observation;
struct project;
struct service;

/*
 * Plan: what has to change
 *
 * plan_up() compares a project (what the stack file asks for) with an
 * observation (what the kernel and the records show) and lists the actions
 * that lead from the second to the first.  It carries none of them out: it
 * opens nothing, asks no clock, and looks at nothing but its arguments, so
 * the same arguments have the same plan.  `stack plan` prints it; apply.h
 * carries it out.
 *
 * plan->actions stands in an order that is correct if done one by one.  The
 * `after` edges say what has to be finished before an action may begin; all
 * else may go on at the same time.
 */

/*	 name			what people read	verb while it happens */
#define ACTION_TYPES(X)                                                                            \
	X(NETWORK_CREATE, "create network")                                                        \
	X(VOLUME_CREATE, "create volume")                                                          \
	X(CONTAINER_CREATE, "create container")                                                    \
	X(CONTAINER_UPDATE, "update container")                                                    \
	X(CONTAINER_REPLACE, "replace container")                                                  \
	X(CONTAINER_START, "start container")                                                      \
	X(CONTAINER_AWAIT_STARTED, "wait until started")                                           \
	X(CONTAINER_AWAIT_HEALTHY, "wait until healthy")                                           \
	X(CONTAINER_AWAIT_COMPLETED, "wait until completed")                                       \
	X(CONTAINER_STOP, "stop container")                                                        \
	X(CONTAINER_REMOVE, "remove container")                                                    \
	X(NETWORK_REMOVE, "remove network")                                                        \
	X(VOLUME_REMOVE, "remove volume")

enum action_type {
#define X(name, text) ACTION_##name,
	ACTION_TYPES(X)
#undef X
		ACTION_TYPE_COUNT
};

/*	 name		what users notice of it */
#define IMPACTS(X)                                                                                 \
	X(NONE, "no effect")                                                                       \
	X(KEPT, "connections kept")                                                                \
	X(RESTART, "restart")                                                                      \
	X(GAP, "gap")

enum impact {
#define X(name, text) IMPACT_##name,
	IMPACTS(X)
#undef X
};

struct action {
	enum action_type type;
	const char *target; /* "shop-web-1"; a network's key; a volume's name */
	const char *reason; /* "image changed"; for people */
	enum apply_class apply_class;
	enum impact impact;
	const char *replaces; /* REPLACE: the container that goes; TARGET itself: before it comes */
	bool drain;	      /* STOP: others of its service go on, so its connections end first */
	const struct service *service; /* container actions, where the project has it */
	unsigned int index;
	const char *config_hash, *live_hash, *image_id; /* CREATE and UPDATE */
	uint32_t *after; /* indices into plan->actions, all smaller than its own */
	size_t n_after;
	uint32_t *behind; /* likewise, but it does not matter how they ended */
	size_t n_behind;
};

struct plan {
	struct action *actions;
	size_t n_actions;
	const char **warnings; /* for people: orphans that are left alone */
	size_t n_warnings;
	struct arena *arena;
};

#define PLAN_INIT                                                                                  \
	{                                                                                          \
		.actions = NULL                                                                    \
	}

/* What the project asks for, with what its services' images say worked in. */
struct desired {
	const struct project *project;
	const struct project *previous;		/* what was asked for before; NULL: nothing */
	const struct desired_service *services; /* one for each of project->services */
	const char *const *network_hashes;	/* one for each of project->networks */
};

struct desired_service {
	const char *config_hash, *live_hash; /* confighash.h */
	const char *image_id;
	bool has_healthcheck; /* its own or its image's */
	bool wanted;	      /* asked for on the command line, or needed by one that is */
};

struct plan_options {
	bool force_recreate, no_recreate;
	bool remove_orphans;
	bool no_start;
	bool wait; /* end only when every wanted service is up and healthy */
};

/*
 * The way to DESIRED.  A container whose config hash differs is made anew
 * (STOP, REMOVE, CREATE, START), or by REPLACE where its service says how; one
 * whose live hash alone differs is updated.  What shares the namespaces of a
 * container that goes is made anew with it, and what depends on it with
 * `restart: true` is restarted, whether asked for or not.
 * RET_PLAN is left alone on failure; its strings live in its arena, services
 * are borrowed from the project.
 *
 * -ELOOP: depends_on has a cycle; the message names the services on it.
 */
int plan_up(const struct desired *desired, const struct observation *actual,
	    const struct plan_options *options, struct plan *ret_plan, struct err *err);

/*
 * Stop dependents before what they depend on, then remove everything that was
 * seen.  PROJECT (may be NULL) gives the dependencies.  With VOLUMES also the
 * volumes that PROJECT declares and that are not external.
 */
int plan_down(const struct project *project, const struct observation *actual, bool volumes,
	      struct plan *ret_plan, struct err *err);

/*
 * Stop, start, or stop and remove, what there is of the WANTED services (one bool for each
 * of project->services), in order.  A start waits until what the service depends on is as its
 * condition says.  PLAN_START also starts what the wanted ones depend on, PLAN_RESTART also
 * restarts what depends on them with `restart: true`.
 */
enum plan_cycle { PLAN_STOP, PLAN_START, PLAN_RESTART, PLAN_REMOVE };

struct cycle_options {
	enum plan_cycle cycle;
	bool wait;    /* end only when they are up and healthy */
	bool no_deps; /* RESTART leaves those that depend on them with `restart: true` */
};

int plan_cycle(const struct project *project, const struct observation *actual, const bool *wanted,
	       const struct cycle_options *options, struct plan *ret_plan, struct err *err);

/* Nothing to do: desired and actual agree. */
static inline bool plan_is_empty(const struct plan *plan)
{
	return plan->n_actions == 0;
}

const char *action_type_name(enum action_type type);
const char *apply_class_name(enum apply_class apply_class);
const char *impact_name(enum impact impact);

/* "shop-web-1", or what container_name says.  In ARENA. */
const char *plan_container_name(const struct project *project, const struct service *service,
				unsigned int index, struct arena *arena);

/* Free what PLAN owns and make it PLAN_INIT again.  Safe on PLAN_INIT. */
void plan_release(struct plan *plan);

#endif
