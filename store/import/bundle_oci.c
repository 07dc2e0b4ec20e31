// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "store/image.h"
#include "store/import/bundle.h"
#include "store/import/spool.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 4

enum kind { KIND_OTHER, KIND_INDEX, KIND_MANIFEST, KIND_CONFIG, KIND_LAYER };

/* OCI image-spec media-types.md, with its "compatibility matrix". */
static const struct media_type {
	const char *name;
	enum kind kind;
} media_types[] = {
	{"application/vnd.oci.image.index.v1+json", KIND_INDEX},
	{"application/vnd.docker.distribution.manifest.list.v2+json", KIND_INDEX},
	{BUNDLE_MANIFEST_TYPE, KIND_MANIFEST},
	{"application/vnd.docker.distribution.manifest.v2+json", KIND_MANIFEST},
	{BUNDLE_CONFIG_TYPE, KIND_CONFIG},
	{"application/vnd.docker.container.image.v1+json", KIND_CONFIG},
	{BUNDLE_LAYER_TYPE, KIND_LAYER},
	{BUNDLE_LAYER_TYPE "+gzip", KIND_LAYER},
	{BUNDLE_LAYER_TYPE "+zstd", KIND_LAYER},
	{"application/vnd.docker.image.rootfs.diff.tar", KIND_LAYER},
	{"application/vnd.docker.image.rootfs.diff.tar.gzip", KIND_LAYER},
	{"application/vnd.docker.image.rootfs.diff.tar.zstd", KIND_LAYER},
};

struct reader {
	struct spool *spool;
	const char *name;
	struct bundle *bundle;
};

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}

static const struct media_type *type_of(const json_t *object)
{
	static const struct media_type other = {"", KIND_OTHER};
	const char *name = json_string_value(json_object_get(object, "mediaType"));

	for (size_t i = 0; name && i < ARRAY_SIZE(media_types); i++)
		if (strcmp(media_types[i].name, name) == 0)
			return &media_types[i];
	return &other;
}

/* The file that DESCRIPTOR is about, with its digest and size checked. */
static int find_blob(struct spool *spool, const json_t *descriptor, struct spool_file **ret_file,
		     struct err *err)
{
	const char *digest = json_string_value(json_object_get(descriptor, "digest"));
	const json_t *size = json_object_get(descriptor, "size");
	char path[sizeof("blobs/sha256/") + DIGEST_HEX_LEN];
	struct spool_file *file;
	int r;

	if (!digest_hex(digest))
		return err_set(err, EINVAL, "the image has a digest that is not sha256:<64 hex>");
	snprintf(path, sizeof(path), "blobs/sha256/%s", digest_hex(digest));
	r = spool_find(spool, path, &file, err);
	if (r < 0)
		return r;
	if (strcmp(file->hex, digest_hex(digest)) != 0)
		return err_set(err, EINVAL,
			       "the image is damaged: the content of %.19s… has the digest "
			       "sha256:%.12s…",
			       digest, file->hex);
	if (!json_is_integer(size) || (uint64_t)json_integer_value(size) != file->size)
		return err_set(err, EINVAL,
			       "the image is damaged: %.19s… has %llu bytes, not the %lld it says",
			       digest, (unsigned long long)file->size,
			       (long long)json_integer_value(size));
	*ret_file = file;
	return 0;
}

/* FILE as the object it should be, KIND by its own word if it says one. */
static int read_document(const struct reader *rd, const struct spool_file *file, enum kind kind,
			 const char *array, json_t **ret_json, struct err *err)
{
	CLEANUP(json_cleanup) json_t *json = NULL;
	enum kind said;
	int r;

	r = bundle_json(rd->spool, file, &json, err);
	if (r < 0)
		return r;
	said = type_of(json)->kind;
	if (json_object_get(json, "mediaType") && said != kind)
		return err_set(err, EINVAL, "'%.100s' in the image is of another type than said",
			       file->name);
	/* CVE-2021-41190: what is both an index and a manifest means two things. */
	if (json_object_get(json, "manifests") && json_object_get(json, "layers"))
		return err_set(err, EINVAL, "'%.100s' in the image has both manifests and layers",
			       file->name);
	if (!json_is_array(json_object_get(json, array)))
		return err_set(err, EINVAL, "'%.100s' in the image has no list of %s", file->name,
			       array);
	*ret_json = TAKE_PTR(json);
	return 0;
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

	r = read_document(rd, file, KIND_MANIFEST, "layers", &manifest, err);
	if (r < 0)
		return r;
	image = bundle_add(rd->bundle, err);
	if (!image)
		return -err->code;
	image->manifest = file;
	image->manifest_type = type_of(descriptor)->name;
	config = json_object_get(manifest, "config");
	if (type_of(config)->kind != KIND_CONFIG)
		return err_set(err, EINVAL, "it is no container image but some other artifact");
	r = find_blob(rd->spool, config, &image->config, err);
	layers = json_object_get(manifest, "layers");
	for (size_t i = 0; r == 0 && i < json_array_size(layers); i++) {
		const json_t *layer = json_array_get(layers, i);
		struct spool_file *blob = NULL;

		if (type_of(layer)->kind != KIND_LAYER)
			return err_set(err, EINVAL, "the image has a layer of unknown type");
		r = find_blob(rd->spool, layer, &blob, err);
		if (r == 0)
			r = bundle_add_layer(image, blob, type_of(layer)->name, err);
	}
	return r < 0 ? r : add_name(rd, image, named, err);
}

/* 2: made for this machine, 1: does not say, 0: for another one, or no image. */
static int fitness(const json_t *descriptor)
{
	const json_t *platform = json_object_get(descriptor, "platform");
	const char *os = json_string_value(json_object_get(platform, "os"));
	const char *arch = json_string_value(json_object_get(platform, "architecture"));
	const char *ours = bundle_architecture();

	if (type_of(descriptor)->kind == KIND_OTHER)
		return 0;
	if (!os && !arch)
		return 1;
	return os && arch && ours && !strcmp(os, "linux") && !strcmp(arch, ours) ? 2 : 0;
}

static int read_any(const struct reader *rd, const json_t *descriptor, const json_t *named,
		    int depth, struct err *err);

/* The one of the descriptors in LIST that is for this machine. */
static int read_best(const struct reader *rd, const json_t *list, const json_t *named, int depth,
		     struct err *err)
{
	const json_t *best = NULL;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *descriptor = json_array_get(list, i);

		if (fitness(descriptor) > (best ? fitness(best) : 0))
			best = descriptor;
	}
	if (!best)
		return err_set(err, EINVAL, "the image is not for this machine (linux/%s)",
			       bundle_architecture() ? bundle_architecture() : "unknown");
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
	if (type_of(descriptor)->kind == KIND_MANIFEST)
		return read_manifest(rd, descriptor, file, named, err);
	if (type_of(descriptor)->kind != KIND_INDEX || depth >= DEPTH_MAX)
		return err_set(err, EINVAL, "'%.100s' in the image is no manifest", file->name);
	r = read_document(rd, file, KIND_INDEX, "manifests", &index, err);
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

	r = read_document(&rd, file, KIND_INDEX, "manifests", &index, err);
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
