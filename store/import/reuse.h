// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_REUSE_H
#define STACK_STORE_IMPORT_REUSE_H

#include "core/base/err.h"

struct bundle;
struct known;
struct spool;

/*
 * Reuse: blobs that are there already are no copies but further names of one file
 */

/*
 * Read the layout that buildah has written of one image to spool->source_fd, in
 * which a layer that the store has is a file without content, called by its diff
 * id: those are replaced by the store's blobs.
 *
 * -EINVAL: it is damaged.  -ENOENT: the store has lost a layer since.
 * Blocks: for the disk.
 */
int reuse_read_built(struct spool *spool, const struct known *known, struct bundle *ret_bundle,
		     struct err *err);

#endif
