// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_EARLY_H
#define STACK_STORE_IMPORT_EARLY_H

#include "core/base/err.h"
#include "core/base/paths.h"
#include "store/import/unpack.h"

#include <stdbool.h>

struct stream_progress;
struct unpacker;
struct unpacking;

/*
 * Early: layers of a pull that are unpacked while others still come in
 *
 * A download takes as long as it takes, so the store is not locked meanwhile.
 * Each layer becomes <root>/layers/.early-<digits of its blob>/, which this
 * process holds a lock on (layout.h); of several processes that pull the same
 * layer one unpacks it.  Whether it is the layer that its image speaks of is
 * found out when the image is complete (layers.h).
 */
struct early;

/* PULL_FD is where downloads arrive, the caller's.  PROGRESS as unpacker_new(). */
int early_new(const struct paths *paths, int pull_fd, const struct stream_progress *progress,
	      struct early **ret_early, struct err *err);

/* What nobody has taken is removed.  Blocks: until nothing is written any more. */
void early_free(struct early *early);

/*
 * Begin to unpack the blob HEX, which is complete.  That it is not among the downloads, or cannot
 * be begun, is no failure: then its image sees to it.
 */
void early_add(struct early *early, const char *hex);

/*
 * Take the layer over that the blob HEX was begun to be made.  RET_NAME has room for
 * LAYOUT_NAME_LEN bytes; RET_LOCK_FD is the caller's as long as he needs the directory.
 */
bool early_take(struct early *early, const char *hex, char *ret_name, int *ret_lock_fd,
		struct unpacking **ret_unpacking);

/* Early's own, for what its images have beside. */
struct unpacker *early_unpacker(struct early *early);
struct unpack_budget *early_budget(struct early *early);

#endif
