// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_IMPORT_H
#define STACK_STORE_IMPORT_IMPORT_H

#include "core/base/err.h"
#include "store/import/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image;
struct layout;

/*
 * Import: files become images of the store
 *
 * Everything is read and verified first; then, once it is on the disk, layers
 * and blobs get their names by rename, and the index last.  A failure, and the
 * death of the process, at any moment leave the store as it was, but for
 * temporary files that layout_open() sweeps.
 */
struct import_options {
	const char *source;    /* what the user calls it; for a directory its path */
	const char *reference; /* NULL: from the image, else from the source's name */
	char *const *changes;  /* lines for change.h, NULL-terminated; NULL: none */
	uint64_t max_bytes;    /* unpacked; 0: what there is room for */
	bool built;	       /* it is a layout for reuse_read_built() */
	struct stream_progress progress;
};

/*
 * Import from FD: an archive made by docker save, an OCI layout, as tar archive
 * or directory, or a root file system, as tar archive or directory.  Archives
 * may be compressed and may be pipes.  The images are freed with images_free().
 *
 * -EINVAL: no image, or damaged, or no name for it.  -EPERM, -EFBIG: as
 * unpack_layer().  -ENOSPC: no room; nothing was kept.
 * Blocks: for the source and the disk.
 */
int import_run(struct layout *layout, int fd, const struct import_options *options,
	       struct image **ret_images, size_t *ret_n, struct err *err);

#endif
