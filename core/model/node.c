// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/node.h"

#include <string.h>

bool node_is_null(const struct node *node)
{
	return node->kind == NODE_SCALAR && !node->quoted &&
	       (strcmp(node->text, "") == 0 || strcmp(node->text, "~") == 0 ||
		strcmp(node->text, "null") == 0 || strcmp(node->text, "Null") == 0 ||
		strcmp(node->text, "NULL") == 0);
}

struct node *node_get(const struct node *node, const char *key)
{
	for (size_t i = 0; node && node->kind == NODE_MAPPING && i < node->n; i++)
		if (strcmp(node->entries[i].key, key) == 0)
			return node->entries[i].value;
	return NULL;
}

bool node_is_equal(const struct node *a, const struct node *b)
{
	if (a == b)
		return true;
	if (a->kind != b->kind || a->tag != b->tag || a->n != b->n)
		return false;
	if (a->kind == NODE_SCALAR)
		return strcmp(a->text, b->text) == 0 && node_is_null(a) == node_is_null(b);
	for (size_t i = 0; i < a->n; i++) {
		if (a->kind == NODE_SEQUENCE && !node_is_equal(a->items[i], b->items[i]))
			return false;
		if (a->kind == NODE_MAPPING &&
		    (strcmp(a->entries[i].key, b->entries[i].key) != 0 ||
		     !node_is_equal(a->entries[i].value, b->entries[i].value)))
			return false;
	}
	return true;
}

const char *node_kind_name(const struct node *node)
{
	static const char *const names[] = {
		[NODE_SCALAR] = "text", [NODE_SEQUENCE] = "a list", [NODE_MAPPING] = "a mapping"};

	return node_is_null(node) ? "nothing" : names[node->kind];
}
