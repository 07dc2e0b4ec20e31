// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_INDEX_H
#define STACK_STORE_INDEX_H

#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct json_t;

/*
 * Index: index.json of the image layout, which says what the images are called
 *
 * OCI image-spec, image-layout.md.  Each descriptor's annotation
 * org.opencontainers.image.ref.name is a normalised reference.  The index is
 * ours, but skopeo and others may have written to it: descriptors that are not
 * understood stay as they are.
 */

/* Read it from the layout directory; a layout without one has an empty index. */
int index_load(int images_fd, struct json_t **ret_index, struct err *err);

/* Blocks: for the disk. */
int index_store(int images_fd, struct json_t *index, struct err *err);

size_t index_size(const struct json_t *index);

/*
 * Reference and digest ("sha256:…") of entry I.  Either is NULL where the
 * entry has none that is well-formed.  Both belong to the index.
 */
void index_entry(const struct json_t *index, size_t i, const char **ret_reference,
		 const char **ret_digest);

/*
 * Media type and size of the manifest DIGEST, which belong to the index.
 * -ENOENT: no entry has it.
 */
int index_find(const struct json_t *index, const char *digest, const char **ret_media_type,
	       uint64_t *ret_size, struct err *err);

/* REFERENCE now means DIGEST, a manifest of SIZE bytes and no longer what it meant before. */
int index_set(struct json_t *index, const char *reference, const char *media_type,
	      const char *digest, uint64_t size, struct err *err);

/* Forget REFERENCE.  -ENOENT: it is not there. */
int index_remove(struct json_t *index, const char *reference, struct err *err);

#endif
