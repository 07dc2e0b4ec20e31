// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_LAYERS_H
#define STACK_STORE_IMPORT_LAYERS_H

#include "core/base/err.h"
#include "store/digest.h"
#include "store/import/known.h"
#include "store/import/stream.h"
#include "store/import/unpack.h"

#include <stddef.h>
#include <stdint.h>

struct bundle_layer;
struct early;
struct layer;
struct layout;
struct spool;
struct unpacker;

/*
 * Layers: those of the images that are being imported, unpacked under dotted
 * names until all of an image is known to be right
 */
struct layers {
	struct layout *layout;
	struct early *early; /* NULL: nothing was unpacked before */
	struct unpack_budget *budget, own_budget;
	struct unpacker *unpacker, *own_unpacker;
	uint64_t max_bytes; /* of one image */
	struct known known;
	struct layer *list;
	size_t n, size;
};

/*
 * MAX_BYTES is how much all images may unpack to; 0: what there is room for, and
 * at most UNPACK_BYTES_MAX.  PROGRESS may be NULL.  The lock of LAYOUT is held as
 * long as there are LAYERS.
 */
int layers_init(struct layers *layers, struct layout *layout, uint64_t max_bytes,
		const struct stream_progress *progress, struct err *err);

/* The same with the threads and the budget of EARLY, whose layers are used where they fit. */
int layers_init_early(struct layers *layers, struct layout *layout, struct early *early,
		      struct err *err);

/* What was not committed is removed.  Blocks: until nothing is written any more. */
void layers_release(struct layers *layers);

/*
 * Begin to verify that LAYER has the diff id DIFF_HEX, and to unpack it unless the store has it.
 */
int layers_add(struct layers *layers, const struct spool *spool, const struct bundle_layer *layer,
	       const char *diff_hex, struct err *err);

/*
 * The end of that.  Where LAYER does not know its media type it is set.
 * RET_BYTES is the sum of the sizes of its files.
 *
 * -EINVAL: damaged, or another digest.  Else as unpack_layer().
 * Blocks: for the disk.
 */
int layers_finish(struct layers *layers, struct bundle_layer *layer, const char *diff_hex,
		  uint64_t *ret_bytes, struct err *err);

/*
 * Unpack a layer that is read only once, uncompressed on its way into a blob: RET_HEX is both
 * its digest and its diff id, and known at its last byte.  Blocks: for source and disk.
 */
int layers_add_stream(struct layers *layers, struct stream *stream,
		      char ret_hex[DIGEST_HEX_LEN + 1], uint64_t *ret_bytes, struct err *err);

/* Give the layers their names.  Their data is on the disk: the caller saw to that. */
int layers_commit(struct layers *layers, struct err *err);

#endif
