// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/import.h"

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "store/image.h"
#include "store/import/bundle.h"
#include "store/import/layers.h"
#include "store/import/place.h"
#include "store/import/register.h"
#include "store/import/reuse.h"
#include "store/import/rootfs.h"
#include "store/import/spool.h"
#include "store/layout.h"

#include <archive_entry.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct import {
	struct layout *layout;
	const struct import_options *options;
	char name[NAME_MAX + 1]; /* what the source's name suggests; "" for a pipe */
	struct spool spool;
	struct layers layers;
	struct bundle bundle;
	struct registration *registrations;
};

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && strcasecmp(text + len - n, end) == 0;
}

/* "/x/My Root.tar.gz" → "my-root": what is left of a file's name in a reference. */
static void name_from_path(const char *path, char ret[NAME_MAX + 1])
{
	static const char *const endings[] = {".gz", ".zst", ".xz", ".bz2", ".tgz", ".txz", ".tar"};
	CLEANUP_FREE char *real = realpath(path, NULL);
	const char *slash = real ? strrchr(real, '/') : NULL;
	size_t len, start = 0;

	ret[0] = '\0';
	if (!slash)
		return;
	snprintf(ret, NAME_MAX + 1, "%.*s", NAME_MAX, slash + 1);
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (ends_with(ret, endings[i]))
			ret[strlen(ret) - strlen(endings[i])] = '\0';
	len = strlen(ret);
	while (len > 0 && !isalnum((unsigned char)ret[len - 1]))
		ret[--len] = '\0';
	while (start < len && !isalnum((unsigned char)ret[start]))
		start++;
	memmove(ret, ret + start, len - start + 1);
	for (char *p = ret; *p; p++)
		*p = isalnum((unsigned char)*p) ? (char)tolower((unsigned char)*p)
		     : *p == '.'		? '.'
						: '-';
}

/*
 * An archive with an image or one with a root file system?  Its first entry
 * has to tell, since the archive may be a pipe: at the top of an image there
 * are only blobs/, oci-layout, *.json, *.tar, "repositories", and directories
 * that hold a layer.tar and are mostly named by a digest.
 */
static bool is_image_member(const char *path, bool directory)
{
	const char *slash = strchr(path, '/');
	char top[DIGEST_HEX_LEN + 1];

	snprintf(top, sizeof(top), "%.*s", (int)strcspn(path, "/"), path);
	if (strcmp(top, "blobs") == 0 || digest_is_hex(top))
		return true;
	if (slash)
		return ends_with(path, "/layer.tar") || ends_with(path, "/VERSION");
	return !directory && (ends_with(path, ".json") || ends_with(path, ".tar") ||
			      !strcmp(path, "oci-layout") || !strcmp(path, "repositories"));
}

/* Look at the first entry, or the second if the first is the root.  1: an image, 0: files. */
static int detect(struct stream *stream, struct err *err)
{
	struct archive_entry *entry;
	char path[PATH_MAX];
	bool held = false;
	int r;

	while ((r = stream_next(stream, &entry, err)) > 0) {
		const char *name = archive_entry_pathname(entry);
		bool directory = archive_entry_filetype(entry) == AE_IFDIR;

		r = place_clean(name ? name : "", path, err);
		if (r < 0)
			return r;
		if (path[0] || !directory || held) {
			stream_unread(stream);
			return is_image_member(path, directory);
		}
		r = stream_hold(stream, err);
		if (r < 0)
			return r;
		held = true;
	}
	return r == 0 && !held ? err_set(err, EINVAL, "the archive is empty") : r;
}

static int read_members(struct import *im, struct stream *stream, struct err *err)
{
	struct archive_entry *entry;
	char hex[DIGEST_HEX_LEN + 1];
	uint64_t bytes;
	int r;

	stream_stop_copy(stream);
	while ((r = stream_next(stream, &entry, err)) > 0) {
		r = spool_add_member(&im->spool, stream, entry, err);
		if (r < 0)
			return r;
	}
	/* To the end, so that whoever writes into the pipe gets rid of everything. */
	return r < 0 ? r : stream_finish(stream, hex, &bytes, err);
}

static const char *name_or_null(const struct import *im)
{
	return im->name[0] ? im->name : NULL;
}

static int no_changes(const struct import *im, struct err *err)
{
	if (!im->options->changes || !im->options->changes[0])
		return 0;
	return err_set(err, EINVAL,
		       "it is an image with a configuration of its own; changes are for root file "
		       "systems");
}

static int read_bundle(struct import *im, struct err *err)
{
	int r = no_changes(im, err);

	return r < 0 ? r : bundle_read(&im->spool, name_or_null(im), &im->bundle, err);
}

static int read_stream(struct import *im, struct stream *stream, struct spool_file *copy,
		       int copy_fd, struct err *err)
{
	int r = detect(stream, err);

	if (r < 0)
		return r;
	if (r == 0)
		return rootfs_read_stream(&im->spool, &im->layers, stream, copy, im->options,
					  &im->bundle, err);
	if (ftruncate(copy_fd, 0) < 0)
		return err_sys(err, errno, "write to the image store");
	r = read_members(im, stream, err);
	return r < 0 ? r : read_bundle(im, err);
}

static int read_archive(struct import *im, int fd, struct err *err)
{
	CLEANUP_FD int copy_fd = -1;
	struct spool_file *copy;
	struct stream *stream;
	int r;

	r = spool_create(&im->spool, "layer", &copy, &copy_fd, err);
	if (r == 0)
		r = stream_open(fd, copy_fd, &im->options->progress, &stream, err);
	if (r < 0)
		return r;
	r = read_stream(im, stream, copy, copy_fd, err);
	stream_free(stream);
	return r;
}

static int read_source(struct import *im, int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat '%s'", im->options->source);
	if (!S_ISDIR(st.st_mode))
		return read_archive(im, fd, err);
	if (faccessat(fd, "oci-layout", F_OK, 0) < 0 && faccessat(fd, "manifest.json", F_OK, 0) < 0)
		return rootfs_read_directory(&im->spool, im->options, &im->bundle, err);
	im->spool.source_fd = fd;
	if (im->options->built)
		return reuse_read_built(&im->spool, &im->layers.known, &im->bundle, err);
	return read_bundle(im, err);
}

static int register_all(struct import *im, struct err *err)
{
	size_t n = im->bundle.n_images;
	int r = 0;

	if (im->options->reference && n > 1)
		return err_set(
			err, EINVAL,
			"there are %zu images in it; leave out the name, they have their own", n);
	im->registrations = calloc(n, sizeof(*im->registrations));
	if (!im->registrations)
		return err_nomem(err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = register_prepare(&im->spool, &im->layers, &im->bundle.images[i],
				     im->options->reference, name_or_null(im),
				     &im->registrations[i], err);
	return r < 0 ? r : register_commit(&im->spool, &im->layers, im->registrations, n, err);
}

/* What was imported, as anybody else will find it. */
static int find_all(const struct import *im, struct image **ret_images, size_t *ret_n,
		    struct err *err)
{
	struct image *images = NULL;
	size_t n = 0;

	for (size_t i = 0; i < im->bundle.n_images; i++) {
		for (char **name = im->registrations[i].references; *name; name++) {
			struct image *grown = reallocarray(images, n + 1, sizeof(*images));
			int r = grown ? image_find(&im->layout->paths, *name, &grown[n], err)
				      : err_nomem(err);

			images = grown ? grown : images;
			if (r < 0) {
				images_free(images, n);
				return r;
			}
			n++;
		}
	}
	*ret_images = images;
	*ret_n = n;
	return 0;
}

static void import_release(struct import *im)
{
	for (size_t i = 0; im->registrations && i < im->bundle.n_images; i++)
		registration_release(&im->registrations[i]);
	free(im->registrations);
	bundle_release(&im->bundle);
	layers_release(&im->layers);
	spool_release(&im->spool);
}

int import_run(struct layout *layout, int fd, const struct import_options *options,
	       struct image **ret_images, size_t *ret_n, struct err *err)
{
	struct import im = {.layout = layout, .options = options};
	struct err collecting = ERR_INIT;
	int r;

	if (strcmp(options->source, "-") != 0)
		name_from_path(options->source, im.name);
	r = layers_init(&im.layers, layout, options->max_bytes, &options->progress, err);
	if (r < 0)
		return r;
	spool_init(&im.spool, layout, -1, im.layers.max_bytes);
	r = read_source(&im, fd, err);
	if (r == 0)
		r = register_all(&im, err);
	if (r == 0)
		r = find_all(&im, ret_images, ret_n, err);
	import_release(&im);
	if (r == -ENOSPC || r == -EDQUOT)
		err_set(err, -r,
			"there is not enough space for the image in '%s'; nothing was kept",
			layout->paths.root);
	/* Goes for what a name meant before, and for what a failure left half way. */
	if (layout_collect(layout, &collecting) < 0)
		log_warn("clean up the image store: %s", collecting.msg);
	return r;
}
