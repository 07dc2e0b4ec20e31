// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/tree_tar.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/tree.h"
#include "core/container/xattr.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

struct writing {
	struct tree_stream *in;
	struct archive *tar;
	struct archive_entry *entry; /* the next one, with the attributes told already */
	char base[TREE_NAME_MAX + 1];
	struct tree_path path;
	size_t lengths[TREE_DEPTH_MAX + 1]; /* of the path, where each directory is left to */
	unsigned int depth;
};

static int failed(struct writing *writing, struct err *err)
{
	int code = archive_errno(writing->tar);

	if (code == EPIPE)
		return err_set(err, EPIPE, "nobody reads the archive any more");
	if (code > 0)
		return err_sys(err, code, "write the archive");
	return err_set(err, EIO, "write the archive: %s", archive_error_string(writing->tar));
}

static int write_zeros(struct writing *writing, uint64_t n, struct err *err)
{
	static const char zeros[65536];

	while (n > 0) {
		size_t part = n < sizeof(zeros) ? (size_t)n : sizeof(zeros);

		if (archive_write_data(writing->tar, zeros, part) < 0)
			return failed(writing, err);
		n -= part;
	}
	return 0;
}

/* What a file has got longer by since its size was told is left out by libarchive. */
static int write_content(struct writing *writing, uint64_t size, struct err *err)
{
	unsigned char data[65536];
	struct tree_entry entry;
	uint64_t at = 0;
	int r;

	while ((r = tree_get(writing->in, &entry, err)) == 0 && entry.length) {
		if (entry.type != TREE_DATA || entry.length > sizeof(data) || entry.offset < at)
			return err_set(err, EBADMSG, "the other end of the copy sends nonsense");
		r = tree_get_data(writing->in, data, entry.length, err);
		if (r == 0 && entry.offset < size)
			r = write_zeros(writing, entry.offset - at, err);
		if (r == 0 && archive_write_data(writing->tar, data, entry.length) < 0)
			r = failed(writing, err);
		if (r < 0)
			return r;
		at = entry.offset + entry.length;
	}
	/* libarchive fills up with zeros what is missing at the end. */
	return r;
}

/* What TREE_HARDLINK names is below the first directory. */
static int set_hardlink(struct writing *writing, const char *link, struct err *err)
{
	char path[sizeof(writing->path.text)];
	int n = snprintf(path, sizeof(path), "%s/%s", writing->base, link);

	if (n >= (int)sizeof(path))
		return err_set(err, ENAMETOOLONG, "'%.64s…' has too long a path", link);
	archive_entry_copy_hardlink(writing->entry, path);
	return 0;
}

static int write_header(struct writing *writing, const struct tree_entry *entry, mode_t type,
			struct err *err)
{
	struct archive_entry *out = writing->entry;
	int r = 0;

	archive_entry_copy_pathname(out, writing->path.text);
	archive_entry_set_filetype(out, type);
	archive_entry_set_perm(out, (mode_t)entry->mode);
	archive_entry_set_uid(out, entry->uid);
	archive_entry_set_gid(out, entry->gid);
	archive_entry_set_mtime(out, (time_t)entry->mtime_s, (long)entry->mtime_ns);
	if (type == AE_IFREG)
		archive_entry_set_size(out, (int64_t)entry->offset);
	if (type == AE_IFLNK)
		archive_entry_copy_symlink(out, entry->link);
	if (type == AE_IFCHR || type == AE_IFBLK)
		archive_entry_set_rdev(out, (dev_t)entry->offset);
	if (entry->type == TREE_HARDLINK)
		r = set_hardlink(writing, entry->link, err);
	if (r == 0 && archive_write_header(writing->tar, out) < ARCHIVE_WARN)
		r = failed(writing, err);
	archive_entry_clear(out);
	return r;
}

static int write_entry(struct writing *writing, const struct tree_entry *entry, const char *name,
		       struct err *err)
{
	size_t before = tree_path_enter(&writing->path, name);
	int r;

	switch (entry->type) {
	case TREE_FILE:
		r = write_header(writing, entry, AE_IFREG, err);
		if (r == 0)
			r = write_content(writing, entry->offset, err);
		break;
	case TREE_LINK:
		r = write_header(writing, entry, AE_IFLNK, err);
		break;
	case TREE_HARDLINK:
		r = write_header(writing, entry, 0, err);
		break;
	case TREE_NODE:
		r = write_header(writing, entry, entry->mode & S_IFMT, err);
		break;
	case TREE_DIR:
		if (writing->depth == TREE_DEPTH_MAX)
			return err_set(err, ELOOP, "the directories are too deep");
		writing->lengths[writing->depth++] = before;
		return write_header(writing, entry, AE_IFDIR, err);
	default:
		return err_set(err, EBADMSG, "the other end of the copy sends nonsense");
	}
	tree_path_leave(&writing->path, before);
	return r;
}

/* The next of the stream but attributes, which are remembered for it. */
static int next(struct writing *writing, struct tree_entry *ret_entry, struct err *err)
{
	unsigned char value[XATTR_VALUE_MAX];
	int r;

	while ((r = tree_get(writing->in, ret_entry, err)) == 0 && ret_entry->type == TREE_XATTR) {
		if (ret_entry->length > sizeof(value))
			return err_set(err, EBADMSG, "the other end of the copy sends nonsense");
		r = tree_get_data(writing->in, value, ret_entry->length, err);
		if (r < 0)
			return r;
		archive_entry_xattr_add_entry(writing->entry, ret_entry->name, value,
					      ret_entry->length);
	}
	return r;
}

static int write_all(struct writing *writing, struct err *err)
{
	struct tree_entry entry;
	int r = tree_get(writing->in, &entry, err);

	if (r < 0)
		return r;
	snprintf(writing->base, sizeof(writing->base), "%s",
		 entry.type == TREE_START && *entry.name ? entry.name : ".");
	r = next(writing, &entry, err);
	if (r == 0)
		r = write_entry(writing, &entry, writing->base, err);
	while (r == 0 && (r = next(writing, &entry, err)) == 0 && entry.type != TREE_END) {
		if (entry.type != TREE_LEAVE)
			r = write_entry(writing, &entry, entry.name, err);
		else if (writing->depth > 0)
			tree_path_leave(&writing->path, writing->lengths[--writing->depth]);
		else
			r = err_set(err, EBADMSG, "the other end of the copy sends nonsense");
	}
	if (r == 0 && archive_write_close(writing->tar) != ARCHIVE_OK)
		r = failed(writing, err);
	return r;
}

int tree_tar_write(int in, int out, struct err *err)
{
	CLEANUP_FREE struct writing *writing = calloc(1, sizeof(*writing));
	CLEANUP_FREE struct tree_stream *stream = calloc(1, sizeof(*stream));
	int r;

	if (!writing || !stream)
		return err_nomem(err);
	tree_stream_init(stream, in, NULL);
	writing->in = stream;
	writing->tar = archive_write_new();
	writing->entry = archive_entry_new();
	if (!writing->tar || !writing->entry)
		r = err_nomem(err);
	else if (archive_write_set_format_pax(writing->tar) == ARCHIVE_OK &&
		 /* Attributes as GNU tar, Go and bsdtar read them, and not once more. */
		 archive_write_set_format_option(writing->tar, "pax", "xattrheader", "SCHILY") ==
			 ARCHIVE_OK &&
		 archive_write_open_fd(writing->tar, out) == ARCHIVE_OK)
		r = write_all(writing, err);
	else
		r = failed(writing, err);
	archive_entry_free(writing->entry);
	archive_write_free(writing->tar);
	return r;
}
