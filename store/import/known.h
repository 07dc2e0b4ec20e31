// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_KNOWN_H
#define STACK_STORE_IMPORT_KNOWN_H

#include "core/base/err.h"

struct json_t;
struct layout;

/*
 * Known: which blob of the store is which layer
 *
 * That a blob has a certain diff id was verified when its image came, and is
 * written in the image files; so a layer that is there, as blob and unpacked,
 * is not read again for the next image.
 */
struct known {
	struct json_t *diffs; /* blob → diff id, hex digits all */
	struct json_t *blobs; /* diff id → blob */
};

#define KNOWN_INIT                                                                                 \
	{                                                                                          \
		.diffs = NULL, .blobs = NULL                                                       \
	}

/* As the store is now; the lock is the caller's.  Blocks: for the disk. */
int known_load(struct known *known, const struct layout *layout, struct err *err);
void known_release(struct known *known);

/* The diff id of the blob HEX, or a blob of the layer with the diff id HEX; NULL: not known. */
const char *known_diff(const struct known *known, const char *hex);
const char *known_blob(const struct known *known, const char *hex);

#endif
