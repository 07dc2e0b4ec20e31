// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/names.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct name {
	const char *text;
	void *value;
};

static int name_compare(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static void *must(void *pointer)
{
	if (!pointer) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return pointer;
}

static struct name *names_find(const struct names *names, const char *text)
{
	struct name wanted = {.text = text};
	void *found = tfind(&wanted, &names->root, name_compare);

	return found ? *(struct name **)found : NULL;
}

void *names_add(struct names *names, const char *name, void *value)
{
	struct name *entry = names_find(names, name);

	if (entry)
		return entry->value;
	entry = must(malloc(sizeof(*entry)));
	*entry = (struct name){.text = name, .value = value};
	must(tsearch(entry, &names->root, name_compare));
	names->n++;
	return NULL;
}

void *names_set(struct names *names, const char *name, void *value)
{
	struct name *entry = names_find(names, name);
	void *old;

	if (!entry)
		return names_add(names, name, value);
	old = entry->value;
	entry->value = value;
	return old;
}

void *names_get(const struct names *names, const char *name)
{
	struct name *entry = names_find(names, name);

	return entry ? entry->value : NULL;
}

void names_release(struct names *names)
{
	tdestroy(names->root, free);
	*names = (struct names)NAMES_INIT;
}
