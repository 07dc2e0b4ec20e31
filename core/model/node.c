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

const char *node_kind_name(const struct node *node)
{
	static const char *const names[] = {
		[NODE_SCALAR] = "text", [NODE_SEQUENCE] = "a list", [NODE_MAPPING] = "a mapping"};

	return node_is_null(node) ? "nothing" : names[node->kind];
}
