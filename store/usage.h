// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_USAGE_H
#define STACK_STORE_USAGE_H

#include "core/base/err.h"
#include "core/base/paths.h"

struct json_t;

/*
 * Usage: which images the containers of this host were made from
 *
 * Read from <run>/<project>/containers/<container>/record.json, so it knows
 * the containers that exist since the last boot, and from
 * <root>/projects/<project>/boot.json, so it knows those that a boot brings
 * back.  RET_USERS maps the 64 digits of an image's id to one
 * "project/container", or "project/service", that uses it.  A record that
 * vanishes meanwhile is skipped; one that cannot be read is an error, because
 * the caller wants to remove things.
 */
int usage_load(const struct paths *paths, struct json_t **ret_users, struct err *err);

#endif
