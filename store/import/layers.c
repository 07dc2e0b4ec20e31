// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/layers.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "store/import/bundle.h"
#include "store/import/document.h"
#include "store/import/early.h"
#include "store/import/spool.h"
#include "store/import/unpacker.h"
#include "store/layout.h"
#include "store/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNNAMED LAYOUT_NEW "unnamed"

struct layer {
	char blob[DIGEST_HEX_LEN + 1];
	char diff[DIGEST_HEX_LEN + 1]; /* "" as long as it is being unpacked */
	char name[LAYOUT_NAME_LEN];    /* of its directory, not committed; "": there is none */
	int lock_fd;		       /* on that directory, or -1 */
	struct unpacking *unpacking;   /* NULL: there was nothing to do */
	uint64_t bytes;
	const char *compression; /* NULL: not looked at */
};

static int load_known(struct layers *layers, struct err *err)
{
	int r = known_load(&layers->known, layers->layout, err);

	if (r < 0)
		layers_release(layers);
	return r;
}

int layers_init(struct layers *layers, struct layout *layout, uint64_t max_bytes,
		const struct stream_progress *progress, struct err *err)
{
	uint64_t room;
	int r;

	*layers = (struct layers){.layout = layout, .budget = &layers->own_budget};
	r = unpack_room(layout->layers_fd, &room, err);
	if (r < 0)
		return r;
	layers->max_bytes = max_bytes		      ? max_bytes
			    : room < UNPACK_BYTES_MAX ? room
						      : UNPACK_BYTES_MAX;
	unpack_budget_init(layers->budget, layers->max_bytes);
	r = unpacker_new(layers->budget, progress, &layers->own_unpacker, err);
	if (r < 0)
		return r;
	layers->unpacker = layers->own_unpacker;
	return load_known(layers, err);
}

int layers_init_early(struct layers *layers, struct layout *layout, struct early *early,
		      struct err *err)
{
	*layers = (struct layers){.layout = layout,
				  .early = early,
				  .budget = early_budget(early),
				  .unpacker = early_unpacker(early),
				  .max_bytes = UNPACK_BYTES_MAX};
	return load_known(layers, err);
}

static void release_layer(struct layers *layers, struct layer *layer)
{
	if (layer->unpacking)
		unpacker_cancel(layers->unpacker, layer->unpacking);
	if (layer->name[0])
		fd_remove_tree(layers->layout->layers_fd, layer->name, NULL);
	cleanup_close(&layer->lock_fd);
}

void layers_release(struct layers *layers)
{
	for (size_t i = 0; i < layers->n; i++)
		release_layer(layers, &layers->list[i]);
	if (layers->layout)
		fd_remove_tree(layers->layout->layers_fd, UNNAMED, NULL);
	unpacker_free(layers->own_unpacker);
	known_release(&layers->known);
	free(layers->list);
	*layers = (struct layers){.layout = NULL};
}

static struct layer *find(const struct layers *layers, const char *blob)
{
	for (size_t i = 0; i < layers->n; i++)
		if (strcmp(layers->list[i].blob, blob) == 0)
			return &layers->list[i];
	return NULL;
}

/* Room for one more, which is not in the list yet. */
static int reserve(struct layers *layers, const char *blob, struct layer **ret_layer,
		   struct err *err)
{
	struct layer *layer;

	if (layers->n == layers->size) {
		size_t size = layers->size ? layers->size * 2 : 16;
		struct layer *list = reallocarray(layers->list, size, sizeof(*list));

		if (!list)
			return err_nomem(err);
		layers->list = list;
		layers->size = size;
	}
	layer = &layers->list[layers->n];
	*layer = (struct layer){.lock_fd = -1};
	memcpy(layer->blob, blob, sizeof(layer->blob));
	*ret_layer = layer;
	return 0;
}

static int make_directory(struct layers *layers, const char *name, struct err *err)
{
	if (mkdirat(layers->layout->layers_fd, name, 0755) < 0)
		return err_sys(err, errno, "create a layer in the image store");
	return 0;
}

/* --- one after the other --- */

int layers_add_stream(struct layers *layers, struct stream *stream,
		      char ret_hex[DIGEST_HEX_LEN + 1], uint64_t *ret_bytes, struct err *err)
{
	int dir = layers->layout->layers_fd;
	CLEANUP_FD int fd = -1;
	struct layer *layer;
	uint64_t content;
	int r;

	r = make_directory(layers, UNNAMED, err);
	if (r < 0)
		return r;
	fd = openat(dir, UNNAMED, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open a layer in the image store");
	r = unpack_layer(stream, fd, layers->budget, &content, err);
	if (r == 0)
		r = stream_finish(stream, ret_hex, ret_bytes, err);
	if (r == 0)
		r = reserve(layers, ret_hex, &layer, err);
	if (r < 0)
		return r;
	layout_name(layer->name, LAYOUT_NEW, ret_hex);
	if (renameat(dir, UNNAMED, dir, layer->name) < 0)
		return err_sys(err, errno, "name a layer in the image store");
	memcpy(layer->diff, ret_hex, sizeof(layer->diff));
	layer->bytes = content;
	layer->compression = "none";
	layers->n++;
	return 0;
}

/* --- side by side --- */

/* The store has both the blob and what it unpacks to, and knows so. */
static int take_known(struct layers *layers, struct layer *layer, const char *diff_hex,
		      struct err *err)
{
	const struct paths *paths = &layers->layout->paths;
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), err, "%s/layers/%s", paths->root, diff_hex);

	memcpy(layer->diff, diff_hex, sizeof(layer->diff));
	return r < 0 ? r : measure_content(path, &layer->bytes, err);
}

static int begin(struct layers *layers, const struct spool *spool, const struct spool_file *file,
		 struct layer *layer, const char *diff_hex, struct err *err)
{
	const char *tree = NULL;
	int r = 0;

	if (!layout_has_layer(layers->layout, diff_hex)) {
		layout_name(layer->name, LAYOUT_NEW, layer->blob);
		tree = layer->name;
		r = make_directory(layers, tree, err);
	}
	return r < 0 ? r
		     : unpacker_add(layers->unpacker, spool->layout->tmp_fd, file->temp,
				    layers->layout->layers_fd, tree, &layer->unpacking, err);
}

int layers_add(struct layers *layers, const struct spool *spool, const struct bundle_layer *layer,
	       const char *diff_hex, struct err *err)
{
	const struct spool_file *file = layer->file;
	const char *known = known_diff(&layers->known, file->hex);
	struct layer *added;
	int r = 0;

	if (find(layers, file->hex))
		return 0;
	r = reserve(layers, file->hex, &added, err);
	if (r < 0)
		return r;
	layers->n++;
	if (known && strcmp(known, diff_hex) == 0)
		return take_known(layers, added, diff_hex, err);
	if (layers->early &&
	    early_take(layers->early, file->hex, added->name, &added->lock_fd, &added->unpacking))
		return 0;
	return begin(layers, spool, file, added, diff_hex, err);
}

/* What the blob is compressed by, of which nothing else has to be read. */
static int look(const struct layers *layers, struct layer *layer, struct err *err)
{
	CLEANUP_FD int fd =
		openat(layers->layout->blobs_fd, layer->blob, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stream *stream;
	int r;

	if (fd < 0)
		return err_sys(err, errno, "open a blob in the image store");
	r = stream_open(fd, -1, NULL, &stream, err);
	if (r < 0)
		return r;
	layer->compression = stream_compression(stream);
	stream_free(stream);
	return 0;
}

/* OCI image-spec layer.md knows these three. */
static int find_media_type(const struct layers *layers, struct layer *layer,
			   const char **ret_media_type, struct err *err)
{
	static const char *const types[][2] = {
		{"none", MEDIA_OCI_LAYER},
		{"gzip", MEDIA_OCI_LAYER "+gzip"},
		{"zstd", MEDIA_OCI_LAYER "+zstd"},
	};
	int r = layer->compression ? 0 : look(layers, layer, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strcmp(types[i][0], layer->compression) == 0) {
			*ret_media_type = types[i][1];
			return 0;
		}
	}
	return err_set(err, EINVAL, "a layer of an image cannot be compressed by %s",
		       layer->compression);
}

static int wait_for(struct layers *layers, struct layer *layer, struct err *err)
{
	struct unpacked unpacked;
	int r;

	if (!layer->unpacking)
		return 0;
	r = unpacker_wait(layers->unpacker, layer->unpacking, &unpacked, err);
	if (r < 0)
		return r;
	memcpy(layer->diff, unpacked.diff_hex, sizeof(layer->diff));
	layer->bytes = unpacked.bytes;
	layer->compression = unpacked.compression;
	return 0;
}

static int finish(struct layers *layers, struct layer *found, struct bundle_layer *layer,
		  const char *diff_hex, struct err *err)
{
	int r = wait_for(layers, found, err);

	if (r == 0 && !layer->media_type)
		r = find_media_type(layers, found, &layer->media_type, err);
	if (r == 0 && strcmp(found->diff, diff_hex) != 0)
		return err_set(err, EINVAL,
			       "it unpacks to sha256:%.12s…, but the image's configuration says "
			       "sha256:%.12s…",
			       found->diff, diff_hex);
	return r;
}

int layers_finish(struct layers *layers, struct bundle_layer *layer, const char *diff_hex,
		  uint64_t *ret_bytes, struct err *err)
{
	struct layer *found = find(layers, layer->file->hex);
	int r = finish(layers, found, layer, diff_hex, err);

	if (r < 0)
		return err_wrap(err, "layer %.12s", layer->file->hex);
	*ret_bytes = found->bytes;
	return 0;
}

/* --- the end --- */

static int commit(struct layers *layers, struct layer *layer, struct err *err)
{
	int dir = layers->layout->layers_fd;

	if (!layer->name[0])
		return 0;
	/* Two blobs may be one layer, compressed in two ways. */
	if (layout_has_layer(layers->layout, layer->diff))
		return fd_remove_tree(dir, layer->name, err);
	if (renameat(dir, layer->name, dir, layer->diff) < 0)
		return err_sys(err, errno, "put a layer into the image store");
	layer->name[0] = '\0'; /* it stays */
	return 0;
}

int layers_commit(struct layers *layers, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < layers->n; i++)
		r = commit(layers, &layers->list[i], err);
	return r;
}
