// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "store/image.h"
#include "store/import/bundle.h"
#include "store/import/document.h"
#include "store/import/spool.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 4

struct reader {
	struct spool *spool;
	const char *name;
	struct bundle *bundle;
};

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}

/* The file that DESCRIPTOR is about, with its digest and size checked. */
static int find_blob(struct spool *spool, const json_t *descriptor, struct spool_file **ret_file,
		     struct err *err)
{
	char path[sizeof("blobs/sha256/") + DIGEST_HEX_LEN];
	struct descriptor wanted;
	struct spool_file *file;
	int r;

	r = descriptor_read(descriptor, &wanted, err);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "blobs/sha256/%s", wanted.hex);
	r = spool_find(spool, path, &file, err);
	if (r < 0)
		return r;
	if (strcmp(file->hex, wanted.hex) != 0)
		return err_set(err, EINVAL,
			       "the image is damaged: the content of sha256:%.12s… has the digest "
			       "sha256:%.12s…",
			       wanted.hex, file->hex);
	if (wanted.size != file->size)
		return err_set(err, EINVAL,
			       "the image is damaged: sha256:%.12s… has %llu bytes, not the %llu "
			       "it says",
			       wanted.hex, (unsigned long long)file->size,
			       (unsigned long long)wanted.size);
	*ret_file = file;
	return 0;
}

/* FILE as the object it should be, KIND by its own word if it says one. */
static int read_document(const struct reader *rd, const struct spool_file *file,
			 enum media_kind kind, json_t **ret_json, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t len = 0;
	int r = spool_read(rd->spool, file, &text, &len, err);

	return r < 0 ? r : document_parse(text, len, kind, file->name, ret_json, err);
}

static const char *annotation(const json_t *descriptor, const char *key)
{
	return json_string_value(json_object_get(json_object_get(descriptor, "annotations"), key));
}

/* docker and containerd write the full name beside the tag; skopeo and umoci only the tag. */
static int add_name(const struct reader *rd, struct bundle_image *image, const json_t *descriptor,
		    struct err *err)
{
	const char *full = annotation(descriptor, "io.containerd.image.name");
	const char *ref = annotation(descriptor, "org.opencontainers.image.ref.name");
	char name[IMAGE_REFERENCE_SIZE];

	if (full || (ref && strpbrk(ref, ":/")))
		return bundle_add_reference(image, full ? full : ref, err);
	if (!ref || !rd->name || strpbrk(rd->name, ":@"))
		return 0;
	snprintf(name, sizeof(name), "%s:%s", rd->name, ref);
	return bundle_add_reference(image, name, err);
}

static int read_manifest(const struct reader *rd, const json_t *descriptor, struct spool_file *file,
			 const json_t *named, struct err *err)
{
	CLEANUP(json_cleanup) json_t *manifest = NULL;
	const json_t *config, *layers;
	struct bundle_image *image;
	int r;

	r = read_document(rd, file, MEDIA_MANIFEST, &manifest, err);
	if (r < 0)
		return r;
	image = bundle_add(rd->bundle, err);
	if (!image)
		return -err->code;
	image->manifest = file;
	image->manifest_type = media_type_of(descriptor)->name;
	config = json_object_get(manifest, "config");
	if (media_type_of(config)->kind != MEDIA_CONFIG)
		return err_set(err, EINVAL, "it is no container image but some other artifact");
	r = find_blob(rd->spool, config, &image->config, err);
	layers = json_object_get(manifest, "layers");
	for (size_t i = 0; r == 0 && i < json_array_size(layers); i++) {
		const json_t *layer = json_array_get(layers, i);
		struct spool_file *blob = NULL;

		if (media_type_of(layer)->kind != MEDIA_LAYER)
			return err_set(err, EINVAL, "the image has a layer of unknown type");
		r = find_blob(rd->spool, layer, &blob, err);
		if (r == 0)
			r = bundle_add_layer(image, blob, media_type_of(layer)->name, err);
	}
	return r < 0 ? r : add_name(rd, image, named, err);
}

static int read_any(const struct reader *rd, const json_t *descriptor, const json_t *named,
		    int depth, struct err *err);

/* The one of the descriptors in LIST that is for this machine. */
static int read_best(const struct reader *rd, const json_t *list, const json_t *named, int depth,
		     struct err *err)
{
	char text[PLATFORM_TEXT_MAX];
	struct platform wanted;
	const json_t *best;
	int r = platform_parse(NULL, text, &wanted, err);

	if (r < 0)
		return r;
	best = document_choose(list, &wanted);
	if (!best)
		return document_no_choice(list, &wanted, err);
	return read_any(rd, best, named ? named : best, depth, err);
}

/* A manifest, or the index of one image's platforms; NAMED carries the image's name. */
static int read_any(const struct reader *rd, const json_t *descriptor, const json_t *named,
		    int depth, struct err *err)
{
	CLEANUP(json_cleanup) json_t *index = NULL;
	struct spool_file *file;
	int r;

	r = find_blob(rd->spool, descriptor, &file, err);
	if (r < 0)
		return r;
	if (media_type_of(descriptor)->kind == MEDIA_MANIFEST)
		return read_manifest(rd, descriptor, file, named, err);
	if (media_type_of(descriptor)->kind != MEDIA_INDEX || depth >= DEPTH_MAX)
		return err_set(err, EINVAL, "'%.100s' in the image is no manifest", file->name);
	r = read_document(rd, file, MEDIA_INDEX, &index, err);
	if (r < 0)
		return r;
	return read_best(rd, json_object_get(index, "manifests"), named, depth + 1, err);
}

static bool is_named(const json_t *descriptor)
{
	return annotation(descriptor, "io.containerd.image.name") ||
	       annotation(descriptor, "org.opencontainers.image.ref.name");
}

/* Entries with names are images; where none has one they are the platforms of one image. */
int bundle_read_oci(struct spool *spool, struct spool_file *file, const char *name,
		    struct bundle *bundle, struct err *err)
{
	const struct reader rd = {.spool = spool, .name = name, .bundle = bundle};
	CLEANUP(json_cleanup) json_t *index = NULL;
	const json_t *list;
	size_t n_named = 0;
	int r;

	r = read_document(&rd, file, MEDIA_INDEX, &index, err);
	if (r < 0)
		return r;
	list = json_object_get(index, "manifests");
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);

		if (!is_named(entry))
			continue;
		n_named++;
		r = read_any(&rd, entry, entry, 0, err);
	}
	return r == 0 && n_named == 0 ? read_best(&rd, list, NULL, 0, err) : r;
}
