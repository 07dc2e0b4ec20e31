// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/idmap.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/spec.h"
#include "core/container/sys.h"

#include <errno.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A process that is there for its namespace, and ends when we close the pipe or die. */
static pid_t start_holder(uint64_t namespaces, int *ret_pidfd, int *ret_pipe, struct err *err)
{
	CLEANUP_FD int ours = -1, theirs = -1;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	theirs = ends[0];
	ours = ends[1];
	pid = sys_clone3(namespaces, -1, ret_pidfd);
	if (pid == 0) {
		char byte;

		close(ours);
		while (read(theirs, &byte, 1) < 0 && errno == EINTR)
			;
		_exit(0);
	}
	if (pid < 0 && errno == ENOSPC)
		return err_set(err, ENOSPC,
			       "the host allows no more user namespaces; raise the sysctl "
			       "user.max_user_namespaces");
	if (pid < 0)
		return err_sys(err, errno, "make a user namespace");
	*ret_pipe = TAKE_FD(ours);
	return pid;
}

static int write_map(pid_t pid, const char *file, uint32_t first, uint32_t count, struct err *err)
{
	char path[64], map[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	snprintf(map, sizeof(map), "0 %u %u\n", first, count);
	return fd_write_control(AT_FDCWD, path, map, err);
}

static int open_namespace(pid_t pid, const char *kind, struct err *err)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kind);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open '%s'", path) : fd;
}

int idmap_create(uint32_t first, uint32_t count, int *ret_userns, int *ret_netns, struct err *err)
{
	CLEANUP_FD int pidfd = -1, end = -1, userns = -1, netns = -1;
	siginfo_t info;
	pid_t pid;
	int r;

	/* In one call: the network namespace belongs to the new user namespace then. */
	pid = start_holder(CLONE_NEWUSER | (ret_netns ? CLONE_NEWNET : 0), &pidfd, &end, err);
	if (pid < 0)
		return pid;
	r = write_map(pid, "uid_map", first, count, err);
	if (r == 0)
		r = write_map(pid, "gid_map", first, count, err);
	if (r == 0)
		r = userns = open_namespace(pid, "user", err);
	if (r >= 0 && ret_netns)
		r = netns = open_namespace(pid, "net", err);
	cleanup_close(&end);
	while (waitid(SYS_P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0 && errno == EINTR)
		;
	if (r < 0)
		return err_wrap(err, "make a user namespace");
	*ret_userns = TAKE_FD(userns);
	if (ret_netns)
		*ret_netns = TAKE_FD(netns);
	return 0;
}

/* -1: it belongs to the user namespace we are in. */
static int owner_of(const char *netns)
{
	CLEANUP_FD int fd = open(netns, O_RDONLY | O_CLOEXEC), owner = -1;
	struct stat ours, theirs;

	if (fd >= 0)
		owner = ioctl(fd, NS_GET_USERNS);
	if (owner < 0 || fstat(owner, &theirs) < 0 || stat("/proc/self/ns/user", &ours) < 0 ||
	    (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino))
		return -1;
	return TAKE_FD(owner);
}

int idmap_open(const struct container_spec *spec, int *ret_userns, struct err *err)
{
	*ret_userns = -1;
	if (!spec->id_count)
		return 0;
	if (spec->netns)
		*ret_userns = owner_of(spec->netns);
	return *ret_userns >= 0
		       ? 0
		       : idmap_create(spec->id_host, spec->id_count, ret_userns, NULL, err);
}

uid_t idmap_host_id(const struct container_spec *spec, uid_t id)
{
	if (!spec->id_count)
		return id;
	return id < spec->id_count ? spec->id_host + id : (uid_t)-1;
}

int idmap_mount(int mount, int userns, struct err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (__u64)userns};

	if (userns < 0 || sys_mount_setattr(mount, AT_RECURSIVE, &attr) == 0)
		return 0;
	if (errno == EINVAL)
		return err_set(err, EINVAL,
			       "its file system cannot show other owners (idmapped mounts); put it "
			       "on another one, or remove 'userns_mode'");
	return err_sys(err, errno, "map the owners of its files");
}

int idmap_enter(int userns, struct err *err)
{
	if (setns(userns, CLONE_NEWUSER) == 0)
		return 0;
	return errno == ESRCH ? err_set(err, ESRCH, "the container has ended")
			      : err_sys(err, errno, "enter the container's user namespace");
}
