// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/directory.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/container/xattr.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define BUFFER_SIZE ((size_t)256 << 10)
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

static int copy_content(struct writer *w, const FTSENT *item, const char *name, struct err *err)
{
	CLEANUP_FD int fd = open(item->fts_accpath, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	off_t left = item->fts_statp->st_size;

	if (fd < 0)
		return err_sys(err, errno, "open '%s'", item->fts_path);
	while (left > 0) {
		size_t wanted = left < (off_t)BUFFER_SIZE ? (size_t)left : BUFFER_SIZE;
		ssize_t n = fd_read_full(fd, w->buffer, wanted);

		if (n < 0)
			return err_sys(err, (int)-n, "read '%s'", item->fts_path);
		if ((size_t)n < wanted)
			return err_set(err, EINVAL, "'%s' became shorter while it was read", name);
		if (archive_write_data(w->tar, w->buffer, wanted) < 0)
			return tar_failed(w, err);
		left -= n;
	}
	return 0;
}

static void copy_xattrs(struct writer *w, const FTSENT *item, struct archive_entry *entry)
{
	char names[XATTR_NAMES_MAX];
	ssize_t len = llistxattr(item->fts_accpath, names, sizeof(names));

	for (ssize_t i = 0; i < len; i += (ssize_t)strlen(names + i) + 1) {
		const char *name = names + i;
		ssize_t n;

		if (!xattr_is_portable(name))
			continue;
		n = lgetxattr(item->fts_accpath, name, w->buffer, BUFFER_SIZE);
		if (n >= 0 && strcmp(name, "security.capability") == 0)
			n = (ssize_t)xattr_capability_inside(w->buffer, (size_t)n, w->first_id);
		if (n >= 0)
			archive_entry_xattr_add_entry(entry, name, w->buffer, (size_t)n);
	}
}

/* What nobody of the container owns are mount points that were made for it. */
static la_int64_t inner_id(const struct writer *w, uint32_t id)
{
	return id < w->first_id ? 0 : id - w->first_id;
}

static int describe(struct writer *w, const FTSENT *item, const char *name,
		    struct archive_entry *entry, struct err *err)
{
	char target[PATH_MAX];
	ssize_t len;

	archive_entry_copy_pathname(entry, name);
	archive_entry_copy_stat(entry, item->fts_statp);
	archive_entry_set_uid(entry, inner_id(w, item->fts_statp->st_uid));
	archive_entry_set_gid(entry, inner_id(w, item->fts_statp->st_gid));
	archive_entry_set_mtime(entry, item->fts_statp->st_mtim.tv_sec, 0);
	archive_entry_unset_atime(entry);
	archive_entry_unset_ctime(entry);
	archive_entry_unset_birthtime(entry);
	if (S_ISLNK(item->fts_statp->st_mode)) {
		len = readlink(item->fts_accpath, target, sizeof(target) - 1);
		if (len < 0)
			return err_sys(err, errno, "read the symlink '%s'", item->fts_path);
		target[len] = '\0';
		archive_entry_copy_symlink(entry, target);
	} else if (S_ISREG(item->fts_statp->st_mode) || S_ISDIR(item->fts_statp->st_mode)) {
		copy_xattrs(w, item, entry);
	}
	return 0;
}

static int write_item(struct writer *w, const FTSENT *item, const char *name, struct err *err)
{
	struct archive_entry *entry = archive_entry_new(), *spare = NULL;
	int r;

	if (!entry)
		return err_nomem(err);
	r = describe(w, item, name, entry, err);
	archive_entry_linkify(w->links, &entry, &spare);
	archive_entry_set_dev(entry, 0);
	archive_entry_set_ino(entry, 0);
	archive_entry_set_nlink(entry, 1);
	if (r == 0 && archive_write_header(w->tar, entry) < ARCHIVE_WARN)
		r = tar_failed(w, err);
	if (r == 0 && S_ISREG(item->fts_statp->st_mode) && !archive_entry_hardlink(entry))
		r = copy_content(w, item, name, err);
	archive_entry_free(entry);
	return r;
}

/* An empty file, which says by its NAME that something is not there. */
static int write_whiteout(struct writer *w, const char *name, struct err *err)
{
	struct archive_entry *entry = archive_entry_new();
	int r;

	if (!entry)
		return err_nomem(err);
	archive_entry_copy_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_size(entry, 0);
	r = archive_write_header(w->tar, entry) < ARCHIVE_WARN ? tar_failed(w, err) : 0;
	archive_entry_free(entry);
	return r;
}

/* overlayfs.rst, "whiteouts and opaque directories": a device 0:0 hides what is below it. */
static bool is_whiteout(const struct writer *w, const FTSENT *item)
{
	return w->upper && S_ISCHR(item->fts_statp->st_mode) && item->fts_statp->st_rdev == 0;
}

static bool is_opaque(const struct writer *w, const FTSENT *item)
{
	char value = 0;

	return w->upper && S_ISDIR(item->fts_statp->st_mode) &&
	       lgetxattr(item->fts_accpath, "trusted.overlay.opaque", &value, 1) == 1 &&
	       value == 'y';
}

static int write_upper(struct writer *w, const FTSENT *item, const char *name, struct err *err)
{
	char path[PATH_MAX];
	int n, r;

	if (is_whiteout(w, item)) {
		n = snprintf(path, sizeof(path), "%.*s" WHITEOUT "%s",
			     (int)(strlen(name) - item->fts_namelen), name, item->fts_name);
		return n < PATH_MAX ? write_whiteout(w, path, err)
				    : err_set(err, ENAMETOOLONG, "'%s' has too long a path", name);
	}
	r = write_item(w, item, name, err);
	if (r < 0 || !is_opaque(w, item))
		return r;
	n = snprintf(path, sizeof(path), "%s/" OPAQUE, name);
	return n < PATH_MAX ? write_whiteout(w, path, err)
			    : err_set(err, ENAMETOOLONG, "'%s' has too long a path", name);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int write_tree(struct writer *w, FTS *tree, const char *root, struct err *err)
{
	size_t prefix = strlen(root);
	FTSENT *item;

	for (errno = 0; (item = fts_read(tree)); errno = 0) {
		const char *name = item->fts_path + prefix;
		int r;

		name += strspn(name, "/");
		switch (item->fts_info) {
		case FTS_DP:
			continue;
		case FTS_DNR:
		case FTS_ERR:
		case FTS_NS:
			return err_sys(err, item->fts_errno, "read '%s'", item->fts_path);
		default:
			break;
		}
		if (S_ISSOCK(item->fts_statp->st_mode))
			continue;
		r = write_upper(w, item, name[0] ? name : "./", err);
		if (r < 0)
			return r;
	}
	return errno ? err_sys(err, errno, "read '%s'", root) : 0;
}

static int writer_open(struct writer *w, struct err *err)
{
	w->tar = archive_write_new();
	w->links = archive_entry_linkresolver_new();
	w->buffer = malloc(BUFFER_SIZE);
	if (!w->tar || !w->links || !w->buffer)
		return err_nomem(err);
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
}

static int write_all(struct writer *w, const char *path, char ret_hex[DIGEST_HEX_LEN + 1],
		     uint64_t *ret_bytes, struct err *err)
{
	CLEANUP_FREE char *root = strdup(path);
	FTS *tree;
	int r;

	if (!root)
		return err_nomem(err);
	r = writer_open(w, err);
	if (r < 0)
		return r;
	tree = fts_open((char *const[]){root, NULL},
			FTS_PHYSICAL | FTS_COMFOLLOW | FTS_XDEV | FTS_NOCHDIR, by_name);
	if (!tree)
		return err_sys(err, errno, "read '%s'", path);
	r = write_tree(w, tree, root, err);
	fts_close(tree);
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
	CLEANUP(writer_release) struct writer w = {.fd = fd};

	return write_all(&w, path, ret_hex, ret_bytes, err);
}

int directory_write_upper(const char *path, uint32_t first_id, int fd,
			  char ret_hex[DIGEST_HEX_LEN + 1], uint64_t *ret_bytes, struct err *err)
{
	CLEANUP(writer_release) struct writer w = {.fd = fd, .upper = true, .first_id = first_id};

	return write_all(&w, path, ret_hex, ret_bytes, err);
}
