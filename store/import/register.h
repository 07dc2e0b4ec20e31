// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_REGISTER_H
#define STACK_STORE_IMPORT_REGISTER_H

#include "core/base/err.h"
#include "store/image.h"

#include <stddef.h>

struct bundle;
struct bundle_image;
struct layers;
struct spool;

/*
 * Register: from a bundle's images to images of the store
 *
 * register_prepare() believes nothing and changes nothing but temporary files;
 * register_commit() puts everything in its place.
 */
struct registration {
	const struct bundle_image *source;
	struct image image;
	char **blobs;	   /* hex digits, NULL-terminated */
	char **references; /* normalised, NULL-terminated */
};

/*
 * Check and unpack one image of a bundle, which is to be called REFERENCE, or
 * when that is NULL as the bundle says, or when it says nothing FALLBACK.  All
 * are taken in any form.  -EINVAL: damaged, or no name.
 *
 * Blocks: for the disk.
 */
int register_prepare(struct spool *spool, struct layers *layers, struct bundle_image *source,
		     const char *reference, const char *fallback, struct registration *ret,
		     struct err *err);

/* Blocks: until all of it is on the disk. */
int register_commit(struct spool *spool, struct layers *layers, const struct registration *list,
		    size_t n, struct err *err);

void registration_release(struct registration *registration);

#endif
