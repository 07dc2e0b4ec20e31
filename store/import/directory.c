// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tree may belong to a container that runs, and change under the walk.  So each entry is
 * opened with O_PATH in the directory that it was found in, looked at, and then read as what was
 * looked at; no path is ever walked twice.
 */
#include "store/import/directory.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/container/tree.h"
#include "core/container/xattr.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define BUFFER_SIZE ((size_t)256 << 10)
#define DEPTH_MAX   512 /* each level holds two descriptors */
#define WHITEOUT    ".wh."
#define OPAQUE	    ".wh..wh..opq"

struct writer {
	struct archive *tar;
	struct archive_entry_linkresolver *links;
	struct digest_stream digest;
	int fd;
	char *buffer;
	bool upper; /* of an overlay */
	uint32_t first_id;
	int descriptors; /* /proc/self/fd */
	dev_t dev;	 /* of the file system that is written */
	struct tree_path path;
	unsigned int depth;
};

/* What was found at w->path. */
struct item {
	int found; /* O_PATH */
	int fd;	   /* open for reading; -1: neither a file nor a directory */
	struct stat st;
};

static la_ssize_t push(struct archive *tar, void *data, const void *block, size_t len)
{
	struct writer *w = data;
	int r = fd_write_all(w->fd, block, len);

	if (r < 0) {
		archive_set_error(tar, -r, "%s", strerror(-r));
		return -1;
	}
	digest_update(&w->digest, block, len);
	return (la_ssize_t)len;
}

static int tar_failed(const struct writer *w, struct err *err)
{
	int code = archive_errno(w->tar);

	return err_sys(err, code > 0 ? code : EIO, "write to the image store");
}

static int open_item(const struct writer *w, struct item *item, struct err *err)
{
	if (S_ISDIR(item->st.st_mode)) {
		item->fd = openat(item->found, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} else if (S_ISREG(item->st.st_mode)) {
		item->fd = tree_open_found(w->descriptors, item->found);
	} else {
		return 0;
	}
	return item->fd < 0 ? err_sys(err, errno, "open '%s'", w->path.text) : 0;
}

static int copy_content(struct writer *w, const struct item *item, struct err *err)
{
	off_t left = item->st.st_size;

	while (left > 0) {
		size_t wanted = left < (off_t)BUFFER_SIZE ? (size_t)left : BUFFER_SIZE;
		ssize_t n = fd_read_full(item->fd, w->buffer, wanted);

		if (n < 0)
			return err_sys(err, (int)-n, "read '%s'", w->path.text);
		if ((size_t)n < wanted)
			return err_set(err, EINVAL, "'%s' became shorter while it was read",
				       w->path.text);
		if (archive_write_data(w->tar, w->buffer, wanted) < 0)
			return tar_failed(w, err);
		left -= n;
	}
	return 0;
}

static void copy_xattrs(struct writer *w, int fd, struct archive_entry *entry)
{
	char names[XATTR_NAMES_MAX];
	ssize_t len = flistxattr(fd, names, sizeof(names));

	for (ssize_t i = 0; i < len; i += (ssize_t)strlen(names + i) + 1) {
		const char *name = names + i;
		ssize_t n;

		if (!xattr_is_portable(name))
			continue;
		n = fgetxattr(fd, name, w->buffer, BUFFER_SIZE);
		if (n >= 0 && strcmp(name, "security.capability") == 0)
			n = (ssize_t)xattr_capability_inside(w->buffer, (size_t)n, w->first_id);
		if (n >= 0)
			archive_entry_xattr_add_entry(entry, name, w->buffer, (size_t)n);
	}
}

static int copy_target(const struct writer *w, const struct item *item, struct archive_entry *entry,
		       struct err *err)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(item->found, "", target, sizeof(target) - 1);

	if (len < 0)
		return err_sys(err, errno, "read the symlink '%s'", w->path.text);
	target[len] = '\0';
	archive_entry_copy_symlink(entry, target);
	return 0;
}

static int describe(struct writer *w, const struct item *item, struct archive_entry *entry,
		    struct err *err)
{
	archive_entry_copy_pathname(entry, w->path.len ? w->path.text : "./");
	archive_entry_copy_stat(entry, &item->st);
	archive_entry_set_uid(entry, tree_inner_id(w->first_id, item->st.st_uid));
	archive_entry_set_gid(entry, tree_inner_id(w->first_id, item->st.st_gid));
	archive_entry_set_mtime(entry, item->st.st_mtim.tv_sec, 0);
	archive_entry_unset_atime(entry);
	archive_entry_unset_ctime(entry);
	archive_entry_unset_birthtime(entry);
	if (S_ISLNK(item->st.st_mode))
		return copy_target(w, item, entry, err);
	if (item->fd >= 0)
		copy_xattrs(w, item->fd, entry);
	return 0;
}

static int write_item(struct writer *w, const struct item *item, struct err *err)
{
	struct archive_entry *entry = archive_entry_new(), *spare = NULL;
	int r;

	if (!entry)
		return err_nomem(err);
	r = describe(w, item, entry, err);
	archive_entry_linkify(w->links, &entry, &spare);
	archive_entry_set_dev(entry, 0);
	archive_entry_set_ino(entry, 0);
	archive_entry_set_nlink(entry, 1);
	if (r == 0 && archive_write_header(w->tar, entry) < ARCHIVE_WARN)
		r = tar_failed(w, err);
	if (r == 0 && S_ISREG(item->st.st_mode) && !archive_entry_hardlink(entry))
		r = copy_content(w, item, err);
	archive_entry_free(entry);
	return r;
}

static int too_long(const struct writer *w, struct err *err)
{
	return err_set(err, ENAMETOOLONG, "'%.64s…' has too long a path", w->path.text);
}

/* tree_path_enter() cuts off what does not fit. */
static bool is_cut(const struct writer *w)
{
	return w->path.len == sizeof(w->path.text) - 1;
}

static int write_empty(struct writer *w, struct err *err)
{
	struct archive_entry *entry = archive_entry_new();
	int r;

	if (!entry)
		return err_nomem(err);
	archive_entry_copy_pathname(entry, w->path.text);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_size(entry, 0);
	r = archive_write_header(w->tar, entry) < ARCHIVE_WARN ? tar_failed(w, err) : 0;
	archive_entry_free(entry);
	return r;
}

/* An empty file NAME in the directory w->path, which says that something is not there. */
static int write_marker(struct writer *w, const char *name, struct err *err)
{
	size_t before = tree_path_enter(&w->path, name);
	int r = is_cut(w) ? too_long(w, err) : write_empty(w, err);

	tree_path_leave(&w->path, before);
	return r;
}

/* overlayfs.rst, "whiteouts and opaque directories": a device 0:0 hides what is below it. */
static bool is_whiteout(const struct writer *w, const struct stat *st)
{
	return w->upper && S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static bool is_opaque(const struct writer *w, int fd)
{
	char value = 0;

	return w->upper && fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

static int write_children(struct writer *w, int dirfd, struct err *err);

/* A directory's children come after itself. */
static int write_found(struct writer *w, struct item *item, struct err *err)
{
	int r = open_item(w, item, err);

	if (r == 0)
		r = write_item(w, item, err);
	if (r < 0 || !S_ISDIR(item->st.st_mode))
		return r;
	if (is_opaque(w, item->fd))
		r = write_marker(w, OPAQUE, err);
	/* Of a mount point only the directory is ours. */
	return r < 0 || item->st.st_dev != w->dev ? r : write_children(w, item->fd, err);
}

static int write_child(struct writer *w, int dirfd, const char *name, struct err *err)
{
	struct item item = {.found = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC),
			    .fd = -1};
	char whiteout[sizeof(WHITEOUT) + NAME_MAX];
	size_t before;
	int r = 0;

	/* Gone meanwhile: then it is not in the archive. */
	if (item.found < 0)
		return errno == ENOENT ? 0
				       : err_sys(err, errno, "open '%s/%s'", w->path.text, name);
	if (fstat(item.found, &item.st) < 0) {
		r = err_sys(err, errno, "stat '%s/%s'", w->path.text, name);
	} else if (is_whiteout(w, &item.st)) {
		snprintf(whiteout, sizeof(whiteout), WHITEOUT "%s", name);
		r = write_marker(w, whiteout, err);
	} else if (!S_ISSOCK(item.st.st_mode)) {
		before = tree_path_enter(&w->path, name);
		r = is_cut(w) ? too_long(w, err) : write_found(w, &item, err);
		tree_path_leave(&w->path, before);
	}
	cleanup_close(&item.fd);
	close(item.found);
	return r;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_child(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int write_children(struct writer *w, int dirfd, struct err *err)
{
	struct dirent **entries;
	int n, r = 0;

	if (w->depth == DEPTH_MAX)
		return err_set(err, ELOOP, "'%.64s…' is deeper than %d directories", w->path.text,
			       DEPTH_MAX);
	n = scandirat(dirfd, ".", &entries, is_child, by_name);
	if (n < 0)
		return err_sys(err, errno, "read '%s'", w->path.text);
	w->depth++;
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = write_child(w, dirfd, entries[i]->d_name, err);
		free(entries[i]);
	}
	w->depth--;
	free(entries);
	return r;
}

static int writer_open(struct writer *w, struct err *err)
{
	w->tar = archive_write_new();
	w->links = archive_entry_linkresolver_new();
	w->buffer = malloc(BUFFER_SIZE);
	if (!w->tar || !w->links || !w->buffer)
		return err_nomem(err);
	w->descriptors = tree_open_descriptors(err);
	if (w->descriptors < 0)
		return w->descriptors;
	digest_start(&w->digest);
	archive_entry_linkresolver_set_strategy(w->links, ARCHIVE_FORMAT_TAR_USTAR);
	archive_write_set_format_pax_restricted(w->tar);
	archive_write_set_bytes_per_block(w->tar, (int)BUFFER_SIZE);
	archive_write_set_bytes_in_last_block(w->tar, 512);
	if (archive_write_open(w->tar, w, NULL, push, NULL) != ARCHIVE_OK)
		return tar_failed(w, err);
	return 0;
}

static void writer_release(struct writer *w)
{
	archive_entry_linkresolver_free(w->links);
	archive_write_free(w->tar);
	free(w->buffer);
	cleanup_close(&w->descriptors);
}

static int write_root(struct writer *w, const char *path, struct err *err)
{
	struct item item = {.found = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), .fd = -1};
	int r;

	if (item.found < 0 || fstat(item.found, &item.st) < 0)
		r = err_sys(err, errno, "open '%s'", path);
	else {
		w->dev = item.st.st_dev;
		r = write_found(w, &item, err);
	}
	cleanup_close(&item.fd);
	cleanup_close(&item.found);
	return r < 0 ? err_wrap(err, "'%s'", path) : 0;
}

static int write_all(struct writer *w, const char *path, char ret_hex[DIGEST_HEX_LEN + 1],
		     uint64_t *ret_bytes, struct err *err)
{
	int r = writer_open(w, err);

	if (r == 0)
		r = write_root(w, path, err);
	if (r == 0 && archive_write_close(w->tar) != ARCHIVE_OK)
		r = tar_failed(w, err);
	if (r < 0)
		return r;
	*ret_bytes = w->digest.bytes;
	digest_finish(&w->digest, ret_hex);
	return 0;
}

int directory_write(const char *path, int fd, char ret_hex[DIGEST_HEX_LEN + 1], uint64_t *ret_bytes,
		    struct err *err)
{
	CLEANUP(writer_release) struct writer w = {.fd = fd, .descriptors = -1};

	return write_all(&w, path, ret_hex, ret_bytes, err);
}

int directory_write_upper(const char *path, uint32_t first_id, int fd,
			  char ret_hex[DIGEST_HEX_LEN + 1], uint64_t *ret_bytes, struct err *err)
{
	CLEANUP(writer_release)
	struct writer w = {.fd = fd, .upper = true, .first_id = first_id, .descriptors = -1};

	return write_all(&w, path, ret_hex, ret_bytes, err);
}
