// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_UNPACK_H
#define STACK_STORE_IMPORT_UNPACK_H

#include "core/base/err.h"

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
struct unpack_limits {
	uint64_t max_bytes;   /* sum of the sizes of all files */
	uint64_t max_entries; /* entries in one layer */
};

struct unpack_stats {
	uint64_t bytes, entries;
};

/* What fits on the file system of FD without filling it, and at most 100 GiB. */
int unpack_limits_init(struct unpack_limits *limits, int fd, struct err *err);

/*
 * Unpack all entries of STREAM into the empty directory ROOT_FD, and count
 * them in STATS.  LIMITS apply to the sums in STATS, so one struct may count
 * several layers.  The umask is 0 meanwhile.
 *
 * -EPERM: an entry that leads out of the tree or through a non-directory.
 * -EFBIG: beyond a limit.  -EINVAL: damaged.  -ENOSPC: the disk is full.
 * Blocks: for the source and the disk.
 */
int unpack_layer(struct stream *stream, int root_fd, const struct unpack_limits *limits,
		 struct unpack_stats *stats, struct err *err);

/* Only count what unpack_layer() would unpack, for a layer that is there already. */
int unpack_count(struct stream *stream, const struct unpack_limits *limits,
		 struct unpack_stats *stats, struct err *err);

#endif
