// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_DOCUMENT_H
#define STACK_STORE_IMPORT_DOCUMENT_H

#include "core/base/err.h"
#include "store/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;

/*
 * Documents: the indexes and manifests that an image is described by
 *
 * OCI image-spec and docker's schema 2, whose documents differ in nothing but
 * their media types (media-types.md, "compatibility matrix").  Pure: bytes in,
 * verdict out; used by whoever has the bytes, from an archive or a registry.
 */
enum media_kind { MEDIA_OTHER, MEDIA_INDEX, MEDIA_MANIFEST, MEDIA_CONFIG, MEDIA_LAYER };

struct media_type {
	const char *name;
	enum media_kind kind;
};

#define MEDIA_OCI_INDEX	      "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_MANIFEST    "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_CONFIG      "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER	      "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_DOCKER_INDEX    "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"

/* What NAME (may be NULL) is; static, of kind MEDIA_OTHER where it is nothing of an image. */
const struct media_type *media_type_find(const char *name);

/* The same for the `mediaType` of a descriptor or document. */
const struct media_type *media_type_of(const struct json_t *object);

/*
 * LEN bytes of TEXT as a document of KIND, MEDIA_INDEX or MEDIA_MANIFEST; NAME
 * is what it is called in a sentence.
 *
 * -EINVAL: no JSON, another kind by its own word, or both (CVE-2021-41190).
 */
int document_parse(const char *text, size_t len, enum media_kind kind, const char *name,
		   struct json_t **ret_document, struct err *err);

/* A reference to other bytes: OCI image-spec descriptor.md. */
struct descriptor {
	const struct media_type *type;
	char hex[DIGEST_HEX_LEN + 1];
	uint64_t size;
};

/* -EINVAL: its digest is no sha256, or its size no size. */
int descriptor_read(const struct json_t *object, struct descriptor *ret_descriptor,
		    struct err *err);

/* What an image is made for: "linux/arm64/v8"; NULL is "does not matter". */
struct platform {
	const char *os, *architecture, *variant;
};

#define PLATFORM_TEXT_MAX 64

/*
 * Of the descriptors in LIST the one for WANTED, borrowed, or NULL.  One that names no
 * platform is taken where none fits better.
 */
const struct json_t *document_choose(const struct json_t *list, const struct platform *wanted);

/* The sentence after that NULL, with what there is.  Returns -EINVAL. */
int document_no_choice(const struct json_t *list, const struct platform *wanted, struct err *err);

/*
 * "linux/arm64/v8", "linux/amd64", "arm64" or "linux" as a platform, in BUF; what is left
 * out, and TEXT NULL, is this machine's.  -EINVAL: none of these.
 */
int platform_parse(const char *text, char buf[PLATFORM_TEXT_MAX], struct platform *ret_platform,
		   struct err *err);

#endif
