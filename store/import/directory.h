// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_DIRECTORY_H
#define STACK_STORE_IMPORT_DIRECTORY_H

#include "core/base/err.h"
#include "store/digest.h"

#include <stdint.h>

/*
 * Directory: a root file system on disk becomes a layer's tar archive
 *
 * The same tree gives the same bytes: names are sorted, times are whole
 * seconds, nothing about inodes is written.  Mount points appear as the empty
 * directories they cover, sockets are left out.
 */

/*
 * Write the tree at PATH to FD.  -EINVAL: a file changed while it was read.
 * Blocks: for the disk.
 */
int directory_write(const char *path, int fd, char ret_hex[DIGEST_HEX_LEN + 1], uint64_t *ret_bytes,
		    struct err *err);

/*
 * The same for PATH, the upper directory of an overlay that is no longer, or still,
 * mounted: what was removed and replaced there becomes the whiteouts of OCI image-spec
 * layer.md.  FIRST_ID is the id on disk of the container's root.
 *
 * -EINVAL: a file changed while it was read.
 */
int directory_write_upper(const char *path, uint32_t first_id, int fd,
			  char ret_hex[DIGEST_HEX_LEN + 1], uint64_t *ret_bytes, struct err *err);

#endif
