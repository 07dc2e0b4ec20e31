// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_CHANGES_H
#define STACK_CORE_MODEL_CHANGES_H

#include <stddef.h>

#include "core/model/apply_class.h"

struct arena;
struct service;

/*
 * Changes: what two definitions of a service differ in
 *
 * Attribute by attribute, by the rows of schema_service: each is compared in
 * its canonical form, so that "1g" and "1024m" are no change.
 */
struct change {
	const char *key; /* "mem_limit", "deploy.update_config.delay" */
	enum apply_class apply_class;
};

/*
 * The attributes in which WAS and IS differ, in the order of the rows; RET_CHANGES
 * and its strings are in ARENA.  Returns how many there are.
 */
size_t service_changes(const struct service *was, const struct service *is, struct arena *arena,
		       struct change **ret_changes);

#endif
