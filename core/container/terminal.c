// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/terminal.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/mountfd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>

int terminal_open(int pts, int *ret_master, int *ret_slave, struct err *err)
{
	CLEANUP_FD int master = openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int unlock = 0, slave;

	if (master < 0 || fstat(master, &st) < 0)
		return err_sys(err, errno, "open a terminal in the container");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return err_set(err, EBADF, "the container's ptmx is not the terminal multiplexer");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return err_sys(err, errno, "unlock a terminal in the container");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_sys(err, errno, "open a terminal in the container");
	*ret_master = TAKE_FD(master);
	*ret_slave = slave;
	return 0;
}

int terminal_bind_console(int dev, int slave, struct err *err)
{
	CLEANUP_FD int mount = mountfd_clone(slave, "", err), file = -1, target = -1;
	int r;

	if (mount < 0)
		return mount;
	file = openat(dev, "console", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	target = openat(dev, "console", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (file < 0 || target < 0)
		return err_sys(err, errno, "create '/dev/console'");
	r = mountfd_attach(mount, target, err);
	return r < 0 ? err_wrap(err, "mount '/dev/console'") : 0;
}

int terminal_find_pts(struct err *err)
{
	CLEANUP_FD int fd = open("/dev/pts", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return err_sys(err, errno, "open '/dev/pts' of the container");
	if (fs.f_type != DEVPTS_SUPER_MAGIC)
		return err_set(err, EBADF, "'/dev/pts' of the container holds no terminals");
	return TAKE_FD(fd);
}
