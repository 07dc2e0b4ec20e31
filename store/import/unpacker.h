// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_UNPACKER_H
#define STACK_STORE_IMPORT_UNPACKER_H

#include "core/base/err.h"
#include "store/digest.h"
#include "store/import/stream.h"
#include "store/import/unpack.h"

#include <stdint.h>

/*
 * Unpacker: layers unpacked side by side
 *
 * A few threads, no more than there are processors, take the layers in the
 * order in which they were added.  Making files is most of the work, and
 * directories that have nothing in common do not wait for each other.
 */
struct unpacker;

/* One layer; the unpacker's. */
struct unpacking;

struct unpacked {
	char diff_hex[DIGEST_HEX_LEN + 1]; /* SHA-256 of the archive, uncompressed */
	uint64_t bytes;			   /* of all its files */
	const char *compression;	   /* as stream_compression(), static */
};

/*
 * BUDGET is shared by all layers and outlives the unpacker, as does PROGRESS
 * (may be NULL), whose report is called by any thread, one at a time, with the
 * sum of all layers, and whose stopped by all of them.  The umask of the process is 0 from now on
 * (unpack.h).
 */
int unpacker_new(struct unpack_budget *budget, const struct stream_progress *progress,
		 struct unpacker **ret_unpacker, struct err *err);

/* Layers that are not complete stay as they are.  Blocks: until no thread writes any more. */
void unpacker_free(struct unpacker *unpacker);

/*
 * Unpack the file FROM in FROM_FD into the empty directory TREE in TREE_FD, or
 * when TREE is NULL only read it.  The descriptors outlive the unpacker.
 */
int unpacker_add(struct unpacker *unpacker, int from_fd, const char *from, int tree_fd,
		 const char *tree, struct unpacking **ret_unpacking, struct err *err);

/*
 * What has become of it; may be asked more than once.  -errno as
 * unpack_layer() and stream_finish().  Blocks: until the layer is unpacked.
 */
int unpacker_wait(struct unpacker *unpacker, struct unpacking *unpacking, struct unpacked *ret,
		  struct err *err);

/* Nobody waits for it any more.  Blocks: until no thread writes to its directory. */
void unpacker_cancel(struct unpacker *unpacker, struct unpacking *unpacking);

#endif
