// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/blob.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define READ_SIZE  ((size_t)256 << 10)
#define KEEP_S	   86400
#define PART	   ".part"
#define PART_NAMES (DIGEST_HEX_LEN + sizeof(PART))

static void part_name(const struct blob *blob, char ret[PART_NAMES])
{
	snprintf(ret, PART_NAMES, "%s" PART, blob->hex);
}

static bool has_file(int dirfd, const char *hex, uint64_t size)
{
	struct stat st;

	return fstatat(dirfd, hex, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == size;
}

bool blob_is_there(const struct blob *blob)
{
	return has_file(blob->pull_fd, blob->hex, blob->size) ||
	       has_file(blob->blobs_fd, blob->hex, blob->size);
}

static int broken_file(int code, struct err *err)
{
	return err_sys(err, code, "write to the image store");
}

/* Open and lock the .part.  -EAGAIN: another process has it. */
static int open_part(struct blob *blob, struct err *err)
{
	char name[PART_NAMES];
	struct stat ours, named;
	CLEANUP_FD int fd = -1;

	part_name(blob, name);
	fd = openat(blob->pull_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return broken_file(errno, err);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : broken_file(errno, err);
	/* Who had it until now has renamed or removed it. */
	if (fstat(fd, &ours) < 0 || fstatat(blob->pull_fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
	    ours.st_ino != named.st_ino)
		return -EAGAIN;
	blob->fd = TAKE_FD(fd);
	return 0;
}

static int reset(struct transfer *transfer, struct err *err)
{
	struct blob *blob = (struct blob *)transfer;

	digest_start(&blob->digest);
	blob->received = 0;
	if (ftruncate(blob->fd, 0) < 0 || lseek(blob->fd, 0, SEEK_SET) < 0)
		return broken_file(errno, err);
	return 0;
}

/* Hash what an earlier run has left. */
static int rehash(struct blob *blob, struct err *err)
{
	CLEANUP_FREE char *buffer = malloc(READ_SIZE);
	ssize_t n;

	if (!buffer)
		return err_nomem(err);
	digest_start(&blob->digest);
	blob->received = 0;
	if (lseek(blob->fd, 0, SEEK_SET) < 0)
		return broken_file(errno, err);
	while ((n = fd_read_full(blob->fd, buffer, READ_SIZE)) > 0) {
		digest_update(&blob->digest, buffer, (size_t)n);
		blob->received += (uint64_t)n;
	}
	if (n < 0)
		return err_sys(err, (int)-n, "read from the image store");
	return blob->received > blob->size ? reset(&blob->transfer, err) : 0;
}

/* The name goes first: whoever waits for the lock then sees that this is not it any more. */
static void remove_part(struct blob *blob)
{
	char name[PART_NAMES];

	part_name(blob, name);
	unlinkat(blob->pull_fd, name, 0);
	close(TAKE_FD(blob->fd));
	blob->received = 0;
}

static int verify(struct blob *blob, struct err *err)
{
	char name[PART_NAMES], hex[DIGEST_HEX_LEN + 1];

	digest_finish(&blob->digest, hex);
	if (strcmp(hex, blob->hex) != 0) {
		remove_part(blob);
		return err_set(err, EBADMSG,
			       "the registry '%s' sends other bytes: their digest is sha256:%.12s…",
			       transfer_host(&blob->transfer), hex);
	}
	part_name(blob, name);
	if (renameat(blob->pull_fd, name, blob->pull_fd, blob->hex) < 0)
		return broken_file(errno, err);
	close(TAKE_FD(blob->fd));
	return 0;
}

static int begin(struct transfer *transfer, uint64_t *ret_offset, struct err *err)
{
	struct blob *blob = (struct blob *)transfer;
	int r;

	if (blob->fd < 0) {
		if (!blob_is_there(blob)) {
			r = open_part(blob, err);
			if (r < 0)
				return r;
		}
		/* Once more, for who had the lock may have finished it in between. */
		if (blob_is_there(blob)) {
			if (blob->fd >= 0)
				remove_part(blob);
			blob->received = blob->size;
			blob->was_there = true;
			return 1;
		}
		r = rehash(blob, err);
		if (r < 0)
			return r;
	}
	if (blob->received == blob->size && blob->size > 0 && verify(blob, NULL) == 0)
		return 1;
	if (blob->fd < 0) { /* the file was full, of something else */
		r = open_part(blob, err);
		if (r == 0)
			r = reset(transfer, err);
		if (r < 0)
			return r;
	}
	*ret_offset = blob->received;
	return 0;
}

static int write_some(struct transfer *transfer, const void *bytes, size_t len, struct err *err)
{
	struct blob *blob = (struct blob *)transfer;
	int r;

	if (len > blob->size - blob->received) {
		remove_part(blob);
		return err_set(err, EBADMSG, "the registry '%s' sends more than the %llu bytes",
			       transfer_host(transfer), (unsigned long long)blob->size);
	}
	digest_update(&blob->digest, bytes, len);
	r = fd_write_all(blob->fd, bytes, len);
	if (r < 0)
		return broken_file(-r, err);
	blob->received += len;
	return 0;
}

static int end(struct transfer *transfer, struct err *err)
{
	struct blob *blob = (struct blob *)transfer;

	if (blob->received == blob->size)
		return verify(blob, err);
	err_set(err, EAGAIN, "the registry '%s' sends %llu bytes of %llu", transfer_host(transfer),
		(unsigned long long)blob->received, (unsigned long long)blob->size);
	return -EAGAIN;
}

void blob_init(struct blob *blob, struct source *source, const char *hex, uint64_t size,
	       bool is_layer, int pull_fd, int blobs_fd)
{
	static const struct transfer_ops ops = {
		.begin = begin, .reset = reset, .write = write_some, .end = end};

	*blob = (struct blob){.size = size,
			      .is_layer = is_layer,
			      .pull_fd = pull_fd,
			      .blobs_fd = blobs_fd,
			      .fd = -1};
	memcpy(blob->hex, hex, sizeof(blob->hex));
	snprintf(blob->path, sizeof(blob->path), "blobs/sha256:%s", hex);
	blob->transfer.ops = &ops;
	blob->transfer.source = source;
	blob->transfer.path = blob->path;
}

void blob_release(struct blob *blob)
{
	cleanup_close(&blob->fd);
	blob->fd = -1;
}

/* Not while somebody writes to it. */
static void sweep_one(int pull_fd, const char *name, time_t now)
{
	CLEANUP_FD int fd = openat(pull_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 &&
	    st.st_mtime < now - KEEP_S)
		unlinkat(pull_fd, name, 0);
}

void blob_sweep(int pull_fd)
{
	int fd = openat(pull_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	time_t now = time(NULL);

	if (!dir) {
		cleanup_close(&fd);
		return;
	}
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			sweep_one(pull_fd, entry->d_name, now);
	closedir(dir);
}
