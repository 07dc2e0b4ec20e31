// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/logfile.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Half of what writev(2) takes: the records of one call still fit the shim's small stack. */
#define RECORDS_MAX 256
#define HEAD_MAX    64

/* Records on their way to the file; the text stays where it was read. */
struct batch {
	struct iovec iov[2 * RECORDS_MAX + 1];
	int n;
	uint64_t records;
	size_t len;
};

static int open_file(struct logfile *log)
{
	return openat(log->dir, log->name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
		      0640);
}

int logfile_open(struct logfile *log, const char *path, uint64_t max_size, uint32_t max_files,
		 struct err *err)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	char dir[PATH_MAX];
	struct stat st;

	if (!path)
		return 0;
	if (!slash || strlen(slash + 1) > NAME_MAX - 16 || (size_t)(slash - path) >= sizeof(dir))
		return err_set(err, EINVAL, "'%s' is no path for a log file", path);
	memcpy(dir, path, (size_t)(slash - path));
	dir[slash - path] = '\0';
	log->dir = open(*dir ? dir : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (log->dir < 0)
		return err_sys(err, errno, "open log directory '%s'", dir);
	snprintf(log->name, sizeof(log->name), "%.*s", NAME_MAX - 16, slash + 1);
	log->fd = open_file(log);
	if (log->fd < 0 || fstat(log->fd, &st) < 0)
		return err_sys(err, errno, "open log file '%s'", path);
	log->size = (uint64_t)st.st_size;
	log->max_size = max_size;
	log->max_files = max_files;
	return 0;
}

static void numbered(const struct logfile *log, uint32_t n, char ret_name[NAME_MAX + 16])
{
	if (n)
		snprintf(ret_name, NAME_MAX + 16, "%s.%" PRIu32, log->name, n);
	else
		snprintf(ret_name, NAME_MAX + 16, "%s", log->name);
}

/* A new file that cannot be made leaves us with the old one, under its new name. */
static void rotate(struct logfile *log)
{
	char from[NAME_MAX + 16], to[NAME_MAX + 16];
	int fd;

	if (log->max_files <= 1) {
		if (ftruncate(log->fd, 0) == 0)
			log->size = 0;
		return;
	}
	for (uint32_t n = log->max_files - 1; n > 0; n--) {
		numbered(log, n - 1, from);
		numbered(log, n, to);
		renameat(log->dir, from, log->dir, to);
	}
	fd = open_file(log);
	if (fd < 0)
		return;
	close(log->fd);
	log->fd = fd;
	log->size = 0;
}

/* All of the batch or nothing: a record that is cut in the middle would spoil the next one. */
static int write_batch(struct logfile *log, const struct batch *batch)
{
	ssize_t n;

	if (log->max_size && log->size && log->size + batch->len > log->max_size)
		rotate(log);
	do
		n = writev(log->fd, batch->iov, batch->n);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)batch->len) {
		log->size += batch->len;
		return 0;
	}
	if (n > 0 && ftruncate(log->fd, (off_t)log->size) < 0)
		log->size += (uint64_t)n;
	return n < 0 ? -errno : -ENOSPC;
}

static int head(char ret_head[HEAD_MAX], const char *stream)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	return snprintf(ret_head, HEAD_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ %s F ",
			tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
			tm.tm_sec, now.tv_nsec, stream);
}

/* "… stderr F stack: 12 records dropped: No space left on device" */
static int write_marker(struct logfile *log)
{
	char text[256];
	int len = head(text, "stderr");
	struct batch batch = {.n = 1};

	len += snprintf(text + len, sizeof(text) - (size_t)len,
			"stack: %" PRIu64 " records dropped: %s\n", log->dropped,
			strerror(log->drop_reason));
	batch.iov[0] = (struct iovec){text, (size_t)len};
	batch.len = (size_t)len;
	return write_batch(log, &batch);
}

static void flush(struct logfile *log, struct batch *batch)
{
	int r = log->dropped ? write_marker(log) : 0;

	if (r == 0) {
		log->dropped = 0;
		r = write_batch(log, batch);
	}
	if (r < 0) {
		log->dropped += batch->records;
		log->drop_reason = -r;
	}
	batch->n = 0;
	batch->records = 0;
	batch->len = 0;
}

static void add(struct batch *batch, const char *data, size_t len)
{
	batch->iov[batch->n++] = (struct iovec){(void *)(uintptr_t)data, len};
	batch->len += len;
}

void logfile_append(struct logfile *log, const char *stream, const char *data, size_t len)
{
	char full[HEAD_MAX], partial[HEAD_MAX];
	const char *end = data + len;
	static struct batch batch;
	size_t head_len;

	if (log->fd < 0 || len == 0)
		return;
	head_len = (size_t)head(full, stream);
	memcpy(partial, full, head_len);
	partial[head_len - 2] = 'P';
	while (data < end) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		const char *stop = newline ? newline + 1 : end;

		add(&batch, newline ? full : partial, head_len);
		add(&batch, data, (size_t)(stop - data));
		if (!newline)
			add(&batch, "\n", 1);
		if (++batch.records == RECORDS_MAX || stop == end)
			flush(log, &batch);
		data = stop;
	}
}

void logfile_release(struct logfile *log)
{
	cleanup_close(&log->dir);
	cleanup_close(&log->fd);
	log->dir = log->fd = -1;
}
