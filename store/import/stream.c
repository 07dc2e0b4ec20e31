// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two libarchive readers in a row: `filter` undoes the compression and takes
 * the result for one raw file, `tar` reads its blocks through pull().  Between
 * the two every byte passes through our hands.
 */
#include "store/import/stream.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define READ_SIZE   ((size_t)256 << 10)
#define REPORT_STEP ((uint64_t)8 << 20)
#define TAR_BLOCK   512
#define RATIO_MAX   200
#define RATIO_FREE  ((uint64_t)1 << 30) /* so much may come of anything */

struct stream {
	struct archive *filter, *tar;
	struct archive_entry *entry, *held, *held_before;
	int copy_fd;
	bool hashing, pending, at_end, no_more;
	struct digest_stream digest;
	uint64_t out, zero_tail; /* bytes so far; how many zeros they end in */
	uint64_t reported;
	struct stream_progress progress;
	struct err failure; /* ours, while libarchive is on the stack */
};

static int archive_failed(const struct stream *s, struct archive *a, struct err *err)
{
	const char *why = archive_error_string(a);

	if (s->failure.code)
		return err_set(err, s->failure.code, "%s", s->failure.msg);
	if (archive_errno(a) == ENOMEM)
		return err_nomem(err);
	if (archive_errno(a) == EIO)
		return err_set(err, EIO, "read the archive: %s", why);
	return err_set(err, EINVAL, "the archive is damaged or cut off: %s",
		       why ? why : "unknown error");
}

static void count_zero_tail(struct stream *s, const char *data, size_t len)
{
	size_t zeros = 0;

	while (zeros < len && zeros < (size_t)2 * TAR_BLOCK && data[len - 1 - zeros] == '\0')
		zeros++;
	s->zero_tail = zeros == len ? s->zero_tail + zeros : zeros;
}

static void report(struct stream *s)
{
	uint64_t in = stream_bytes_in(s);

	if (!s->progress.report || in < s->reported + REPORT_STEP)
		return;
	s->reported = in;
	s->progress.report(s->progress.data, in);
}

/* Hash, copy and count what the filter gave. */
static int take(struct stream *s, const void *data, size_t len)
{
	if (s->progress.stopped && s->progress.stopped(s->progress.data))
		return err_set(&s->failure, ECANCELED, "it is not wanted any more");
	s->out += len;
	if (s->out > RATIO_FREE && s->out / RATIO_MAX > stream_bytes_in(s))
		return err_set(
			&s->failure, EFBIG,
			"the archive unpacks to more than %d times its size; that is no real one",
			RATIO_MAX);
	count_zero_tail(s, data, len);
	if (s->hashing)
		digest_update(&s->digest, data, len);
	if (s->copy_fd >= 0) {
		int r = fd_write_all(s->copy_fd, data, len);

		if (r < 0)
			return err_sys(&s->failure, -r, "write to the image store");
	}
	report(s);
	return 0;
}

/* libarchive's read callback: the next uncompressed bytes, 0 at their end, -1 on failure. */
static la_ssize_t pull(struct archive *tar, void *data, const void **ret_block)
{
	struct stream *s = data;
	const void *block = NULL;
	la_int64_t offset;
	size_t len = 0;
	int r;

	if (s->failure.code)
		return -1;
	if (s->at_end)
		return 0;
	do
		r = archive_read_data_block(s->filter, &block, &len, &offset);
	while (r == ARCHIVE_OK && len == 0);
	if (r == ARCHIVE_EOF) {
		s->at_end = true;
		return 0;
	}
	if (r != ARCHIVE_OK)
		archive_failed(s, s->filter, &s->failure);
	if (r != ARCHIVE_OK || take(s, block, len) < 0) {
		archive_set_error(tar, s->failure.code, "%s", s->failure.msg);
		return -1;
	}
	*ret_block = block;
	return (la_ssize_t)len;
}

static int open_filter(struct stream *s, int fd, struct err *err)
{
	static int (*const filters[])(struct archive *) = {
		archive_read_support_filter_gzip,
		archive_read_support_filter_zstd,
		archive_read_support_filter_xz,
		archive_read_support_filter_bzip2,
	};
	struct archive_entry *raw;
	int r;

	s->filter = archive_read_new();
	if (!s->filter)
		return err_nomem(err);
	/* Anything but OK means that this libarchive would start a program for it. */
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
		if (filters[i](s->filter) != ARCHIVE_OK)
			return err_set(err, ENOTSUP, "libarchive was built without %s",
				       archive_error_string(s->filter));
	archive_read_support_format_raw(s->filter);
	archive_read_support_format_empty(s->filter);
	if (archive_read_open_fd(s->filter, fd, READ_SIZE) != ARCHIVE_OK)
		return archive_failed(s, s->filter, err);
	r = archive_read_next_header(s->filter, &raw);
	if (r == ARCHIVE_EOF)
		return err_set(err, EINVAL, "the file is empty");
	return r == ARCHIVE_OK ? 0 : archive_failed(s, s->filter, err);
}

static int open_tar(struct stream *s, struct err *err)
{
	s->tar = archive_read_new();
	if (!s->tar)
		return err_nomem(err);
	archive_read_support_format_tar(s->tar);
	if (archive_read_open(s->tar, s, NULL, pull, NULL) == ARCHIVE_OK)
		return 0;
	if (s->failure.code)
		return archive_failed(s, s->tar, err);
	return err_set(err, EINVAL, "it is neither an image nor a tar archive");
}

int stream_open(int fd, int copy_fd, const struct stream_progress *progress,
		struct stream **ret_stream, struct err *err)
{
	struct stream *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_nomem(err);
	s->copy_fd = copy_fd;
	s->hashing = true;
	if (progress)
		s->progress = *progress;
	digest_start(&s->digest);
	r = open_filter(s, fd, err);
	if (r == 0)
		r = open_tar(s, err);
	if (r < 0) {
		stream_free(s);
		return r;
	}
	*ret_stream = s;
	return 0;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	archive_read_free(s->tar);
	archive_read_free(s->filter);
	archive_entry_free(s->held);
	archive_entry_free(s->held_before);
	free(s);
}

void stream_stop_copy(struct stream *s)
{
	s->copy_fd = -1;
	s->hashing = false;
}

static int read_header(struct stream *s, struct err *err)
{
	int r;

	if (s->no_more)
		return 0;
	r = archive_read_next_header(s->tar, &s->entry);
	if (r == ARCHIVE_EOF) {
		s->no_more = true; /* libarchive takes it ill to be asked again */
		return 0;
	}
	if (r >= ARCHIVE_WARN)
		return 1;
	if (archive_format(s->tar) == 0 && !s->failure.code)
		return err_set(err, EINVAL, "it is neither an image nor a tar archive");
	return archive_failed(s, s->tar, err);
}

int stream_next(struct stream *s, struct archive_entry **ret_entry, struct err *err)
{
	int r = 1;

	if (s->held && (s->pending || s->no_more)) {
		s->held_before = TAKE_PTR(s->held);
		*ret_entry = s->held_before;
		return 1;
	}
	if (!s->pending)
		r = read_header(s, err);
	if (r <= 0)
		return r;
	s->pending = false;
	*ret_entry = s->entry;
	return 1;
}

void stream_unread(struct stream *s)
{
	s->pending = true;
}

int stream_hold(struct stream *s, struct err *err)
{
	s->held = archive_entry_clone(s->entry);
	return s->held ? 0 : err_nomem(err);
}

int stream_data(struct stream *s, const void **ret_data, size_t *ret_len, off_t *ret_offset,
		struct err *err)
{
	la_int64_t offset = 0;
	int r = archive_read_data_block(s->tar, ret_data, ret_len, &offset);

	if (r == ARCHIVE_EOF)
		return 0;
	if (r < ARCHIVE_WARN)
		return archive_failed(s, s->tar, err);
	*ret_offset = (off_t)offset;
	return 1;
}

uint64_t stream_bytes_in(const struct stream *s)
{
	return (uint64_t)archive_filter_bytes(s->filter, -1);
}

const char *stream_compression(const struct stream *s)
{
	return archive_filter_name(s->filter, 0);
}

int stream_finish(struct stream *s, char ret_hex[DIGEST_HEX_LEN + 1], uint64_t *ret_bytes,
		  struct err *err)
{
	const void *block;

	for (;;) {
		la_ssize_t n = pull(s->tar, s, &block);

		if (n < 0)
			return archive_failed(s, s->tar, err);
		if (n == 0)
			break;
	}
	if (s->zero_tail < TAR_BLOCK)
		return err_set(err, EINVAL, "the archive is cut off: its end mark is missing");
	digest_finish(&s->digest, ret_hex);
	*ret_bytes = s->out;
	return 0;
}
