// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/tree_tar.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/tree.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

struct writing {
	struct tree_stream *in;
	struct archive *tar;
	struct tree_path path;
	size_t lengths[TREE_DEPTH_MAX + 1]; /* of the path, where each directory is left to */
	unsigned int depth;
};

static int failed(struct writing *writing, struct err *err)
{
	int code = archive_errno(writing->tar);

	if (code == EPIPE)
		return err_set(err, EPIPE, "nobody reads the archive any more");
	return err_set(err, code > 0 ? code : EIO, "write the archive: %s",
		       archive_error_string(writing->tar));
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

static int write_header(struct writing *writing, const struct tree_entry *entry, mode_t type,
			struct err *err)
{
	struct archive_entry *out = archive_entry_new();
	int r = 0;

	if (!out)
		return err_nomem(err);
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
	if (archive_write_header(writing->tar, out) < ARCHIVE_WARN)
		r = failed(writing, err);
	archive_entry_free(out);
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

static int write_all(struct writing *writing, struct err *err)
{
	char base[TREE_NAME_MAX + 1] = ".";
	struct tree_entry entry;
	int r = tree_get(writing->in, &entry, err);

	if (r == 0 && entry.type == TREE_START && *entry.name)
		memcpy(base, entry.name, strlen(entry.name) + 1);
	if (r == 0)
		r = tree_get(writing->in, &entry, err);
	if (r == 0)
		r = write_entry(writing, &entry, base, err);
	while (r == 0 && (r = tree_get(writing->in, &entry, err)) == 0 && entry.type != TREE_END) {
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
	int r = -ENOMEM;

	if (!writing || !stream)
		return err_nomem(err);
	tree_stream_init(stream, in, NULL);
	writing->in = stream;
	writing->tar = archive_write_new();
	if (!writing->tar)
		return err_nomem(err);
	r = archive_write_set_format_pax(writing->tar) == ARCHIVE_OK &&
			    archive_write_open_fd(writing->tar, out) == ARCHIVE_OK
		    ? write_all(writing, err)
		    : failed(writing, err);
	archive_write_free(writing->tar);
	return r;
}
