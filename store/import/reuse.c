// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/reuse.h"

#include "core/base/cleanup.h"
#include "store/digest.h"
#include "store/import/bundle.h"
#include "store/import/known.h"
#include "store/import/spool.h"
#include "store/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}

static const char *hex_of(const json_t *descriptor)
{
	return digest_hex(json_string_value(json_object_get(descriptor, "digest")));
}

static int damaged(struct err *err)
{
	return err_set(err, EINVAL, "what buildah has written is not as expected");
}

static int find_blob(struct spool *spool, const char *hex, struct spool_file **ret_file,
		     struct err *err)
{
	char path[sizeof("blobs/sha256/") + DIGEST_HEX_LEN];
	int r;

	if (!hex)
		return damaged(err);
	snprintf(path, sizeof(path), "blobs/sha256/%s", hex);
	r = spool_find(spool, path, ret_file, err);
	return r == 0 && strcmp((*ret_file)->hex, hex) != 0 ? damaged(err) : r;
}

static bool has_no_content(const struct spool *spool, const char *hex)
{
	char path[sizeof("blobs/sha256/") + DIGEST_HEX_LEN];
	struct stat st;

	snprintf(path, sizeof(path), "blobs/sha256/%s", hex);
	return fstatat(spool->source_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size == 0;
}

static int add_layer(struct spool *spool, const json_t *layer, const struct known *known,
		     struct bundle_image *image, struct err *err)
{
	const char *hex = hex_of(layer), *blob;
	struct spool_file *file = NULL;
	int r;

	if (!hex || !has_no_content(spool, hex)) {
		r = find_blob(spool, hex, &file, err);
	} else {
		blob = known_blob(known, hex);
		r = blob ? spool_adopt(spool, spool->layout->blobs_fd, blob, &file, err)
			 : err_set(err, ENOENT,
				   "a layer of its base image was removed meanwhile; build it "
				   "again");
	}
	return r < 0 ? r : bundle_add_layer(image, file, NULL, err);
}

static int read_image(struct spool *spool, const json_t *index, const struct known *known,
		      struct bundle *bundle, struct err *err)
{
	const json_t *manifests = json_object_get(index, "manifests"), *layers;
	struct bundle_image *image = bundle_add(bundle, err);
	CLEANUP(json_cleanup) json_t *manifest = NULL;
	struct spool_file *file = NULL;
	int r;

	if (!image)
		return -err->code;
	r = find_blob(spool, hex_of(json_array_get(manifests, 0)), &file, err);
	if (r == 0)
		r = bundle_json(spool, file, &manifest, err);
	if (r == 0)
		r = find_blob(spool, hex_of(json_object_get(manifest, "config")), &image->config,
			      err);
	layers = json_object_get(manifest, "layers");
	for (size_t i = 0; r == 0 && i < json_array_size(layers); i++)
		r = add_layer(spool, json_array_get(layers, i), known, image, err);
	return r;
}

int reuse_read_built(struct spool *spool, const struct known *known, struct bundle *ret_bundle,
		     struct err *err)
{
	CLEANUP(json_cleanup) json_t *index = NULL;
	struct bundle bundle = {.n_images = 0};
	struct spool_file *file;
	int r = spool_find(spool, "index.json", &file, err);

	if (r == 0)
		r = bundle_json(spool, file, &index, err);
	if (r == 0)
		r = read_image(spool, index, known, &bundle, err);
	if (r < 0) {
		bundle_release(&bundle);
		return r;
	}
	*ret_bundle = bundle;
	return 0;
}
