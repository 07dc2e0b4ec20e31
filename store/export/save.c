// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * First every part is found, opened and, where need be, made; then the archive is
 * written.  What is open stays readable, so nobody who changes the store is waited
 * for meanwhile.
 */
#include "store/export/save.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/hash.h"
#include "store/export/archive.h"
#include "store/image.h"
#include "store/import/document.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define TEXT_MAX ((size_t)4 << 20)
#define REF_NAME "org.opencontainers.image.ref.name"

struct save {
	const struct save_options *options;
	int blobs_fd, tmp_fd;
	struct archive_file archive;
	json_t *list; /* of manifests, for the table of contents */
};

/* An image on its way. */
struct picture {
	const struct image *image;
	json_t *manifest, *config;
	char *config_text;
	const char *config_hex, *media_type;
};

static void save_release(struct save *save)
{
	archive_file_release(&save->archive);
	json_decref(save->list);
	cleanup_close(&save->blobs_fd);
	cleanup_close(&save->tmp_fd);
}

static void picture_release(struct picture *picture)
{
	json_decref(picture->manifest);
	json_decref(picture->config);
	free(picture->config_text);
}

static int damaged(const char *hex, struct err *err)
{
	return err_set(err, EINVAL, "the image store is damaged at the blob %.12s", hex);
}

static int read_json(const struct save *save, const char *hex, char **ret_text, json_t **ret_json,
		     struct err *err)
{
	size_t len = 0;
	int r = fd_read_file(save->blobs_fd, hex, TEXT_MAX, ret_text, &len, err);

	if (r < 0)
		return r;
	*ret_json = json_loadb(*ret_text, len, 0, NULL);
	return *ret_json ? 0 : damaged(hex, err);
}

static int open_blob(const struct save *save, const char *hex, int *ret_fd, struct err *err)
{
	*ret_fd = openat(save->blobs_fd, hex, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd < 0 ? err_sys(err, errno, "open the blob %.12s", hex) : 0;
}

/* The blob of DESCRIPTOR as it is. */
static int add_blob(struct save *save, const char *hex, struct err *err)
{
	char name[ARCHIVE_NAME_MAX];
	CLEANUP_FD int fd = -1;
	struct stat st;
	int r;

	snprintf(name, sizeof(name), "blobs/sha256/%s", hex);
	if (archive_file_has(&save->archive, name))
		return 0;
	r = open_blob(save, hex, &fd, err);
	if (r == 0 && fstat(fd, &st) < 0)
		r = err_sys(err, errno, "stat the blob %.12s", hex);
	return r < 0 ? r
		     : archive_file_add(&save->archive, name, TAKE_FD(fd), (uint64_t)st.st_size,
					hex, err);
}

static int add_text_blob(struct save *save, const char *text, char ret_hex[DIGEST_HEX_LEN + 1],
			 struct err *err)
{
	char name[ARCHIVE_NAME_MAX];

	hash_bytes(ret_hex, text, strlen(text));
	snprintf(name, sizeof(name), "blobs/sha256/%s", ret_hex);
	return archive_file_add_text(&save->archive, name, text, err);
}

/* The blob HEX, recompressed to a file without a name. */
static int repack(const struct save *save, const char *hex, const char *diff_hex,
		  enum compression compression, int *ret_fd, char ret_hex[DIGEST_HEX_LEN + 1],
		  uint64_t *ret_bytes, struct err *err)
{
	CLEANUP_FD int in = -1, out = -1;
	int r = open_blob(save, hex, &in, err);

	if (r < 0)
		return r;
	out = openat(save->tmp_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (out < 0)
		return err_sys(err, errno, "make a file in the image store");
	r = recompress(in, out, compression, diff_hex, ret_hex, ret_bytes, err);
	if (r == 0 && lseek(out, 0, SEEK_SET) < 0)
		r = err_sys(err, errno, "read from the image store");
	if (r == 0)
		*ret_fd = TAKE_FD(out);
	return r;
}

static const char *hex_of(const json_t *descriptor)
{
	return digest_hex(json_string_value(json_object_get(descriptor, "digest")));
}

static const char *diff_of(const struct picture *picture, size_t i)
{
	const json_t *ids = json_object_get(json_object_get(picture->config, "rootfs"), "diff_ids");

	return digest_hex(json_string_value(json_array_get(ids, i)));
}

static json_t *layers_of(const struct picture *picture)
{
	return json_object_get(picture->manifest, "layers");
}

/* One that only a container still uses is called by its id. */
static bool has_name(const struct image *image)
{
	return strcmp(image->reference, image->id) != 0;
}

/* --- OCI --- */

static int add_layer_oci(struct save *save, const struct picture *picture, size_t i,
			 struct err *err)
{
	enum compression compression = save->options->compression;
	json_t *layer = json_array_get(layers_of(picture), i);
	char name[ARCHIVE_NAME_MAX], hex[DIGEST_HEX_LEN + 1], digest[DIGEST_LEN + 1];
	CLEANUP_FD int fd = -1;
	uint64_t bytes = 0;
	int r;

	if (compression == COMPRESSION_KEEP)
		return add_blob(save, hex_of(layer), err);
	r = repack(save, hex_of(layer), diff_of(picture, i), compression, &fd, hex, &bytes, err);
	if (r < 0)
		return r;
	snprintf(digest, sizeof(digest), "sha256:%s", hex);
	json_object_set_new(layer, "mediaType", json_string(compression_media_type(compression)));
	json_object_set_new(layer, "digest", json_string(digest));
	json_object_set_new(layer, "size", json_integer((json_int_t)bytes));
	snprintf(name, sizeof(name), "blobs/sha256/%s", hex);
	if (archive_file_has(&save->archive, name))
		return 0;
	return archive_file_add(&save->archive, name, TAKE_FD(fd), bytes, hex, err);
}

/* With other layers it is another manifest, and then an OCI one. */
static int add_manifest(struct save *save, const struct picture *picture,
			char ret_hex[DIGEST_HEX_LEN + 1], uint64_t *ret_bytes,
			const char **ret_type, struct err *err)
{
	const char *type = json_string_value(json_object_get(picture->manifest, "mediaType"));
	CLEANUP_FREE char *text = NULL;

	*ret_type = type ? type : MEDIA_OCI_MANIFEST;
	if (save->options->compression == COMPRESSION_KEEP) {
		const char *hex = digest_hex(picture->image->id);
		struct stat st;

		snprintf(ret_hex, DIGEST_HEX_LEN + 1, "%s", hex);
		if (fstatat(save->blobs_fd, hex, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(err, errno, "stat the blob %.12s", hex);
		*ret_bytes = (uint64_t)st.st_size;
		return add_blob(save, hex, err);
	}
	*ret_type = MEDIA_OCI_MANIFEST;
	json_object_set_new(picture->manifest, "mediaType", json_string(MEDIA_OCI_MANIFEST));
	json_object_set_new(json_object_get(picture->manifest, "config"), "mediaType",
			    json_string(MEDIA_OCI_CONFIG));
	text = json_dumps(picture->manifest, JSON_COMPACT);
	if (!text)
		return err_nomem(err);
	*ret_bytes = strlen(text);
	return add_text_blob(save, text, ret_hex, err);
}

static int add_oci(struct save *save, const struct picture *picture, struct err *err)
{
	char hex[DIGEST_HEX_LEN + 1], digest[DIGEST_LEN + 1];
	const char *type = NULL;
	uint64_t bytes = 0;
	json_t *entry;
	int r = add_blob(save, picture->config_hex, err);

	for (size_t i = 0; r == 0 && i < json_array_size(layers_of(picture)); i++)
		r = add_layer_oci(save, picture, i, err);
	if (r == 0)
		r = add_manifest(save, picture, hex, &bytes, &type, err);
	if (r < 0)
		return r;
	snprintf(digest, sizeof(digest), "sha256:%s", hex);
	entry = json_pack("{s:s, s:s, s:I}", "mediaType", type, "digest", digest, "size",
			  (json_int_t)bytes);
	if (has_name(picture->image))
		json_object_set_new(entry, "annotations",
				    json_pack("{s:s}", REF_NAME, picture->image->reference));
	json_array_append_new(save->list, entry);
	return 0;
}

/* --- docker --- */

static int add_layer_docker(struct save *save, const struct picture *picture, size_t i,
			    json_t *layers, struct err *err)
{
	const char *diff = diff_of(picture, i);
	char name[ARCHIVE_NAME_MAX], hex[DIGEST_HEX_LEN + 1];
	CLEANUP_FD int fd = -1;
	uint64_t bytes;
	int r;

	snprintf(name, sizeof(name), "%s/layer.tar", diff);
	json_array_append_new(layers, json_string(name));
	if (archive_file_has(&save->archive, name))
		return 0;
	r = repack(save, hex_of(json_array_get(layers_of(picture), i)), diff, COMPRESSION_NONE, &fd,
		   hex, &bytes, err);
	return r < 0 ? r : archive_file_add(&save->archive, name, TAKE_FD(fd), bytes, hex, err);
}

static int add_docker(struct save *save, const struct picture *picture, struct err *err)
{
	json_t *layers = json_array(), *entry;
	char name[ARCHIVE_NAME_MAX];
	int r = 0;

	snprintf(name, sizeof(name), "%s.json", picture->config_hex);
	entry = json_pack("{s:s, s:[], s:o}", "Config", name, "RepoTags", "Layers", layers);
	if (has_name(picture->image))
		json_array_append_new(
			json_object_get(entry, "RepoTags"),
			json_string(image_reference_familiar(picture->image->reference)));
	json_array_append_new(save->list, entry);
	if (!archive_file_has(&save->archive, name))
		r = archive_file_add_text(&save->archive, name, picture->config_text, err);
	for (size_t i = 0; r == 0 && i < json_array_size(layers_of(picture)); i++)
		r = add_layer_docker(save, picture, i, layers, err);
	return r;
}

/* --- both --- */

static int look(const struct save *save, struct picture *picture, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	const char *id = digest_hex(picture->image->id);
	int r = read_json(save, id, &text, &picture->manifest, err);

	if (r < 0)
		return r;
	picture->config_hex = hex_of(json_object_get(picture->manifest, "config"));
	if (!picture->config_hex)
		return damaged(id, err);
	r = read_json(save, picture->config_hex, &picture->config_text, &picture->config, err);
	for (size_t i = 0; r == 0 && i < json_array_size(layers_of(picture)); i++)
		if (!hex_of(json_array_get(layers_of(picture), i)) || !diff_of(picture, i))
			r = damaged(id, err);
	return r;
}

static int add_image(struct save *save, const struct image *image, struct err *err)
{
	CLEANUP(picture_release) struct picture picture = {.image = image};
	int r = look(save, &picture, err);

	if (r < 0)
		return r;
	return save->options->format == SAVE_OCI ? add_oci(save, &picture, err)
						 : add_docker(save, &picture, err);
}

static int add_contents(struct save *save, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	json_t *index;
	int r;

	if (save->options->format == SAVE_DOCKER) {
		text = json_dumps(save->list, JSON_COMPACT);
		return text ? archive_file_add_text(&save->archive, "manifest.json", text, err)
			    : err_nomem(err);
	}
	index = json_pack("{s:i, s:O}", "schemaVersion", 2, "manifests", save->list);
	text = json_dumps(index, JSON_COMPACT);
	json_decref(index);
	if (!text)
		return err_nomem(err);
	r = archive_file_add_text(&save->archive, "index.json", text, err);
	return r < 0 ? r
		     : archive_file_add_text(&save->archive, "oci-layout",
					     "{\"imageLayoutVersion\":\"1.0.0\"}", err);
}

static int open_store(struct save *save, const struct paths *paths, struct err *err)
{
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), err, "%s/images/blobs/sha256", paths->root);

	if (r < 0)
		return r;
	save->blobs_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (save->blobs_fd < 0)
		return err_sys(err, errno, "open '%s'", path);
	r = paths_join(path, sizeof(path), err, "%s/images/tmp", paths->root);
	if (r < 0)
		return r;
	save->tmp_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return save->tmp_fd < 0 ? err_sys(err, errno, "open '%s'", path) : 0;
}

int save_run(const struct paths *paths, char *const *names, size_t n, int fd,
	     const struct save_options *options, struct err *err)
{
	CLEANUP(save_release)
	struct save save = {.options = options, .blobs_fd = -1, .tmp_fd = -1, .list = json_array()};
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		CLEANUP(image_release) struct image image = {0};

		r = image_find(paths, names[i], &image, err);
		if (r == 0 && save.blobs_fd < 0)
			r = open_store(&save, paths, err);
		if (r == 0)
			r = add_image(&save, &image, err);
		if (r < 0)
			err_wrap(err, "save '%s'", names[i]);
	}
	if (r == 0)
		r = add_contents(&save, err);
	return r < 0 ? r : archive_file_write(&save.archive, fd, err);
}
