// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/lock.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

/* -EAGAIN: somebody has it, and OPERATION has LOCK_NB. */
static int lock(int dirfd, const char *name, int operation, void (*waited)(void), int *ret_fd,
		struct err *err)
{
	CLEANUP_FD int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(err, errno, "open the lock file '%s'", name);
	if (flock(fd, operation | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return err_sys(err, errno, "lock '%s'", name);
		if (operation & LOCK_NB)
			return -EAGAIN;
		if (waited)
			waited();
		if (flock(fd, operation) < 0)
			return err_sys(err, errno, "lock '%s'", name);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int lock_take(int dirfd, const char *name, void (*waited)(void), int *ret_fd, struct err *err)
{
	return lock(dirfd, name, LOCK_EX, waited, ret_fd, err);
}

int lock_share(int dirfd, const char *name, int *ret_fd, struct err *err)
{
	return lock(dirfd, name, LOCK_SH, NULL, ret_fd, err);
}

int lock_try(int dirfd, const char *name, int *ret_fd, struct err *err)
{
	return lock(dirfd, name, LOCK_EX | LOCK_NB, NULL, ret_fd, err);
}

void lock_weaken(int fd)
{
	(void)flock(fd, LOCK_SH);
}
