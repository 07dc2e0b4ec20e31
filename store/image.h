// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMAGE_H
#define STACK_STORE_IMAGE_H

#include "core/base/err.h"
#include "core/base/paths.h"

#include <stddef.h>
#include <stdint.h>

struct json_t;

/*
 * Images: what is in the store, for those who only read it
 *
 * The store is an OCI image layout.  Its blobs are foreign bytes, and only
 * stack-image parses them; on import it leaves, beside the layout, one file of
 * our own per image: <root>/images/stack/<hex of the manifest digest>.json,
 * with the configuration checked and flattened.  This module reads those and
 * index.json, and nothing else.
 */
struct image {
	char *id;	 /* "sha256:<64 hex>" of the manifest */
	char *reference; /* normalised: "docker.io/library/nginx:latest" */
	char **layers;	 /* diff ids as 64 hex digits, lowest first; NULL-terminated */
	size_t n_layers;
	char **entrypoint; /* NULL-terminated, or NULL where the image has none; so for cmd */
	char **cmd;
	char **env;	      /* "K=V", NULL-terminated, never NULL */
	char *working_dir;    /* NULL: "/" */
	char *user;	      /* NULL: root */
	char *stop_signal;    /* NULL: SIGTERM */
	char **volumes;	      /* paths in the image, NULL-terminated, never NULL */
	char **exposed_ports; /* "80/tcp" */
	char **health_test;   /* as in OCI/docker: ["CMD", …]; NULL: none */
	int64_t health_interval_ms, health_timeout_ms, health_start_period_ms; /* -1: not said */
	int64_t health_start_interval_ms, health_retries;
	uint64_t size;	   /* bytes of all layers unpacked */
	int64_t created_s; /* Unix time of the import */
};

/*
 * "nginx" → "docker.io/library/nginx:latest"; "host:5000/a/b@sha256:…" stays.
 * RET is SIZE bytes.  -EINVAL: no image reference (grammar of
 * distribution/reference: lower-case path components, tag, digest).
 */
int image_reference_normalize(const char *text, char *ret, size_t size, struct err *err);

/* Room for every normalised reference and its NUL. */
#define IMAGE_REFERENCE_SIZE 512

/* The length of REFERENCE without tag and digest: "host:5000/a/b".  Any form of one. */
size_t image_reference_name_len(const char *reference);

/* A normalised reference as people write it: "nginx:latest".  Points into REFERENCE. */
const char *image_reference_familiar(const char *reference);

/*
 * Find REFERENCE (any form; also an id or a unique prefix of at least 6 hex
 * digits of one).  -ENOENT: not in the store; the sentence says how to import it.
 */
int image_find(const struct paths *paths, const char *reference, struct image *ret_image,
	       struct err *err);

/*
 * When a registry last said that IMAGE is still what its name means, or the
 * image came: Unix time; 0 when its file is gone.  It is the modification time
 * of that file, so a reader needs nothing else.
 */
int64_t image_confirmed_s(const struct paths *paths, const struct image *image);

/* A registry has said so now. */
int image_confirm(const struct paths *paths, const struct image *image, struct err *err);

/* All images, by reference.  The array is freed with images_free(). */
int image_list(const struct paths *paths, struct image **ret_images, size_t *ret_n,
	       struct err *err);

void image_release(struct image *image);
void images_free(struct image *images, size_t n);

#endif
