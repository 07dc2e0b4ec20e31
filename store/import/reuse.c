// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/reuse.h"

#include "core/base/cleanup.h"
#include "store/digest.h"
#include "store/image.h"
#include "store/image_file.h"
#include "store/import/bundle.h"
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

/* Diff id → blob, of all images that say it without doubt. */
static int map_layers(const struct spool *spool, const struct paths *paths, json_t **ret_map,
		      struct err *err)
{
	json_t *map = json_object();
	struct image *images;
	size_t n;
	int r = image_list(paths, &images, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		char **blobs = NULL;
		size_t n_blobs = 0;

		r = image_file_blobs(spool->layout->images_fd, digest_hex(images[i].id), &blobs,
				     err);
		while (r == 0 && blobs[n_blobs])
			n_blobs++;
		/* Manifest, configuration, layers; a layer that occurs twice is in `layers` once.
		 */
		for (size_t k = 0;
		     r == 0 && n_blobs == images[i].n_layers + 2 && k < images[i].n_layers; k++)
			json_object_set_new(map, images[i].layers[k], json_string(blobs[k + 2]));
		image_file_list_free(blobs);
	}
	if (r == 0)
		images_free(images, n);
	if (r < 0) {
		json_decref(map);
		return r;
	}
	*ret_map = map;
	return 0;
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

static int add_layer(struct spool *spool, const json_t *layer, const json_t *map,
		     struct bundle_image *image, struct err *err)
{
	const char *hex = hex_of(layer), *known;
	struct spool_file *file = NULL;
	int r;

	if (!hex || !has_no_content(spool, hex)) {
		r = find_blob(spool, hex, &file, err);
	} else {
		known = json_string_value(json_object_get(map, hex));
		r = known ? spool_adopt(spool, spool->layout->blobs_fd, known, &file, err)
			  : err_set(err, ENOENT,
				    "a layer of its base image was removed meanwhile; build it "
				    "again");
	}
	return r < 0 ? r : bundle_add_layer(image, file, NULL, err);
}

static int read_image(struct spool *spool, const json_t *index, const json_t *map,
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
		r = add_layer(spool, json_array_get(layers, i), map, image, err);
	return r;
}

int reuse_read_built(struct spool *spool, const struct paths *paths, struct bundle *ret_bundle,
		     struct err *err)
{
	CLEANUP(json_cleanup) json_t *index = NULL;
	CLEANUP(json_cleanup) json_t *map = NULL;
	struct bundle bundle = {.n_images = 0};
	struct spool_file *file;
	int r = map_layers(spool, paths, &map, err);

	if (r == 0)
		r = spool_find(spool, "index.json", &file, err);
	if (r == 0)
		r = bundle_json(spool, file, &index, err);
	if (r == 0)
		r = read_image(spool, index, map, &bundle, err);
	if (r < 0) {
		bundle_release(&bundle);
		return r;
	}
	*ret_bundle = bundle;
	return 0;
}
