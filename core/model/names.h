// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_NAMES_H
#define STACK_CORE_MODEL_NAMES_H

#include <stddef.h>

/*
 * Names: what stands under a name
 *
 * A balanced tree (tsearch(3)) and not a hash table: the names come from files
 * that anybody may have written, and no choice of them makes it slow.  Names
 * and values are borrowed.
 */
struct names {
	void *root;
	size_t n;
};

#define NAMES_INIT                                                                                 \
	{                                                                                          \
		.root = NULL                                                                       \
	}

/* Put VALUE (not NULL) under NAME unless something is there: returns what was, or NULL. */
void *names_add(struct names *names, const char *name, void *value);

/* The same, but VALUE stands there afterwards. */
void *names_set(struct names *names, const char *name, void *value);

/* NULL when there is nothing of that name. */
void *names_get(const struct names *names, const char *name);

void names_release(struct names *names);

#endif
