// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_LAYERS_H
#define STACK_STORE_IMPORT_LAYERS_H

#include "core/base/err.h"
#include "store/digest.h"
#include "store/import/stream.h"
#include "store/import/unpack.h"

struct bundle_layer;
struct json_t;
struct layout;
struct spool;

/*
 * Layers: those of the image that is being imported, unpacked under dotted
 * names until all of the image is known to be right
 */
struct layers {
	struct layout *layout;
	struct unpack_limits limits;
	struct unpack_stats stats;
	const struct stream_progress *progress;
	struct json_t *fresh; /* set of the diff ids in .new-<hex> */
};

/* MAX_BYTES 0: what there is room for (unpack.h). */
int layers_init(struct layers *layers, struct layout *layout, uint64_t max_bytes,
		const struct stream_progress *progress, struct err *err);

/* What was not committed is removed. */
void layers_release(struct layers *layers);

/*
 * Verify that LAYER has the diff id DIFF_HEX, and unpack it unless the store
 * has it.  Where LAYER does not know its media type it is found out.
 *
 * -EINVAL: damaged, or another digest.  Else as unpack_layer().
 * Blocks: for the disk.
 */
int layers_add(struct layers *layers, const struct spool *spool, struct bundle_layer *layer,
	       const char *diff_hex, struct err *err);

/* Unpack a layer whose diff id only its last byte tells.  Blocks: for source and disk. */
int layers_add_stream(struct layers *layers, struct stream *stream,
		      char ret_hex[DIGEST_HEX_LEN + 1], uint64_t *ret_bytes, struct err *err);

/* Give the layers their names.  Their data is on the disk: the caller saw to that. */
int layers_commit(struct layers *layers, struct err *err);

#endif
