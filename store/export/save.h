// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_EXPORT_SAVE_H
#define STACK_STORE_EXPORT_SAVE_H

#include "core/base/err.h"
#include "core/base/paths.h"
#include "store/export/recompress.h"

#include <stddef.h>

/*
 * Save: images of the store become one archive
 *
 *	SAVE_OCI	an OCI image layout: oci-layout, index.json, blobs/sha256/…
 *	SAVE_DOCKER	what `docker save` writes: manifest.json, <hex>.json, <hex>/layer.tar
 *
 * With COMPRESSION_KEEP every byte of an image is as it came, so its digest stays.
 * The same images give the same archive.
 */
enum save_format { SAVE_OCI, SAVE_DOCKER };

struct save_options {
	enum save_format format;
	enum compression compression; /* of SAVE_OCI; layers in the other one have none */
};

/*
 * Write the N images NAMES to FD, which may be a pipe.
 *
 * -ENOENT: no such image.  -EINVAL: the store is damaged.
 * Blocks: for the disk and for who reads FD.
 */
int save_run(const struct paths *paths, char *const *names, size_t n, int fd,
	     const struct save_options *options, struct err *err);

#endif
