// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An archive lists paths in any order, the stream goes into directories and
 * out of them: so where the stream is has to be remembered, and directories
 * that the archive does not name are entered on the way.
 */
#include "store/import/tree_tar.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/strbuf.h"
#include "core/base/text.h"
#include "core/container/tree.h"
#include "store/import/place.h"
#include "store/import/stream.h"

#include <archive_entry.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

struct reading {
	struct stream *tar;
	struct tree_stream *out;
	char at[PATH_MAX]; /* the directory that the stream is in, "a/b" */
};

static int leave(struct reading *reading, struct err *err)
{
	const struct tree_entry entry = {.type = TREE_LEAVE};
	char *slash = strrchr(reading->at, '/');

	*(slash ? slash : reading->at) = '\0';
	return tree_put(reading->out, &entry, err);
}

static bool is_in(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return len == 0 || (strncmp(path, dir, len) == 0 && path[len] == '/');
}

/* Into NAME, which is LEN bytes of a path, with what ENTRY says of it. */
static int enter(struct reading *reading, const char *name, size_t len, struct tree_entry entry,
		 struct err *err)
{
	char component[NAME_MAX + 1];
	size_t at = strlen(reading->at);

	if (len > NAME_MAX || at + len + 2 > sizeof(reading->at))
		return err_set(err, ENAMETOOLONG, "the archive has a path that is too long");
	snprintf(component, sizeof(component), "%.*s", (int)len, name);
	snprintf(reading->at + at, sizeof(reading->at) - at, "%s%s", at ? "/" : "", component);
	entry.type = TREE_DIR;
	entry.name = component;
	return tree_put(reading->out, &entry, err);
}

/* Go to the directory that PATH is in; its last component, which is in PATH. */
static int go_to(struct reading *reading, const char *path, const char **ret_base, struct err *err)
{
	const struct tree_entry plain = {.mode = 0755};
	int r = 0;

	while (r == 0 && !is_in(path, reading->at))
		r = leave(reading, err);
	while (r == 0) {
		const char *name = path + strlen(reading->at) + (*reading->at != '\0');
		const char *slash = strchr(name, '/');

		*ret_base = name;
		if (!slash)
			break;
		r = enter(reading, name, (size_t)(slash - name), plain, err);
	}
	return r;
}

static int put_content(struct reading *reading, struct tree_entry *entry, struct err *err)
{
	const void *data;
	size_t len;
	off_t at;
	uint64_t end = entry->offset;
	int r = tree_put(reading->out, entry, err);

	while (r == 0 && (r = stream_data(reading->tar, &data, &len, &at, err)) == 1) {
		r = 0;
		for (size_t done = 0; r == 0 && done < len;) {
			size_t n = len - done < 65536 ? len - done : 65536;

			r = tree_put_data(reading->out, (uint64_t)at + done,
					  (const char *)data + done, n, err);
			done += n;
		}
	}
	return r < 0 ? r : tree_put_data(reading->out, end, NULL, 0, err);
}

static void tell_skipped(const char *path)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	text_escape(&text, path, strlen(path));
	fprintf(stderr, "stack: '%s' is neither file, directory nor link, and left out\n",
		text.text);
}

static int put_entry(struct reading *reading, struct archive_entry *found, const char *path,
		     const char *base, struct err *err)
{
	struct tree_entry entry = {.name = base,
				   .mode = archive_entry_perm(found) & 07777,
				   .uid = (uint32_t)archive_entry_uid(found),
				   .gid = (uint32_t)archive_entry_gid(found),
				   .mtime_s = archive_entry_mtime(found),
				   .mtime_ns = (uint32_t)archive_entry_mtime_nsec(found),
				   .offset = (uint64_t)archive_entry_size(found)};
	char target[PATH_MAX];
	int r;

	if (archive_entry_hardlink(found)) {
		r = place_clean(archive_entry_hardlink(found), target, err);
		entry = (struct tree_entry){.type = TREE_HARDLINK, .name = base, .link = target};
		return r < 0 ? r : tree_put(reading->out, &entry, err);
	}
	switch (archive_entry_filetype(found)) {
	case AE_IFREG:
		entry.type = TREE_FILE;
		return put_content(reading, &entry, err);
	case AE_IFDIR:
		entry.offset = 0;
		return enter(reading, base, strlen(base), entry, err);
	case AE_IFLNK:
		entry.type = TREE_LINK;
		entry.offset = 0;
		entry.link = archive_entry_symlink(found);
		return tree_put(reading->out, &entry, err);
	default:
		tell_skipped(path);
		return 0;
	}
}

static int read_entries(struct reading *reading, struct err *err)
{
	struct archive_entry *found;
	int r;

	while ((r = stream_next(reading->tar, &found, err)) == 1) {
		const char *name = archive_entry_pathname(found), *base;
		char path[PATH_MAX];

		r = name ? place_clean(name, path, err)
			 : err_set(err, EINVAL, "the archive has an entry without a name");
		if (r < 0)
			return r;
		/* The directory that it is unpacked in. */
		if (!*path)
			continue;
		r = go_to(reading, path, &base, err);
		if (r == 0)
			r = put_entry(reading, found, path, base, err);
		if (r < 0)
			return r;
	}
	return r;
}

static int read_all(struct reading *reading, struct err *err)
{
	const struct tree_entry start = {.type = TREE_START,
					 .flags = TREE_CONTENTS | TREE_INTO_EXISTING},
				root = {.type = TREE_DIR, .name = "root", .mode = 0755},
				leave_root = {.type = TREE_LEAVE}, end = {.type = TREE_END};
	char hex[DIGEST_HEX_LEN + 1];
	uint64_t bytes;
	int r = tree_put(reading->out, &start, err);

	if (r == 0)
		r = tree_put(reading->out, &root, err);
	if (r == 0)
		r = read_entries(reading, err);
	if (r == 0)
		r = stream_finish(reading->tar, hex, &bytes, err);
	while (r == 0 && *reading->at)
		r = leave(reading, err);
	if (r == 0)
		r = tree_put(reading->out, &leave_root, err);
	if (r == 0)
		r = tree_put(reading->out, &end, err);
	return r < 0 ? r : tree_flush(reading->out, err);
}

int tree_tar_read(int in, int out, struct err *err)
{
	CLEANUP_FREE struct reading *reading = calloc(1, sizeof(*reading));
	CLEANUP_FREE struct tree_stream *stream = calloc(1, sizeof(*stream));
	int r;

	if (!reading || !stream)
		return err_nomem(err);
	tree_stream_init(stream, out, NULL);
	reading->out = stream;
	r = stream_open(in, -1, NULL, &reading->tar, err);
	if (r < 0)
		return r;
	r = read_all(reading, err);
	stream_free(reading->tar);
	return r;
}
