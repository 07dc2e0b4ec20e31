// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/devices.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* The character devices of the OCI runtime specification, config-linux.md. */
static const struct {
	const char *name;
	unsigned int major, minor;
} nodes[] = {
	{"null", 1, 3},	  {"zero", 1, 5},    {"full", 1, 7},
	{"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};

static const struct {
	const char *name, *target;
} links[] = {
	{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"}, {"core", "/proc/kcore"},	     {"ptmx", "pts/ptmx"},
};

/* Of the host's /dev, these are the container's own or make no sense elsewhere. */
static const char *const not_host[] = {"pts", "shm", "fd", "mqueue", "console", "ptmx", ".udev"};

#define HOST_DEPTH_MAX 8

static int make_node(int dev, const char *name, mode_t mode, dev_t rdev, struct err *err)
{
	struct stat st;

	if (mknodat(dev, name, mode, rdev) < 0)
		return errno == EEXIST ? 0 : err_sys(err, errno, "create '/dev/%s'", name);
	/* The mode by chmod, past the umask. */
	if (fchmodat(dev, name, mode & 07777, 0) < 0 ||
	    fstatat(dev, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "create '/dev/%s'", name);
	if (st.st_rdev != rdev || (st.st_mode & S_IFMT) != (mode & S_IFMT))
		return err_set(err, EBADF, "'/dev/%s' is not what was created", name);
	return 0;
}

int devices_populate(int dev, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		int r = make_node(dev, nodes[i].name, S_IFCHR | 0666,
				  makedev(nodes[i].major, nodes[i].minor), err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlinkat(links[i].target, dev, links[i].name) < 0)
			return err_sys(err, errno, "create '/dev/%s'", links[i].name);
	return 0;
}

static bool is_host_only(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(not_host); i++)
		if (!strcmp(name, not_host[i]))
			return true;
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static int copy_dir(int from, int to, int depth, struct err *err);

static int copy_node(int from, int to, const char *name, int depth, struct err *err)
{
	CLEANUP_FD int sub_from = -1, sub_to = -1;
	struct stat st;

	/* A device that is unplugged while we look is none. */
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		return make_node(to, name, st.st_mode, st.st_rdev, err);
	if (!S_ISDIR(st.st_mode) || depth == 0)
		return 0;
	sub_from = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub_from < 0)
		return 0;
	if (mkdirat(to, name, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "create '/dev/%s'", name);
	sub_to = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub_to < 0)
		return err_sys(err, errno, "open '/dev/%s'", name);
	return copy_dir(sub_from, sub_to, depth - 1, err);
}

static int copy_dir(int from, int to, int depth, struct err *err)
{
	DIR *dir = fdopendir(fcntl(from, F_DUPFD_CLOEXEC, 3));
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return err_sys(err, errno, "read the host's /dev");
	while (r == 0 && (entry = readdir(dir)))
		if (!is_host_only(entry->d_name))
			r = copy_node(from, to, entry->d_name, depth, err);
	closedir(dir);
	return r;
}

int devices_add_host(int dev, struct err *err)
{
	CLEANUP_FD int host = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (host < 0)
		return err_sys(err, errno, "open the host's /dev");
	return copy_dir(host, dev, HOST_DEPTH_MAX, err);
}

int devices_give(int dev, uid_t owner, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		if (fchownat(dev, nodes[i].name, owner, owner, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(err, errno, "give '/dev/%s' to root", nodes[i].name);
	return 0;
}

int devices_open_null(int dev, struct err *err)
{
	CLEANUP_FD int fd = openat(dev, "null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "open '/dev/null' of the container");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_set(err, EBADF, "'/dev/null' of the container is not the null device");
	return TAKE_FD(fd);
}
