// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/logsource.h"

#include "cmd/cli/logtail.h"
#include "core/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_SIZE  (256 * 1024)
#define LINE_MAX_LEN (4 * 1024 * 1024) /* beyond it a line is shown in pieces */

static bool is_ours(const struct log_source *source, unsigned int number)
{
	char name[LOG_FILE_NAME_MAX];
	struct stat st;

	log_file_name(name, source->container, number);
	return fstatat(source->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_dev == source->dev && st.st_ino == source->ino;
}

static bool use_file(struct log_source *source, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	if (source->fd >= 0)
		close(source->fd);
	source->fd = fd;
	source->dev = st.st_dev;
	source->ino = st.st_ino;
	return true;
}

/*
 * Open the file to begin with; -1: there is none (yet).  A rotation may give
 * its number to the next one just before it is opened: then there is an older
 * one still when we look again.
 */
static int open_oldest(const struct log_source *source)
{
	for (;;) {
		unsigned int oldest = log_file_oldest(source->dirfd, source->container);
		CLEANUP_FD int fd = log_file_open(source->dirfd, source->container, oldest);

		if (log_file_oldest(source->dirfd, source->container) <= oldest)
			return TAKE_FD(fd);
	}
}

/*
 * Open the file that comes after ours; -1: there is none (yet).  The shim
 * renames the older file first, so a file that is still number N after its
 * neighbour N - 1 was opened had that one as its neighbour all the time.
 */
static int open_newer(const struct log_source *source)
{
	while (source->fd >= 0) {
		unsigned int number = 0, oldest = log_file_oldest(source->dirfd, source->container);
		CLEANUP_FD int fd = -1;

		while (number <= oldest && !is_ours(source, number))
			number++;
		/* Gone, unless a rotation has just given it a number we did not look at. */
		if (number > oldest && log_file_oldest(source->dirfd, source->container) <= oldest)
			break;
		if (number > oldest)
			continue;
		if (number == 0)
			return -1;
		fd = log_file_open(source->dirfd, source->container, number - 1);
		if (is_ours(source, number))
			return TAKE_FD(fd);
	}
	return open_oldest(source);
}

static void make_room(struct log_source *source)
{
	if (source->start < source->end)
		memmove(source->buffer, source->buffer + source->start,
			source->end - source->start);
	source->end -= source->start;
	source->start = 0;
	if (source->end < source->size)
		return;
	source->size = source->size ? source->size * 2 : BUFFER_SIZE;
	source->buffer = realloc(source->buffer, source->size);
	if (!source->buffer)
		abort();
}

static bool read_more(struct log_source *source)
{
	ssize_t n;

	if (source->fd < 0)
		return false;
	if (!source->buffer || source->end == source->size)
		make_room(source);
	do
		n = read(source->fd, source->buffer + source->end, source->size - source->end);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	source->end += (size_t)n;
	return true;
}

/*
 * Get more bytes, from the next file if need be.  What is there of a next file
 * proves that nothing is written to ours any more, but not that nothing was
 * since we read it: hence the second look.
 */
static bool fill(struct log_source *source)
{
	while (!read_more(source)) {
		CLEANUP_FD int fd = open_newer(source);

		if (fd < 0)
			return false;
		if (read_more(source))
			return true;
		if (!use_file(source, fd))
			return false;
		TAKE_FD(fd);
	}
	return true;
}

void log_source_init(struct log_source *source, int dirfd, const char *container, long tail)
{
	off_t offset = 0;
	int fd;

	*source = (struct log_source){.dirfd = dirfd,
				      .fd = -1,
				      .container = strdup(container),
				      .pending = {STRBUF_INIT, STRBUF_INIT},
				      .line = STRBUF_INIT};
	if (!source->container)
		abort();
	fd = tail < 0 ? open_newer(source) : log_tail_open(dirfd, container, tail, &offset);
	if (fd >= 0 && (lseek(fd, offset, SEEK_SET) < 0 || !use_file(source, fd)))
		close(fd);
}

void log_source_release(struct log_source *source)
{
	free(source->container);
	free(source->buffer);
	cleanup_close(&source->fd);
	strbuf_release(&source->pending[0]);
	strbuf_release(&source->pending[1]);
	strbuf_release(&source->line);
}

/* The last piece of a line, or all of it: have source->record ready to be shown. */
static void complete(struct log_source *source)
{
	struct strbuf *pending = &source->pending[source->record.is_stderr];
	struct log_record *record = &source->record;

	source->has_record = true;
	if (pending->len == 0)
		return;
	strbuf_add(pending, record->text, record->len);
	strbuf_reset(&source->line);
	strbuf_add(&source->line, pending->text, pending->len);
	strbuf_reset(pending);
	record->text = source->line.text;
	record->len = source->line.len;
}

/* Take in the LEN bytes of LINE.  True: they completed a line. */
static bool take(struct log_source *source, const char *line, size_t len)
{
	struct log_record record;

	if (log_record_parse(line, len, &record) < 0) {
		/* Damaged, by a full disk for instance: shown as it is, in its place. */
		record = source->record;
		record.text = line;
		record.len = len;
		record.is_partial = false;
	}
	/* The next record may be damaged, and ours is then all that tells the time. */
	if (record.time != source->time && record.time_len < sizeof(source->time)) {
		memcpy(source->time, record.time_len ? record.time : "", record.time_len);
		record.time = source->time;
	}
	source->record = record;
	if (record.is_partial && source->pending[record.is_stderr].len < LINE_MAX_LEN) {
		strbuf_add(&source->pending[record.is_stderr], record.text, record.len);
		return false;
	}
	complete(source);
	return true;
}

bool log_source_next(struct log_source *source)
{
	size_t searched = 0;

	source->has_record = false;
	for (;;) {
		char *line = source->buffer ? source->buffer + source->start : NULL;
		size_t len = source->end - source->start;
		char *newline = line ? memchr(line + searched, '\n', len - searched) : NULL;

		if (newline || len >= LINE_MAX_LEN) {
			size_t used = newline ? (size_t)(newline - line) : len;

			source->start += newline ? used + 1 : used;
			searched = 0;
			if (take(source, line, used))
				return true;
			continue;
		}
		searched = len;
		if (!fill(source))
			return false;
	}
}

bool log_source_finish(struct log_source *source)
{
	for (size_t i = 0; i < ARRAY_SIZE(source->pending); i++) {
		if (source->pending[i].len == 0)
			continue;
		source->record.is_stderr = i == 1;
		source->record.text = "";
		source->record.len = 0;
		complete(source);
		return true;
	}
	source->has_record = false;
	return false;
}
