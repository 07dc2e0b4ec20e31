// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_UNPACK_H
#define STACK_STORE_IMPORT_UNPACK_H

#include "core/base/err.h"

#include <stdatomic.h>
#include <stdint.h>

struct stream;

/*
 * Unpack: a layer's tar archive becomes a directory that overlayfs can stack
 *
 * OCI image-spec layer.md.  The archive is hostile: place.h keeps every entry
 * inside the tree, node.h makes it without following anything, the limits
 * below bound what it may cost.  An entry that would need less than that is
 * not repaired but ends the import.
 */
#define UNPACK_BYTES_MAX ((uint64_t)100 << 30) /* of one image, if nobody says otherwise */

struct unpack_budget {
	uint64_t max_bytes;	/* sum of the sizes of all files */
	uint64_t max_entries;	/* in one layer */
	_Atomic uint64_t bytes; /* of all layers so far, which may be unpacked side by side */
};

void unpack_budget_init(struct unpack_budget *budget, uint64_t max_bytes);

/* How much fits on the file system of FD without filling it. */
int unpack_room(int fd, uint64_t *ret_bytes, struct err *err);

/* The sentence for what does not fit.  -EFBIG. */
int unpack_too_big(uint64_t max_bytes, struct err *err);

/*
 * Unpack all entries of STREAM into the empty directory ROOT_FD.  RET_BYTES is
 * the sum of the sizes of the layer's files.  The umask has to be 0.
 *
 * -EPERM: an entry that leads out of the tree or through a non-directory.
 * -EFBIG: beyond BUDGET.  -EINVAL: damaged.  -ENOSPC: the disk is full.
 * Blocks: for the source and the disk.
 */
int unpack_layer(struct stream *stream, int root_fd, struct unpack_budget *budget,
		 uint64_t *ret_bytes, struct err *err);

/* Only count what unpack_layer() would unpack, for a layer that is there already. */
int unpack_count(struct stream *stream, struct unpack_budget *budget, uint64_t *ret_bytes,
		 struct err *err);

#endif
