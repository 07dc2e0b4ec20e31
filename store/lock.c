// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/lock.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

int lock_take(int dirfd, const char *name, void (*waited)(void), int *ret_fd, struct err *err)
{
	CLEANUP_FD int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(err, errno, "open the lock file '%s'", name);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return err_sys(err, errno, "lock '%s'", name);
		if (waited)
			waited();
		while (flock(fd, LOCK_EX) < 0)
			if (errno != EINTR)
				return err_sys(err, errno, "lock '%s'", name);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}
