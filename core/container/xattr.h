// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_XATTR_H
#define STACK_CORE_CONTAINER_XATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Extended attributes that belong to a file, in an image as on disk
 */

/* Both from linux/limits.h, in bytes: the names of a file together, and one value. */
#define XATTR_NAMES_MAX ((size_t)64 << 10)
#define XATTR_VALUE_MAX ((size_t)64 << 10)

/*
 * Capabilities of programs and what users store.  Anything else speaks to the
 * host: overlay markers, security labels.
 */
bool xattr_is_portable(const char *name);

/*
 * VALUE is LEN bytes of "security.capability" as the host reads it; make of it
 * what the container reads whose id 0 is the host's FIRST_ID, and return its
 * length: what the root of a user namespace has given carries that root's id.
 * capabilities(7), "File capability versioning".
 */
size_t xattr_capability_inside(void *value, size_t len, uint32_t first_id);

#endif
