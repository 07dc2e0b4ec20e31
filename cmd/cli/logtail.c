// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/logtail.h"

#include "cmd/cli/logrecord.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_WINDOW (64 * 1024)
#define GAP_MAX	     8 /* numbers in a row that we may find unused while rotations overtake us */

void log_file_name(char ret_name[LOG_FILE_NAME_MAX], const char *container, unsigned int number)
{
	if (number == 0)
		snprintf(ret_name, LOG_FILE_NAME_MAX, "%s.log", container);
	else
		snprintf(ret_name, LOG_FILE_NAME_MAX, "%s.log.%u", container, number);
}

int log_file_open(int dirfd, const char *container, unsigned int number)
{
	char name[LOG_FILE_NAME_MAX];

	log_file_name(name, container, number);
	return openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

unsigned int log_file_oldest(int dirfd, const char *container)
{
	unsigned int oldest = 0;

	for (unsigned int number = 1; number <= oldest + 1 + GAP_MAX; number++) {
		char name[LOG_FILE_NAME_MAX];

		log_file_name(name, container, number);
		if (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			oldest = number;
	}
	return oldest;
}

/* Is the line at LINE the last piece of one, which is what counts? */
static bool ends_line(const char *line, size_t len)
{
	struct log_record record;

	return log_record_parse(line, len, &record) < 0 || !record.is_partial;
}

/*
 * Count *LINES down for every line that ends in the LEN bytes of TEXT, last one
 * first; with OPEN_END the very last record counts even if its line has not
 * ended yet.  Returns the offset at which the last wanted one begins; when there
 * are not enough of them, 0 with *LINES still positive.
 */
static size_t count_back(const char *text, size_t len, bool open_end, long *lines)
{
	size_t end = len, begin = len;

	while (end > 0) {
		const char *newline = memrchr(text, '\n', end - 1);
		size_t start = newline ? (size_t)(newline - text) + 1 : 0;

		/* A piece belongs to the line that ends behind it. */
		if ((open_end && end == len) || ends_line(text + start, end - 1 - start)) {
			if (*lines == 0)
				return begin;
			(*lines)--;
		}
		begin = start;
		end = start;
	}
	return begin;
}

/* Find it in one file of SIZE bytes, looking at the end first.  False: it could not be read. */
static bool tail_of_file(int fd, off_t size, bool newest, long *lines, off_t *ret_offset)
{
	size_t window = FIRST_WINDOW;

	for (;; window *= 4) {
		size_t len = (off_t)window < size ? window : (size_t)size, skip = 0;
		CLEANUP_FREE char *text = malloc(len + 1);
		long left = *lines;
		size_t begin;

		if (!text || lseek(fd, size - (off_t)len, SEEK_SET) < 0 ||
		    fd_read_full(fd, text, len) != (ssize_t)len)
			return false;
		/* What stands before the first newline of a window began before it. */
		if ((off_t)len < size) {
			const char *newline = memchr(text, '\n', len);

			skip = newline ? (size_t)(newline - text) + 1 : len;
		}
		/* Bytes behind the last newline are a record still being written. */
		while (len > skip && text[len - 1] != '\n')
			len--;
		begin = skip + count_back(text + skip, len - skip, newest, &left);
		if (begin == skip && (off_t)window < size)
			continue;
		*lines = begin == skip ? left : 0;
		*ret_offset =
			(off_t)window < size ? size - (off_t)window + (off_t)begin : (off_t)begin;
		return true;
	}
}

int log_tail_open(int dirfd, const char *container, long lines, off_t *ret_offset)
{
	unsigned int oldest = log_file_oldest(dirfd, container);
	int best = -1;

	for (unsigned int number = 0; number <= oldest; number++) {
		CLEANUP_FD int fd = log_file_open(dirfd, container, number);
		struct stat st;
		off_t offset;

		if (fd < 0 || fstat(fd, &st) < 0 ||
		    !tail_of_file(fd, st.st_size, number == 0, &lines, &offset))
			continue;
		if (best >= 0)
			close(best);
		best = TAKE_FD(fd);
		*ret_offset = offset;
		if (offset > 0 || lines == 0)
			break;
	}
	return best;
}
