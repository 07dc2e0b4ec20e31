// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/devices.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/idmap.h"
#include "core/container/inroot.h"
#include "core/container/spec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
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
	bool made = mknodat(dev, name, mode, rdev) == 0;

	if (!made && errno != EEXIST)
		return err_sys(err, errno, "create device '%s'", name);
	/* The mode by chmod, past the umask. */
	if ((made && fchmodat(dev, name, mode & 07777, 0) < 0) ||
	    fstatat(dev, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "create device '%s'", name);
	if (st.st_rdev != rdev || (st.st_mode & S_IFMT) != (mode & S_IFMT))
		return err_set(err, EEXIST, "device '%s': another file has that name", name);
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

/* The directory PATH is to be in, and its last component. */
static int open_parent(int dev, int root, const char *path, const char **ret_name, struct err *err)
{
	const char *slash = strrchr(path, '/');
	bool in_dev = !strncmp(path, "/dev/", 5);
	char dir[PATH_MAX];

	if (in_dev)
		path += 4;
	snprintf(dir, sizeof(dir), "%.*s", (int)(slash + 1 - path), path);
	*ret_name = slash + 1;
	return inroot_make_dir(in_dev ? dev : root, dir, err);
}

static int add_device(int dev, int root, const struct container_spec *spec,
		      const struct spec_device *device, struct err *err)
{
	dev_t rdev = makedev(device->major_number, device->minor_number);
	uid_t uid = idmap_host_id(spec, device->uid), gid = idmap_host_id(spec, device->gid);
	CLEANUP_FD int parent = -1;
	const char *name;
	int r;

	if (!device->path || device->path[0] != '/' || strlen(device->path) >= PATH_MAX)
		return err_set(err, EINVAL, "this is not the path of a device");
	parent = open_parent(dev, root, device->path, &name, err);
	if (parent < 0)
		return parent;
	r = make_node(parent, name, device->mode, rdev, err);
	if (r == 0 && fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		r = err_sys(err, errno, "give '%s' its owner", device->path);
	return r;
}

int devices_add(int dev, int root, const struct container_spec *spec, struct err *err)
{
	for (uint32_t i = 0; i < spec->n_devices; i++)
		if (add_device(dev, root, spec, &spec->devices[i], err) < 0)
			return err_wrap(err, "devices: '%s'", spec->devices[i].path);
	return 0;
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
