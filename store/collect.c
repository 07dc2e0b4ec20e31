// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layout_collect(): mark what the index and the containers mean, sweep the rest
 *
 * An image file goes before the layers it lists and a layer is renamed before
 * it is emptied, so at no moment does anything that looks complete lack a part.
 */
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "store/digest.h"
#include "store/image.h"
#include "store/image_file.h"
#include "store/index.h"
#include "store/layout.h"
#include "store/usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct collection {
	const struct layout *layout;
	json_t *images, *layers, *blobs; /* sets of hex digits that stay */
	bool foreign;			 /* the index has images that are not ours */
};

static void collection_release(struct collection *c)
{
	json_decref(c->images);
	json_decref(c->layers);
	json_decref(c->blobs);
}

static void mark(json_t *set, const char *hex)
{
	json_object_set_new(set, hex, json_true());
}

static int mark_images(struct collection *c, struct err *err)
{
	json_t *index = NULL, *users = NULL;
	int r;

	r = index_load(c->layout->images_fd, &index, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < index_size(index); i++) {
		const char *reference, *digest;

		index_entry(index, i, &reference, &digest);
		if (digest)
			mark(c->images, digest_hex(digest));
		else
			c->foreign = true;
	}
	json_decref(index);
	r = usage_load(&c->layout->paths, &users, err);
	if (r < 0)
		return r;
	json_object_update(c->images, users);
	json_decref(users);
	return 0;
}

/* Mark the layers and blobs of the image with the digits HEX. */
static int mark_contents(struct collection *c, const char *hex, struct err *err)
{
	struct image image;
	char **blobs = NULL;
	int r;

	r = image_file_load(c->layout->images_fd, hex, &image, err);
	if (r == -ENOENT) {
		c->foreign = true;
		return 0;
	}
	if (r < 0)
		return r;
	for (size_t i = 0; i < image.n_layers; i++)
		mark(c->layers, image.layers[i]);
	image_release(&image);
	r = image_file_blobs(c->layout->images_fd, hex, &blobs, err);
	if (r < 0)
		return r;
	for (size_t i = 0; blobs[i]; i++)
		mark(c->blobs, blobs[i]);
	image_file_list_free(blobs);
	return 0;
}

static int remove_file(int dirfd, const char *name, struct err *err)
{
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '%s' from the image store", name);
	return 0;
}

static int remove_layer(int dirfd, const char *name, struct err *err)
{
	char old[LAYOUT_NAME_LEN];

	layout_name(old, LAYOUT_OLD, name);
	if (renameat(dirfd, name, dirfd, old) < 0)
		return err_sys(err, errno, "remove the layer '%s'", name);
	return fd_remove_tree(dirfd, old, err);
}

/* Remove the names in DIRFD made of 64 digits and SUFFIX whose digits are not in KEEP. */
static int sweep(int dirfd, const char *suffix, const json_t *keep,
		 int (*remove_one)(int, const char *, struct err *), struct err *err)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		r = err_sys(err, errno, "read the image store");
		cleanup_close(&fd);
		return r;
	}
	while (r == 0 && (entry = readdir(dir))) {
		char hex[DIGEST_HEX_LEN + 1];

		if (strlen(entry->d_name) != DIGEST_HEX_LEN + strlen(suffix) ||
		    strcmp(entry->d_name + DIGEST_HEX_LEN, suffix) != 0)
			continue;
		snprintf(hex, sizeof(hex), "%.*s", DIGEST_HEX_LEN, entry->d_name);
		if (digest_is_hex(hex) && !json_object_get(keep, hex))
			r = remove_one(dirfd, entry->d_name, err);
	}
	closedir(dir);
	return r;
}

int layout_collect(struct layout *layout, struct err *err)
{
	CLEANUP(collection_release)
	struct collection c = {
		.layout = layout,
		.images = json_object(),
		.layers = json_object(),
		.blobs = json_object(),
	};
	CLEANUP_FD int files_fd = -1;
	const char *hex;
	json_t *value;
	int r;

	files_fd = openat(layout->images_fd, IMAGE_FILE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (files_fd < 0)
		return err_sys(err, errno, "open '" IMAGE_FILE_DIR "' in the image store");
	r = mark_images(&c, err);
	if (r < 0)
		return r;
	json_object_foreach (c.images, hex, value) {
		r = mark_contents(&c, hex, err);
		if (r < 0)
			return r;
	}
	r = sweep(files_fd, ".json", c.images, remove_file, err);
	if (r == 0)
		r = sweep(layout->layers_fd, "", c.layers, remove_layer, err);
	if (r == 0 && !c.foreign)
		r = sweep(layout->blobs_fd, "", c.blobs, remove_file, err);
	return r;
}
