// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_NODE_H
#define STACK_CORE_MODEL_NODE_H

#include "core/model/project.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Node: a value of a stack file, before anybody knows what it means
 *
 * yaml.h makes them, interpolate.h fills in variables, merge.h makes one tree
 * of several, schema.h reads them into the model.  They live in an arena, may
 * be shared between trees, and know where they stand.
 */
enum node_kind { NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING };

/* The Compose Specification's tags for merging: !reset and !override. */
enum node_tag { TAG_NONE, TAG_RESET, TAG_OVERRIDE };

struct node_entry {
	const char *key;
	struct position pos; /* of the key */
	struct node *value;
};

struct node {
	enum node_kind kind;
	enum node_tag tag;
	bool quoted;	   /* scalar: with quotes or as a block, so text and nothing else */
	bool interpolated; /* interpolate.h has been here … */
	bool broken;	   /* … and has said what is wrong with it */
	struct position pos;
	const char *text; /* scalar: UTF-8 without NUL, never NULL */
	union {
		struct node **items;	    /* sequence */
		struct node_entry *entries; /* mapping */
	};
	size_t n;
	size_t weight; /* nodes in this tree, aliases followed */
};

/* null, ~, or nothing at all */
bool node_is_null(const struct node *node);

/* The entry's value, or NULL when NODE is no mapping or has no such key. */
struct node *node_get(const struct node *node, const char *key);

/* Do A and B say the same, keys in the same order? */
bool node_is_equal(const struct node *a, const struct node *b);

/* "text", "a list" or "a mapping", for messages. */
const char *node_kind_name(const struct node *node);

#endif
