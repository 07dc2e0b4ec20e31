// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_GRAPH_H
#define STACK_CORE_MODEL_GRAPH_H

#include <stddef.h>

struct arena;
struct project;

/*
 * Graph: depends_on as an order
 *
 * Fill RET_ORDER (project->n_services entries) with indices into
 * project->services so that each service stands behind what it depends on,
 * and otherwise in the order of the file.
 *
 * 0, or -ELOOP with RET_CYCLE (may be NULL) set to "a → b → a" in ARENA.
 * depends_on entries that name no service of the project are passed over.
 */
int graph_order(const struct project *project, size_t *ret_order, struct arena *arena,
		const char **ret_cycle);

/*
 * Mark in RET_WANTED (n_services bools, cleared first) the services NAMES and
 * all that they depend on; n_names 0 marks all.  -ENOENT: a name is unknown,
 * its index in RET_UNKNOWN.
 */
int graph_closure(const struct project *project, const char *const *names, size_t n_names,
		  _Bool *ret_wanted, size_t *ret_unknown);

#endif
