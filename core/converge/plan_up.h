// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONVERGE_PLAN_UP_H
#define STACK_CORE_CONVERGE_PLAN_UP_H

#include "core/converge/plan.h"
#include "core/converge/plan_build.h"

struct err;
struct observed_container;

/*
 * The plan for `up` while it is being computed
 *
 *	plan_up.c		the whole, in order; who waits for whom
 *	plan_ground.c		what services stand on: networks and volumes
 *	plan_service.c		the containers of one service: which stay, come and go
 *	plan_stop.c		what stops, and what stops with it
 *	plan_cause.c		why one cannot stay as it is
 */
struct service_plan {
	uint32_t await[DEPENDS_CONDITIONS]; /* PLAN_NOTHING: not asked for yet */
	uint32_t first, last;		    /* its START and REPLACE actions are among these */
	uint32_t create;		    /* of its first new container; PLAN_NOTHING: none */
	bool starts;			    /* at least one container of it is started */
	bool replaced; /* at least one container of it is another one afterwards */
};

struct up {
	struct plan_builder builder;
	const struct desired *desired;
	const struct observation *actual;
	const struct plan_options *options;
	uint32_t *networks; /* by project network: the action that makes it */
	uint32_t *volumes;
	bool *network_changed;
	struct service_plan *services;
	uint32_t *stops; /* by observed container: the STOP of it */
};

/* Where in the project the service NAME is; SIZE_MAX: there is none. */
size_t up_service(const struct up *up, const char *name);

/*
 * Networks and volumes that wanted services use and that are missing or changed.
 *
 * -EBUSY: one that changed has guests.
 */
int plan_networks(struct up *up, const char *const *hashes, struct err *err);
void plan_volumes(struct up *up);

/* All AWAIT actions for SERVICE, which stand before the START that waits for them … */
void plan_await_dependencies(struct up *up, const struct service *service);
/* … and the edges from that START, or REPLACE, to them. */
void plan_start_after_dependencies(struct up *up, uint32_t start, const struct service *service);

/* The containers of service number AT. */
void plan_service(struct up *up, size_t at);

/* Stop CONTAINER, unless that is planned already; RET is its STOP, PLAN_NOTHING if it rests. */
uint32_t plan_stop(struct up *up, const struct observed_container *container, const char *reason,
		   enum apply_class apply_class);

/* Those that are restarted with SERVICE stop before it does, theirs before them … */
void plan_stop_dependents(struct up *up, const struct service *service);
/* … and the edges from its own STOP to theirs. */
void plan_stop_after_dependents(struct up *up, uint32_t stop, const struct service *service);

/* Stop and remove a container that nothing takes the place of. */
void plan_surplus(struct up *up, const struct observed_container *container, const char *reason);

/* Is a container replaced or made whose namespaces SERVICE is in?  They go with it. */
bool plan_loses_namespaces(const struct up *up, const struct service *service);

/* Does SERVICE depend on one that is replaced, and says that it is restarted then? */
bool plan_restarts_with(const struct up *up, const struct service *service);

/* Why CONTAINER cannot stay as it is; NULL when it can. */
const char *plan_cause(const struct up *up, const struct observed_container *container,
		       const struct service *service);

/* Which of its live attributes changed, and what users notice of it. */
const char *plan_live_cause(const struct up *up, const struct service *service,
			    enum impact *ret_impact);

#endif
