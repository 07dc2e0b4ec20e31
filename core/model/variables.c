// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/variables.h"

#include "core/base/arena.h"

#include <stdint.h>
#include <string.h>

void variables_set(struct variables *variables, const char *name, const char *value)
{
	uintptr_t at = (uintptr_t)names_get(&variables->index, name);

	if (at > 0) {
		variables->items[at - 1].value = arena_strdup(variables->arena, value);
		return;
	}
	if (variables->n == variables->size) {
		size_t size = variables->size ? variables->size * 2 : 32;
		struct key_value *items = ARENA_ARRAY(variables->arena, struct key_value, size);

		if (variables->n)
			memcpy(items, variables->items, variables->n * sizeof(*items));
		variables->items = items;
		variables->size = size;
	}
	name = arena_strdup(variables->arena, name);
	variables->items[variables->n++] =
		(struct key_value){name, arena_strdup(variables->arena, value)};
	names_add(&variables->index, name, (void *)(uintptr_t)variables->n);
}

void variables_set_environ(struct variables *variables, const char *const *environment)
{
	for (; environment && *environment; environment++) {
		const char *sign = strchr(*environment, '=');

		if (sign)
			variables_set(variables,
				      arena_strndup(variables->arena, *environment,
						    (size_t)(sign - *environment)),
				      sign + 1);
	}
}

const char *variables_get(const struct variables *variables, const char *name)
{
	uintptr_t at = variables ? (uintptr_t)names_get(&variables->index, name) : 0;

	return at > 0 ? variables->items[at - 1].value : NULL;
}

void variables_release(struct variables *variables)
{
	names_release(&variables->index);
	variables->n = variables->size = 0;
	variables->items = NULL;
}
