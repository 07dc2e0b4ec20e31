// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_PUSH_H
#define STACK_STORE_REGISTRY_PUSH_H

#include "core/base/err.h"
#include "store/registry/transfer.h"

#include <stddef.h>
#include <stdint.h>

struct http;
struct source;

/*
 * Push: images of the store, to their registries
 *
 * distribution-spec, "Push".  One image after the other, so that what two of
 * them share is sent once; the blobs of one go side by side, those that are
 * there are left out, and the manifest goes last and gets the tag.  All is as
 * the store has it, byte by byte, so an image has the same id everywhere.
 *
 * While an image is pushed its blobs are open: who removes it meanwhile stops
 * nothing.
 */
struct push_result {
	const char *hex;	     /* of the manifest */
	size_t n_layers, n_uploaded; /* different ones; of these, those that were not there */
	bool was_there;		     /* the manifest with its tag, and all else */
};

struct push_watcher {
	void (*begun)(void *data, const struct source *source);
	/* A layer of IMAGE, now at BYTES of SIZE: "waiting", "uploading", "uploaded", "exists" or
	 * "error". */
	void (*layer)(void *data, const char *image, const char *hex, const char *action,
		      uint64_t bytes, uint64_t size);
	void (*done)(void *data, const struct source *source, const struct push_result *result);
	void (*failed)(void *data, const struct source *source, const struct err *err);
	void *data;
};

struct push_options {
	struct transfer_policy policy;
	int blobs_fd; /* the directory, the caller's */
};

/*
 * HEX has, for each of the N SOURCES (source_init_push()), the digits of an image's id.
 * Returns how many failed.  Blocks: for the network.
 */
size_t push_run(struct http *http, struct source *sources, const char *const *hex, size_t n,
		const struct push_options *options, const struct push_watcher *watcher);

#endif
