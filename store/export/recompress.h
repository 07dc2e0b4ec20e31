// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_EXPORT_RECOMPRESS_H
#define STACK_STORE_EXPORT_RECOMPRESS_H

#include "core/base/err.h"
#include "store/digest.h"

#include <stdint.h>

/*
 * Recompress: a layer's blob in another compression
 *
 * The same bytes give the same blob: no time and no name is written.
 */
enum compression { COMPRESSION_KEEP, COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };

/* Media type of a layer that is compressed so. */
const char *compression_media_type(enum compression compression);

/*
 * Read the blob IN, compressed in any way that stream.h knows, and write it to OUT
 * with COMPRESSION.  RET_HEX and RET_BYTES are about what was written.
 *
 * -EINVAL: what it unpacks to does not have the digest DIFF_HEX.
 * Blocks: for the disk.
 */
int recompress(int in, int out, enum compression compression, const char *diff_hex,
	       char ret_hex[DIGEST_HEX_LEN + 1], uint64_t *ret_bytes, struct err *err);

#endif
