// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_BLOB_H
#define STACK_STORE_REGISTRY_BLOB_H

#include "store/digest.h"
#include "store/registry/transfer.h"

#include <stdbool.h>

/*
 * Blob: a transfer into a file
 *
 *	images/pull/<hex>.part	what has come so far; who writes has it locked, flock(2)
 *	images/pull/<hex>	all of it, size and digest verified
 *	images/blobs/sha256/<hex>	as the store has it, if it has it
 *
 * A .part stays when its writer dies, however that happens, and the next who wants the blob goes
 * on with it: the bytes that are there are hashed once more and the rest is asked for.  Two who
 * want the same blob at once do not both load it: the second waits.
 */
struct blob {
	struct transfer transfer; /* first: the operations get its address */
	char hex[DIGEST_HEX_LEN + 1];
	char path[sizeof("blobs/sha256:") + DIGEST_HEX_LEN];
	uint64_t size;
	bool is_layer;
	int pull_fd, blobs_fd; /* not its own */

	uint64_t received; /* verified or not */
	bool was_there;	   /* nothing of it had to be loaded */
	int fd;		   /* the .part, locked; -1 */
	struct digest_stream digest;
};

/* PULL_FD and BLOBS_FD stay the caller's and open. */
void blob_init(struct blob *blob, struct source *source, const char *hex, uint64_t size,
	       bool is_layer, int pull_fd, int blobs_fd);
void blob_release(struct blob *blob);

/* Is it complete, in either place? */
bool blob_is_there(const struct blob *blob);

/*
 * Remove what nobody has gone on with for a day.  Blocks: for the disk.
 */
void blob_sweep(int pull_fd);

#endif
