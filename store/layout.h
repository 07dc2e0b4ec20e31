// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_LAYOUT_H
#define STACK_STORE_LAYOUT_H

#include "core/base/err.h"
#include "core/base/paths.h"
#include "store/digest.h"

#include <stdbool.h>

/*
 * Layout: the image store, opened for changing it
 *
 *	<root>/images/oci-layout, index.json, blobs/sha256/<hex>	OCI image-layout.md
 *	<root>/images/stack/<hex>.json	image_file.h
 *	<root>/images/lock		the lock of this module
 *	<root>/images/tmp/		what an import has not verified yet
 *	<root>/images/pull/		what registries send (registry/blob.h), not locked
 *	<root>/layers/<hex>/		complete layers, never changed again
 *	<root>/layers/.new-<hex>/	being made by who has the lock; <hex> is the blob's
 *	<root>/layers/.early-<hex>/	being made by who has a flock(2) on it (import/early.h)
 *	<root>/layers/.old-<hex>/	being removed
 *
 * All changes go from tmp/ or a dotted name to the final one by rename, after
 * the data is on the disk; so a name that looks final is complete, whenever
 * the writer dies.  What a dead writer left behind is removed by the next one.
 * Everything is 0700: a layer holds setuid programs and device nodes which
 * nobody on the host may reach.
 */
struct layout {
	int images_fd, tmp_fd, blobs_fd, layers_fd, lock_fd;
	struct paths paths;
};

#define LAYOUT_INIT                                                                                \
	{                                                                                          \
		.images_fd = -1, .tmp_fd = -1, .blobs_fd = -1, .layers_fd = -1, .lock_fd = -1      \
	}

/*
 * Make what is missing, take the lock, remove what a dead writer left.
 * WAITED (may be NULL) is called once if another writer has the lock.
 *
 * Blocks: for another writer and for the disk.
 */
int layout_open(struct layout *layout, const struct paths *paths, void (*waited)(void),
		struct err *err);
void layout_release(struct layout *layout);

/*
 * Only <root>/layers, made if it is missing, without the lock; RET_FD is the
 * caller's.  What dead processes left of .early-<hex> there is removed.
 */
int layout_open_layers(const struct paths *paths, int *ret_fd, struct err *err);

/* Names in <root>/layers of what is not complete. */
#define LAYOUT_NEW	".new-"
#define LAYOUT_EARLY	".early-"
#define LAYOUT_OLD	".old-"
#define LAYOUT_NAME_LEN (sizeof(LAYOUT_EARLY) + DIGEST_HEX_LEN)
void layout_name(char ret[LAYOUT_NAME_LEN], const char *prefix, const char *hex);

/* Is the layer with diff id HEX there? */
bool layout_has_layer(const struct layout *layout, const char *hex);

/*
 * Remove images that no name in the index means and no container uses, then
 * the layers and blobs that no image is left for.  Blobs stay as long as the
 * index names images that are not ours (see index.h).
 *
 * Blocks: for the disk.
 */
int layout_collect(struct layout *layout, struct err *err);

#endif
