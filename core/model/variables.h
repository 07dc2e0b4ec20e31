// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_VARIABLES_H
#define STACK_CORE_MODEL_VARIABLES_H

#include "core/model/names.h"
#include "core/model/project.h"

#include <stddef.h>

struct arena;

/*
 * Variables: names with values, in the order they were first set
 */
struct variables {
	struct arena *arena; /* set by the owner; copies of all names and values */
	struct key_value *items;
	size_t n, size;
	struct names index; /* into items, from 1 */
};

/* VALUE may be NULL: the name alone. */
void variables_set(struct variables *variables, const char *name, const char *value);

/* All "K=V" of a NULL-terminated environ. */
void variables_set_environ(struct variables *variables, const char *const *environment);

/* NULL when it is not set.  VARIABLES may be NULL. */
const char *variables_get(const struct variables *variables, const char *name);

void variables_release(struct variables *variables);

#endif
