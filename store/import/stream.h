// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_STREAM_H
#define STACK_STORE_IMPORT_STREAM_H

#include "core/base/err.h"
#include "store/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct archive_entry;

/*
 * Stream: a tar archive, compressed or not, read once from front to end
 *
 * Nothing is held but one block.  The uncompressed bytes are hashed on their
 * way to the tar reader, trailing ones included, and may be copied to a file:
 * so one pass yields the entries, the diff id and the layer's blob.  Known
 * compressions: gzip, zstd, xz, bzip2, all by libraries; no program is started
 * for any other.
 */
struct stream;

struct stream_progress {
	/* Told now and then how many bytes of the source have been read.  May be NULL. */
	void (*report)(void *data, uint64_t bytes);
	/* Asked before each block; when it says true, reading ends with -ECANCELED.  May be NULL.
	 */
	bool (*stopped)(void *data);
	void *data;
};

/*
 * Read from FD, which stays the caller's.  COPY_FD (-1: none) receives the uncompressed bytes.
 *
 * -EINVAL: empty, or no tar archive.
 */
int stream_open(int fd, int copy_fd, const struct stream_progress *progress,
		struct stream **ret_stream, struct err *err);
void stream_free(struct stream *stream);

/* The bytes are not a layer after all: neither copy nor hash them any more. */
void stream_stop_copy(struct stream *stream);

/*
 * The next entry, valid until the following call.  1: there is one, 0: the
 * archive is at its end.  -EINVAL: damaged or cut off.
 *
 * Blocks: for the source.
 */
int stream_next(struct stream *stream, struct archive_entry **ret_entry, struct err *err);

/* The next call of stream_next() returns the current entry once more. */
void stream_unread(struct stream *stream);

/*
 * Look behind the current entry, a directory: it is given once more before the
 * one that is unread, or at the end of the archive.  Once per stream.
 */
int stream_hold(struct stream *stream, struct err *err);

/*
 * The next piece of the entry's content, LEN bytes at OFFSET; what lies
 * between two pieces are zeros.  1, 0 at its end.
 *
 * Blocks: for the source.
 */
int stream_data(struct stream *stream, const void **ret_data, size_t *ret_len, off_t *ret_offset,
		struct err *err);

/* "none", "gzip", "zstd", …: libarchive's name of the compression. */
const char *stream_compression(const struct stream *stream);

/* Bytes taken from the source so far. */
uint64_t stream_bytes_in(const struct stream *stream);

/*
 * Read to the very end.  RET_HEX is the SHA-256 of all uncompressed bytes and
 * RET_BYTES their number.  -EINVAL: the end mark of the archive is missing, so
 * it was cut off between two entries.
 *
 * Blocks: for the source.
 */
int stream_finish(struct stream *stream, char ret_hex[DIGEST_HEX_LEN + 1], uint64_t *ret_bytes,
		  struct err *err);

#endif
