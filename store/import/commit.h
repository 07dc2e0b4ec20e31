// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_COMMIT_H
#define STACK_STORE_IMPORT_COMMIT_H

#include "core/base/err.h"

#include <stdint.h>

struct image;
struct layout;

/*
 * Commit: an image, and on top of it what a container has changed, become an image
 */
struct commit_options {
	const char *image;     /* what the container was made from: an id */
	const char *upper;     /* the upper directory of its overlay */
	uint32_t first_id;     /* whose owner 0 there is */
	const char *reference; /* what it is to be called */
	char *const *changes;  /* lines for change.h, NULL-terminated */
	const char *message;   /* for the history; NULL: none */
};

/*
 * -ENOENT: the image is not in the store.  -EINVAL: a file changed while it was
 * read, or a change is none.  -EFBIG: it has as many layers as an image can have.
 * Blocks: for the disk.
 */
int commit_run(struct layout *layout, const struct commit_options *options, struct image *ret_image,
	       struct err *err);

#endif
