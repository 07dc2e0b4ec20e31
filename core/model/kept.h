// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_KEPT_H
#define STACK_CORE_MODEL_KEPT_H

#include "core/model/node.h"

struct arena;
struct attribute;
struct writer;

/*
 * Kept: values that mean something to others only
 *
 * Attributes for clusters, other platforms and other programs are read, named
 * once as having no effect, and written out again as they were.
 */
struct kept {
	const struct attribute *attribute; /* the row it came by */
	const struct node *value;	   /* lives as long as the project */
	const struct kept *next;
};

/* A copy of VALUE in ARENA, without what it shares with other trees. */
struct node *kept_copy(struct arena *arena, const struct node *value);

/* Write NODE as it was read: plain numbers, true and false stay such. */
void kept_emit(struct writer *writer, const struct node *node);

#endif
