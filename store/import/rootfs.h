// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_ROOTFS_H
#define STACK_STORE_IMPORT_ROOTFS_H

#include "core/base/err.h"

struct bundle;
struct import_options;
struct layers;
struct spool;
struct spool_file;
struct stream;

/*
 * Rootfs: a bare root file system becomes an image of one layer
 *
 * STREAM is its archive, which has been copied to LAYER from its first byte
 * on; or the source is the directory options->source.  BUNDLE gets the image.
 */
int rootfs_read_stream(struct spool *spool, struct layers *layers, struct stream *stream,
		       struct spool_file *layer, const struct import_options *options,
		       struct bundle *bundle, struct err *err);
int rootfs_read_directory(struct spool *spool, const struct import_options *options,
			  struct bundle *bundle, struct err *err);

#endif
