// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/register.h"

#include "core/base/cleanup.h"
#include "store/digest.h"
#include "store/image_file.h"
#include "store/import/bundle.h"
#include "store/import/config.h"
#include "store/import/document.h"
#include "store/import/layers.h"
#include "store/import/spool.h"
#include "store/index.h"
#include "store/layout.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void registration_release(struct registration *registration)
{
	image_release(&registration->image);
	image_file_list_free(registration->blobs);
	image_file_list_free(registration->references);
	*registration = (struct registration){0};
}

static int unpack_layers(const struct spool *spool, struct layers *layers,
			 struct bundle_image *source, char *const *diff_ids, uint64_t *ret_bytes,
			 struct err *err)
{
	uint64_t bytes = 0, sum = 0;
	size_t n = 0;
	int r = 0;

	while (diff_ids && diff_ids[n])
		n++;
	if (n != source->n_layers)
		return err_set(err, EINVAL,
			       "the image is damaged: its manifest lists %zu layers, its "
			       "configuration %zu",
			       source->n_layers, n);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = layers_add(layers, spool, &source->layers[i], diff_ids[i], err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = layers_finish(layers, &source->layers[i], diff_ids[i], &bytes, err);
		sum += bytes;
	}
	if (r == 0 && sum > layers->max_bytes)
		return unpack_too_big(layers->max_bytes, err);
	*ret_bytes = sum;
	return r;
}

static json_t *descriptor(const char *media_type, const struct spool_file *file)
{
	char digest[DIGEST_LEN + 1];

	snprintf(digest, sizeof(digest), "sha256:%s", file->hex);
	return json_pack("{s:s, s:s, s:I}", "mediaType", media_type, "digest", digest, "size",
			 (json_int_t)file->size);
}

/* OCI image-spec manifest.md, for an image that came without. */
static int make_manifest(struct spool *spool, struct bundle_image *source, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	json_t *layers = json_array(), *manifest;

	for (size_t i = 0; i < source->n_layers; i++)
		json_array_append_new(
			layers, descriptor(source->layers[i].media_type, source->layers[i].file));
	manifest = json_pack("{s:i, s:s, s:o, s:o}", "schemaVersion", 2, "mediaType",
			     MEDIA_OCI_MANIFEST, "config",
			     descriptor(MEDIA_OCI_CONFIG, source->config), "layers", layers);
	text = json_dumps(manifest, JSON_COMPACT);
	json_decref(manifest);
	if (!text)
		return err_nomem(err);
	source->manifest_type = MEDIA_OCI_MANIFEST;
	return spool_add_text(spool, "manifest", text, &source->manifest, err);
}

static int list_blobs(struct registration *registration, struct err *err)
{
	const struct bundle_image *source = registration->source;
	char **blobs = calloc(source->n_layers + 3, sizeof(*blobs));

	registration->blobs = blobs;
	if (!blobs)
		return err_nomem(err);
	blobs[0] = strdup(source->manifest->hex);
	blobs[1] = blobs[0] ? strdup(source->config->hex) : NULL;
	for (size_t i = 0; i < source->n_layers && blobs[i + 1]; i++)
		blobs[i + 2] = strdup(source->layers[i].file->hex);
	return blobs[source->n_layers + 1] ? 0 : err_nomem(err);
}

static int list_references(struct registration *registration, const char *reference,
			   const char *fallback, struct err *err)
{
	char *const *given = registration->source->references;
	char *one[] = {(char *)(reference ? reference : fallback), NULL};
	size_t n = 0;

	if (reference || !given || !given[0])
		given = one;
	if (!given[0])
		return err_set(err, EINVAL, "the image has no name in it; give it one");
	while (given[n])
		n++;
	registration->references = calloc(n + 1, sizeof(char *));
	if (!registration->references)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		char normal[IMAGE_REFERENCE_SIZE];
		int r = image_reference_normalize(given[i], normal, sizeof(normal), err);

		if (r == 0 && strchr(normal, '@') && !registration->source->pinned)
			r = err_set(err, EINVAL, "'%s': an image cannot be given a digest",
				    given[i]);
		if (r < 0)
			return r;
		registration->references[i] = strdup(normal);
		if (!registration->references[i])
			return err_nomem(err);
	}
	return 0;
}

static int prepare(struct spool *spool, struct layers *layers, struct bundle_image *source,
		   struct registration *registration, struct err *err)
{
	CLEANUP_FREE char *config = NULL;
	char **diff_ids = NULL;
	uint64_t bytes = 0;
	size_t len = 0;
	int r;

	r = spool_read(spool, source->config, &config, &len, err);
	if (r == 0)
		r = config_flatten(config, len, &registration->image, &diff_ids, err);
	if (r == 0)
		r = unpack_layers(spool, layers, source, diff_ids, &bytes, err);
	image_file_list_free(diff_ids);
	if (r == 0 && !source->manifest)
		r = make_manifest(spool, source, err);
	if (r < 0)
		return r;
	registration->image.size = bytes;
	registration->image.created_s = (int64_t)time(NULL);
	if (asprintf(&registration->image.id, "sha256:%s", source->manifest->hex) < 0) {
		registration->image.id = NULL;
		return err_nomem(err);
	}
	return list_blobs(registration, err);
}

int register_prepare(struct spool *spool, struct layers *layers, struct bundle_image *source,
		     const char *reference, const char *fallback, struct registration *ret,
		     struct err *err)
{
	struct registration registration = {.source = source};
	int r;

	/* A name that is no good is better said before a gigabyte is unpacked. */
	r = list_references(&registration, reference, fallback, err);
	if (r == 0)
		r = prepare(spool, layers, source, &registration, err);
	if (r < 0) {
		registration_release(&registration);
		return r;
	}
	*ret = registration;
	return 0;
}

static int publish(const struct spool *spool, const struct bundle_image *source, struct err *err)
{
	int r = spool_publish(spool, source->config, err);

	for (size_t i = 0; r == 0 && i < source->n_layers; i++)
		r = spool_publish(spool, source->layers[i].file, err);
	return r < 0 ? r : spool_publish(spool, source->manifest, err);
}

static int add_to_index(int images_fd, const struct registration *list, size_t n, struct err *err)
{
	json_t *index = NULL;
	int r;

	r = index_load(images_fd, &index, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++)
		for (size_t k = 0; r == 0 && list[i].references[k]; k++)
			r = index_set(index, list[i].references[k], list[i].source->manifest_type,
				      list[i].image.id, list[i].source->manifest->size, err);
	if (r == 0)
		r = index_store(images_fd, index, err);
	json_decref(index);
	return r;
}

int register_commit(struct spool *spool, struct layers *layers, const struct registration *list,
		    size_t n, struct err *err)
{
	const struct layout *layout = spool->layout;
	int r;

	/* Names come after data.  One sync is cheaper than one per file, by far. */
	if (syncfs(layout->layers_fd) < 0 || syncfs(layout->tmp_fd) < 0)
		return err_sys(err, errno, "write the image to the disk");
	r = layers_commit(layers, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = publish(spool, list[i].source, err);
		if (r == 0)
			r = image_file_store(layout->images_fd, &list[i].image, list[i].blobs, err);
	}
	return r < 0 ? r : add_to_index(layout->images_fd, list, n, err);
}
