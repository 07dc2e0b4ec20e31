// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONVERGE_PLAN_BUILD_H
#define STACK_CORE_CONVERGE_PLAN_BUILD_H

#include "core/base/err.h"
#include "core/converge/plan.h"
#include "core/model/project.h"

/*
 * Plan builder: appending actions and their edges
 *
 * Shared by the files that compute plans; nobody else needs it.
 */
struct observed_network;

#define PLAN_NOTHING UINT32_MAX /* an action that turned out not to be needed */

struct plan_builder {
	struct plan plan;
	size_t actions_size, warnings_size;
};

void plan_builder_init(struct plan_builder *builder);

/* Append an action; returns its index.  The strings are copied. */
uint32_t plan_add(struct plan_builder *builder, enum action_type type, const char *target,
		  const char *reason, enum apply_class apply_class);

/* The action that waits until SERVICE is as a dependent with CONDITION needs it. */
uint32_t plan_await(struct plan_builder *builder, const struct service *service,
		    enum depends_condition condition);
void plan_warn(struct plan_builder *builder, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ACTION waits for EARLIER; PLAN_NOTHING on either side is passed over. */
void plan_edge(struct plan_builder *builder, uint32_t action, uint32_t earlier);

/* The same, but EARLIER may have failed or been given up. */
void plan_edge_behind(struct plan_builder *builder, uint32_t action, uint32_t earlier);

/* Say what users notice of it. */
void plan_impact(struct plan_builder *builder, uint32_t action, enum impact impact);

/* Say whose container the action is about. */
void plan_about(struct plan_builder *builder, uint32_t action, const struct service *service,
		unsigned int index);

/* A network that others are in is not taken from under them.  Returns -EBUSY. */
int plan_refuse_guests(const struct observed_network *network, struct err *err);

#endif
