// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_YAML_H
#define STACK_CORE_MODEL_YAML_H

#include "core/model/node.h"

#include <stddef.h>

struct arena;
struct reporter;

/*
 * YAML: text → tree of nodes with positions
 *
 * Anchors, aliases and merge keys are resolved: an alias is the very node it
 * names, so the tree is a graph in memory and a tree to walk.
 *
 * A file is hostile input, and limits keep reading it short: libyaml is
 * quadratic in the depth, and ten lines of aliases make a billion values.
 */
struct yaml_limits {
	size_t size;	 /* bytes */
	size_t nodes;	 /* values and keys that are written */
	size_t expanded; /* values that aliases add */
};

#define YAML_DEPTH_MAX 128

/* For files of the user's, and for what we wrote ourselves, which has no aliases. */
extern const struct yaml_limits yaml_limits_file, yaml_limits_own;

/*
 * Parse one document.  FILE is for messages and positions and is borrowed, as
 * is TEXT, until REPORT is done with.  Nodes are in ARENA; their texts and keys
 * are in TEXTS, so that a model made of them can do without the nodes.  An empty
 * text is a null scalar.
 *
 * -EINVAL: REPORT has been told why.
 */
int yaml_parse(const struct yaml_limits *limits, struct arena *arena, struct arena *texts,
	       struct reporter *report, const char *file, const char *text, size_t len,
	       struct node **ret_root);

#endif
