// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_PULL_H
#define STACK_STORE_REGISTRY_PULL_H

#include "core/base/err.h"
#include "store/import/document.h"
#include "store/registry/transfer.h"

#include <stddef.h>
#include <stdint.h>

struct http;
struct source;

/*
 * Pull: all blobs of images, from their registries into images/pull
 *
 * The manifest is asked for by tag or digest; of an index the manifest for the
 * platform.  Then configuration and layers of all images come in side by side.
 * Nothing of the store is changed: store/import/pulled.h does that, for it does
 * not believe what is done here, on the network.
 */
struct pull_watcher {
	/*
	 * A layer of IMAGE, now at BYTES of SIZE: "waiting", "downloading", "downloaded",
	 * "exists" or "error".
	 */
	void (*layer)(void *data, const char *image, const char *hex, const char *action,
		      uint64_t bytes, uint64_t size);
	/* IMAGE is complete: its manifest and the digits of all its blobs, NULL-terminated. */
	void (*image)(void *data, const struct source *source, const struct descriptor *manifest,
		      char *const *blobs);
	/* The manifest is the one that the store has under this name. */
	void (*current)(void *data, const struct source *source);
	void (*failed)(void *data, const struct source *source, const struct err *err);
	/* The id of the image in the store that SOURCE's name means, or NULL. */
	const char *(*known)(void *data, const struct source *source);
	void *data;
};

struct pull_options {
	struct platform platform;
	struct transfer_policy policy;
	int pull_fd, blobs_fd; /* directories, the caller's */
};

/* Blocks: for the network.  Returns how many of the N SOURCES failed. */
size_t pull_run(struct http *http, struct source *sources, size_t n,
		const struct pull_options *options, const struct pull_watcher *watcher);

#endif
