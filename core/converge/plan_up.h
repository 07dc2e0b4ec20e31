// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONVERGE_PLAN_UP_H
#define STACK_CORE_CONVERGE_PLAN_UP_H

#include "core/converge/plan.h"
#include "core/converge/plan_build.h"

/*
 * The plan for `up` while it is being computed: shared by plan_up.c (services)
 * and plan_ground.c (what they stand on: networks and volumes).
 */
struct service_plan;

struct up {
	struct plan_builder builder;
	const struct desired *desired;
	const struct observation *actual;
	const struct plan_options *options;
	uint32_t *networks; /* by project network: the action that makes it */
	uint32_t *volumes;
	bool *network_changed;
	struct service_plan *services;
};

/* Networks and volumes that wanted services use and that are missing or changed. */
void plan_networks(struct up *up, const char *const *hashes);
void plan_volumes(struct up *up);

#endif
