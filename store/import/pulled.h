// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_PULLED_H
#define STACK_STORE_IMPORT_PULLED_H

#include "core/base/err.h"
#include "store/digest.h"

#include <stddef.h>
#include <stdint.h>

struct early;
struct image;
struct layout;

/*
 * Pulled: an image whose blobs were downloaded becomes one of the store
 *
 * What downloads talks to strangers, so it is not believed: everything about
 * the image is read from its blobs once more, here, where there is no network.
 */
struct pulled {
	char *reference;  /* normalised; may name a digest */
	char *media_type; /* of the manifest */
	char hex[DIGEST_HEX_LEN + 1];
	uint64_t size; /* of the manifest */
	char **blobs;  /* hex digits of all blobs, manifest and configuration included;
			  NULL-terminated */
};

/*
 * Blobs are taken from PULL_FD, where downloads arrive, or from the store;
 * layers that EARLY has begun are not begun again.
 * Those in PULL_FD are removed when they are in the store.
 *
 * -ESTALE: one was removed meanwhile, so it is to be downloaded once more.
 * Else as import_run().  Blocks: for the disk.
 */
int pulled_import(struct layout *layout, int pull_fd, struct early *early,
		  const struct pulled *pulled, struct image *ret_image, struct err *err);

void pulled_release(struct pulled *pulled);

#endif
