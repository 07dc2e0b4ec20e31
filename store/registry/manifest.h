// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_MANIFEST_H
#define STACK_STORE_REGISTRY_MANIFEST_H

#include "core/base/err.h"
#include "store/import/document.h"

#include <stddef.h>

/*
 * Manifest: what of an image a registry has to be asked for
 */
struct manifest {
	struct descriptor self;
	struct descriptor config;
	struct descriptor *layers;
	size_t n_layers;
};

void manifest_release(struct manifest *manifest);

/* What is said to be accepted: the types that this module reads. */
#define MANIFEST_ACCEPT                                                                            \
	MEDIA_OCI_INDEX ", " MEDIA_DOCKER_INDEX ", " MEDIA_OCI_MANIFEST ", " MEDIA_DOCKER_MANIFEST

#define MANIFEST_MAX ((size_t)4 << 20)

/*
 * LEN bytes of TEXT that came with CONTENT_TYPE: what they are.  A registry that leaves out the
 * type is taken at the document's word.
 *
 * -EINVAL: no image; schema 1 has a sentence of its own.
 */
int manifest_type(const char *content_type, const char *text, size_t len,
		  const struct media_type **ret_type, struct err *err);

/* The manifest in TEXT, SELF being its descriptor.  -EINVAL: it is none of a container image. */
int manifest_parse(const char *text, size_t len, const struct descriptor *self,
		   struct manifest *ret_manifest, struct err *err);

/* Of the index in TEXT the manifest for PLATFORM.  -EINVAL: no index, or none for it. */
int manifest_choose(const char *text, size_t len, const struct platform *platform,
		    struct descriptor *ret_descriptor, struct err *err);

#endif
