// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_VOLUME_H
#define STACK_STORE_VOLUME_H

#include "core/base/err.h"
#include "core/base/paths.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Volumes: directories that outlive containers
 *
 * A volume is <root>/volumes/<name>/_data, as with docker's local driver.
 */

/* Its data directory into RET_PATH. */
int volume_path(const struct paths *paths, const char *name, char *ret_path, size_t size,
		struct err *err);

/* There already is success. */
int volume_create(const struct paths *paths, const char *name, struct err *err);

bool volume_exists(const struct paths *paths, const char *name);

/* With all that is in it; gone already is success.  Blocks: for the disk. */
int volume_remove(const struct paths *paths, const char *name, struct err *err);

#endif
