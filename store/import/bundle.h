// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_BUNDLE_H
#define STACK_STORE_IMPORT_BUNDLE_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;
struct spool;
struct spool_file;

/*
 * Bundle: the images in an archive or layout, before their content is believed
 *
 * Read from index.json (OCI image-spec, image-layout.md, image-index.md,
 * manifest.md) or, where there is none, from the manifest.json of `docker
 * save`.  Of an image for several platforms the one for this machine is taken.
 * Every file found through a descriptor has the digest and size it names.
 */
struct bundle_layer {
	struct spool_file *file;
	const char *media_type; /* static */
};

struct bundle_image {
	char **references; /* as they stand in the bundle, NULL-terminated, may be empty */
	struct spool_file *manifest; /* NULL: the bundle has none, it is to be made */
	const char *manifest_type;   /* static */
	struct spool_file *config;
	struct bundle_layer *layers; /* lowest first */
	size_t n_layers;
	bool pinned; /* the reference it gets may name a digest */
};

struct bundle {
	struct bundle_image *images;
	size_t n_images;
};

/*
 * NAME is what the bundle is called by default: layouts made by umoci and
 * skopeo know only the tags of their images.
 *
 * -EINVAL: damaged, or no image for this machine.  -ENOENT: incomplete.
 */
int bundle_read(struct spool *spool, const char *name, struct bundle *ret_bundle, struct err *err);
void bundle_release(struct bundle *bundle);

/* For the two readers: FILE as a JSON object or array; a new image at the end of BUNDLE. */
int bundle_json(const struct spool *spool, const struct spool_file *file, struct json_t **ret_json,
		struct err *err);
struct bundle_image *bundle_add(struct bundle *bundle, struct err *err);
int bundle_add_reference(struct bundle_image *image, const char *reference, struct err *err);
int bundle_add_layer(struct bundle_image *image, struct spool_file *file, const char *media_type,
		     struct err *err);
int bundle_read_docker(struct spool *spool, struct bundle *bundle, struct err *err);
int bundle_read_oci(struct spool *spool, struct spool_file *index, const char *name,
		    struct bundle *bundle, struct err *err);

#endif
