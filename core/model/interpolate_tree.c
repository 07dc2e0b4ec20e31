// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/interpolate.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/names.h"
#include "core/model/node.h"
#include "core/model/report.h"
#include "core/model/uses.h"
#include "core/model/utf8.h"
#include "core/model/variables.h"

#include <errno.h>
#include <string.h>

struct walk {
	struct interpolation in;
	struct names *warned;
	struct uses *uses;
	struct arena *arena;
	struct reporter *report;
	const struct node *at; /* the value in work */
	int r;
};

static void warn_unset(void *data, const char *name)
{
	struct walk *walk = data;

	if (walk->uses || names_get(walk->warned, name))
		return;
	names_add(walk->warned, arena_strdup(walk->arena, name), walk);
	report(walk->report, SEVERITY_WARNING, walk->at->pos,
	       "the variable '%s' is not set: nothing is put in its place", name);
}

static void note_use(void *data, const char *name, char sign, const char *word, size_t len)
{
	struct walk *walk = data;

	uses_add(walk->uses, name, sign, word, len, variables_get(walk->in.first, name),
		 walk->at->pos);
}

static void walk_scalar(struct walk *walk, struct node *node)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct err err = ERR_INIT;

	if (!strchr(node->text, '$'))
		return;
	walk->at = node;
	if (interpolate(&walk->in, node->text, strlen(node->text), &out, &err) < 0) {
		walk->r = report(walk->report, SEVERITY_ERROR, node->pos, "%s", err.msg);
		node->broken = true;
		return;
	}
	if (!utf8_is_valid(out.text)) {
		walk->r = report(walk->report, SEVERITY_ERROR, node->pos,
				 "a variable in this value is no UTF-8 text");
		node->broken = true;
		return;
	}
	node->text = arena_strndup(walk->arena, out.text, out.len);
	/* An empty variable makes an empty text, not the null that an empty value is. */
	node->quoted = true;
}

static void walk_node(struct walk *walk, struct node *node)
{
	if (node->interpolated)
		return;
	node->interpolated = true;
	if (node->kind == NODE_SCALAR)
		walk_scalar(walk, node);
	for (size_t i = 0; node->kind == NODE_SEQUENCE && i < node->n; i++)
		walk_node(walk, node->items[i]);
	for (size_t i = 0; node->kind == NODE_MAPPING && i < node->n; i++)
		walk_node(walk, node->entries[i].value);
}

int interpolate_tree(struct node *root, const struct variables *variables, struct uses *uses,
		     struct names *warned, struct arena *arena, struct reporter *report)
{
	struct walk walk = {
		.in = {.first = variables,
		       .budget = INTERPOLATION_BUDGET,
		       .unset = warn_unset,
		       .used = uses ? note_use : NULL},
		.warned = warned,
		.uses = uses,
		.arena = arena,
		.report = report,
	};

	walk.in.data = &walk;
	for (size_t i = 0; root->kind == NODE_MAPPING && i < root->n; i++)
		if (strncmp(root->entries[i].key, "x-", 2) != 0)
			walk_node(&walk, root->entries[i].value);
	return walk.r;
}
