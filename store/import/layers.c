// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/layers.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "store/import/bundle.h"
#include "store/import/document.h"
#include "store/import/spool.h"
#include "store/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define UNNAMED	 ".new-unnamed"
#define NAME_LEN (sizeof(".new-") + DIGEST_HEX_LEN)

int layers_init(struct layers *layers, struct layout *layout, uint64_t max_bytes,
		const struct stream_progress *progress, struct err *err)
{
	int r;

	*layers = (struct layers){
		.layout = layout,
		.progress = progress,
	};
	r = unpack_limits_init(&layers->limits, layout->layers_fd, err);
	if (r < 0)
		return r;
	if (max_bytes)
		layers->limits.max_bytes = max_bytes;
	layers->fresh = json_object();
	return layers->fresh ? 0 : err_nomem(err);
}

static void fresh_name(char ret[NAME_LEN], const char *hex)
{
	snprintf(ret, NAME_LEN, ".new-%s", hex);
}

void layers_release(struct layers *layers)
{
	const char *hex;
	json_t *ignored;
	void *next;

	if (!layers->fresh)
		return;
	json_object_foreach_safe(layers->fresh, next, hex, ignored)
	{
		char name[NAME_LEN];

		fresh_name(name, hex);
		fd_remove_tree(layers->layout->layers_fd, name, NULL);
	}
	fd_remove_tree(layers->layout->layers_fd, UNNAMED, NULL);
	json_decref(layers->fresh);
	layers->fresh = NULL;
}

static bool have(const struct layers *layers, const char *hex)
{
	return json_object_get(layers->fresh, hex) || layout_has_layer(layers->layout, hex);
}

/* Unpack STREAM into the new directory NAME. */
static int unpack_to(struct layers *layers, struct stream *stream, const char *name,
		     struct err *err)
{
	CLEANUP_FD int fd = -1;

	if (mkdirat(layers->layout->layers_fd, name, 0755) < 0)
		return err_sys(err, errno, "create a layer in the image store");
	fd = openat(layers->layout->layers_fd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open a layer in the image store");
	if (fchmod(fd, 0755) < 0) /* whatever the umask is */
		return err_sys(err, errno, "create a layer in the image store");
	return unpack_layer(stream, fd, &layers->limits, &layers->stats, err);
}

/* OCI image-spec layer.md knows these three. */
static int find_media_type(struct bundle_layer *layer, const char *compression, struct err *err)
{
	static const char *const types[][2] = {
		{"none", MEDIA_OCI_LAYER},
		{"gzip", MEDIA_OCI_LAYER "+gzip"},
		{"zstd", MEDIA_OCI_LAYER "+zstd"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(types) && !layer->media_type; i++)
		if (compression && strcmp(types[i][0], compression) == 0)
			layer->media_type = types[i][1];
	if (layer->media_type)
		return 0;
	return err_set(err, EINVAL, "a layer of an image cannot be compressed by %s", compression);
}

static int read_layer(struct layers *layers, struct stream *stream, const char *diff_hex,
		      struct err *err)
{
	char name[NAME_LEN], hex[DIGEST_HEX_LEN + 1];
	uint64_t bytes;
	int r;

	if (have(layers, diff_hex)) {
		r = unpack_count(stream, &layers->limits, &layers->stats, err);
	} else {
		fresh_name(name, diff_hex);
		json_object_set_new(layers->fresh, diff_hex, json_true());
		r = unpack_to(layers, stream, name, err);
	}
	if (r == 0)
		r = stream_finish(stream, hex, &bytes, err);
	if (r < 0)
		return r;
	if (strcmp(hex, diff_hex) != 0)
		return err_set(err, EINVAL,
			       "it unpacks to sha256:%.12s…, but the image's configuration says "
			       "sha256:%.12s…",
			       hex, diff_hex);
	return 0;
}

int layers_add(struct layers *layers, const struct spool *spool, struct bundle_layer *layer,
	       const char *diff_hex, struct err *err)
{
	CLEANUP_FD int fd = -1;
	struct stream *stream;
	int r;

	r = spool_open(spool, layer->file, &fd, err);
	if (r == 0)
		r = stream_open(fd, -1, layers->progress, &stream, err);
	if (r < 0)
		return r;
	r = find_media_type(layer, stream_compression(stream), err);
	if (r == 0)
		r = read_layer(layers, stream, diff_hex, err);
	stream_free(stream);
	return r < 0 ? err_wrap(err, "layer %.12s", layer->file->hex) : 0;
}

int layers_add_stream(struct layers *layers, struct stream *stream,
		      char ret_hex[DIGEST_HEX_LEN + 1], uint64_t *ret_bytes, struct err *err)
{
	int dir = layers->layout->layers_fd, r;
	char name[NAME_LEN];

	r = unpack_to(layers, stream, UNNAMED, err);
	if (r == 0)
		r = stream_finish(stream, ret_hex, ret_bytes, err);
	if (r < 0)
		return r;
	if (have(layers, ret_hex))
		return fd_remove_tree(dir, UNNAMED, err);
	fresh_name(name, ret_hex);
	if (renameat(dir, UNNAMED, dir, name) < 0)
		return err_sys(err, errno, "name a layer in the image store");
	json_object_set_new(layers->fresh, ret_hex, json_true());
	return 0;
}

int layers_commit(struct layers *layers, struct err *err)
{
	int dir = layers->layout->layers_fd;
	const char *hex;
	json_t *ignored;

	json_object_foreach (layers->fresh, hex, ignored) {
		char name[NAME_LEN];

		fresh_name(name, hex);
		if (renameat(dir, name, dir, hex) < 0)
			return err_sys(err, errno, "put a layer into the image store");
	}
	json_object_clear(layers->fresh);
	return 0;
}
