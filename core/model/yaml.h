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
 * names, so the tree is a graph in memory and a tree to walk.  It is hostile
 * input, and these bounds keep reading it short:
 */
#define YAML_SIZE_MAX	  ((size_t)4 << 20) /* bytes of a file */
#define YAML_DEPTH_MAX	  128		    /* libyaml is quadratic in this */
#define YAML_NODES_MAX	  200000	    /* written in the file */
#define YAML_EXPANDED_MAX 100000	    /* added by aliases */

/*
 * Parse one document.  FILE is for messages and positions and is borrowed, as
 * is TEXT, until REPORT is done with.  Nodes are in ARENA; their texts and keys
 * are in TEXTS, so that a model made of them can do without the nodes.  An empty
 * text is a null scalar.
 *
 * -EINVAL: REPORT has been told why.
 */
int yaml_parse(struct arena *arena, struct arena *texts, struct reporter *report, const char *file,
	       const char *text, size_t len, struct node **ret_root);

#endif
