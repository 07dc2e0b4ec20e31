// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_MERGE_H
#define STACK_CORE_MODEL_MERGE_H

struct arena;
struct node;
struct schema;

/*
 * OVER laid over BASE, by the merge rules of SCHEMA's rows (schema.h); !reset
 * drops what BASE has, !override replaces it whatever the rule is.  Both stay
 * as they are; the result shares their nodes.  New texts are in TEXTS.
 */
struct node *merge_trees(struct arena *arena, struct arena *texts, const struct schema *schema,
			 struct node *base, struct node *over);

#endif
