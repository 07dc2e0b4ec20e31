// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/lock.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>

#define RETRY_MS 2

static int open_and_lock(const char *path, int flags, int limit_ms, int *ret_fd, struct err *err)
{
	int64_t deadline = clock_ms() + limit_ms;
	CLEANUP_FD int fd = -1;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	if (fd < 0)
		return err_sys(err, errno, "open the lock '%s'", path);
	/* flock(2) knows no time limit, and a signal to end it would hit any thread: so it is
	 * asked again and again.  Holders keep these locks for a few milliseconds. */
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, errno, "lock '%s'", path);
		if (clock_ms() >= deadline)
			return err_set(err, EBUSY,
				       "another program has kept the lock '%s' for %d seconds; "
				       "`fuser -v %s` shows which",
				       path, limit_ms / 1000, path);
		poll(NULL, 0, RETRY_MS);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int lock_file(const char *path, int limit_ms, int *ret_fd, struct err *err)
{
	return open_and_lock(path, O_CREAT, limit_ms, ret_fd, err);
}

int lock_directory(const char *path, int limit_ms, int *ret_fd, struct err *err)
{
	return open_and_lock(path, O_DIRECTORY, limit_ms, ret_fd, err);
}
