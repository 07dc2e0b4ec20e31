// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/netns.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "net/netlink.h"
#include "net/sysctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* What a new namespace gets, before the first link is in it.  IPv6 is off until a network
 * asks for it: a router advertisement must not give a container a second way out. */
static const struct {
	const char *path, *value;
} sysctls[] = {
	{"ipv6/conf/default/disable_ipv6", "1"},
	{"ipv6/conf/default/accept_ra", "0"},
	{"ipv6/conf/default/accept_redirects", "0"},
	{"ipv6/conf/default/accept_dad", "0"},
	{"ipv4/ip_forward", "0"},
	{"ipv4/ping_group_range", "0 2147483647"},
	{"ipv4/ip_unprivileged_port_start", "0"},
};

void netns_name(const char *project_id, const char *container, char ret_name[NETNS_NAME_MAX])
{
	snprintf(ret_name, NETNS_NAME_MAX, "stack-%s-%s", project_id, container);
}

static int netns_path(const char *name, char ret_path[PATH_MAX], struct err *err)
{
	if (!name[0] || strchr(name, '/') || strlen(name) >= NETNS_NAME_MAX)
		return err_set(err, EINVAL, "'%s' is no name for a network namespace", name);
	snprintf(ret_path, PATH_MAX, "%s/%s", NETNS_DIR, name);
	return 0;
}

/* Go back to the namespace FD.  Whoever stayed in the wrong one would configure the
 * container's network as the host's, or the host's as the container's. */
static void come_back(int fd)
{
	if (setns(fd, CLONE_NEWNET) < 0)
		abort();
}

static int open_own(int *ret_fd, struct err *err)
{
	*ret_fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? err_sys(err, errno, "open the own network namespace") : 0;
}

int netns_call(int fd, int (*fn)(void *data, struct err *err), void *data, struct err *err)
{
	CLEANUP_FD int own = -1;
	int r;

	r = open_own(&own, err);
	if (r < 0)
		return r;
	if (setns(fd, CLONE_NEWNET) < 0)
		return err_sys(err, errno, "enter a network namespace");
	r = fn(data, err);
	come_back(own);
	return r;
}

/*
 * iproute2 wants NETNS_DIR to be a shared mount, so that a namespace unmounted
 * in one mount namespace goes in all.  Whoever comes first makes it one.
 */
static int prepare_dir(int *ret_lock, struct err *err)
{
	CLEANUP_FD int lock = -1;
	int r;

	r = fd_mkdir_p(NETNS_DIR, 0755, err);
	if (r < 0)
		return r;
	lock = open(NETNS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0)
		return err_sys(err, errno, "open '%s'", NETNS_DIR);
	/* ip-netns(8) takes the same lock for the same purpose; it is held for microseconds. */
	if (flock(lock, LOCK_EX) < 0)
		return err_sys(err, errno, "lock '%s'", NETNS_DIR);
	if (mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL) < 0) {
		if (errno != EINVAL)
			return err_sys(err, errno, "make '%s' a shared mount", NETNS_DIR);
		if (mount(NETNS_DIR, NETNS_DIR, "none", MS_BIND | MS_REC, NULL) < 0 ||
		    mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL) < 0)
			return err_sys(err, errno, "make '%s' a shared mount", NETNS_DIR);
	}
	*ret_lock = TAKE_FD(lock);
	return 0;
}

int netns_open(const char *name, int *ret_fd, struct err *err)
{
	CLEANUP_FD int fd = -1;
	char path[PATH_MAX];
	struct statfs fs;
	int r;

	r = netns_path(name, path, err);
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return err_sys(err, errno, "open the network namespace '%s'", name);
	if (fstatfs(fd, &fs) < 0)
		return err_sys(err, errno, "statfs '%s'", path);
	/* The empty file that is the mount point, without a mount. */
	if (fs.f_type != NSFS_MAGIC)
		return err_set(err, ENOENT, "'%s' is not a network namespace", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* In the new namespace: give it its sysctls, then its name. */
/* With it comes 127.0.0.1, also for a container that is in no network. */
static int loopback_up(struct err *err)
{
	CLEANUP_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_name = "lo"};

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return err_sys(err, errno, "look at the loopback interface");
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return err_sys(err, errno, "bring the loopback interface up");
	return 0;
}

static int set_up(const char *path, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(sysctls); i++)
		r = sysctl_net(sysctls[i].value, err, "%s", sysctls[i].path);
	if (r == 0)
		r = loopback_up(err);
	if (r < 0)
		return r;
	if (mount("/proc/thread-self/ns/net", path, "none", MS_BIND, NULL) < 0)
		return err_sys(err, errno, "mount a network namespace on '%s'", path);
	return 0;
}

/* A file PATH to mount a namespace on, with the directory locked until RET_LOCK is closed. */
static int make_place(const char *path, int *ret_lock, struct err *err)
{
	CLEANUP_FD int file = -1;
	int r = prepare_dir(ret_lock, err);

	if (r < 0)
		return r;
	file = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0444);
	return file < 0 ? err_sys(err, errno, "create '%s'", path) : 0;
}

static int make_namespace(const char *path, int fresh, struct err *err)
{
	CLEANUP_FD int own = -1, lock = -1;
	int r;

	r = make_place(path, &lock, err);
	if (r == 0)
		r = open_own(&own, err);
	if (r < 0)
		return r;
	if ((fresh < 0 ? unshare(CLONE_NEWNET) : setns(fresh, CLONE_NEWNET)) < 0)
		return err_sys(err, errno, "make a network namespace");
	r = set_up(path, err);
	come_back(own);
	return r;
}

int netns_create(const char *name, int fresh, int *ret_fd, struct err *err)
{
	char path[PATH_MAX];
	int r;

	r = netns_path(name, path, err);
	if (r < 0)
		return r;
	if (netns_open(name, ret_fd, NULL) == 0)
		return 0;
	r = make_namespace(path, fresh, err);
	return r < 0 ? r : netns_open(name, ret_fd, err);
}

int netns_name_again(const char *name, int pid, int *ret_fd, struct err *err)
{
	CLEANUP_FD int lock = -1;
	char path[PATH_MAX], of_process[64];
	int r = netns_path(name, path, err);

	if (r == 0)
		r = make_place(path, &lock, err);
	if (r < 0)
		return r;
	snprintf(of_process, sizeof(of_process), "/proc/%d/ns/net", pid);
	if (mount(of_process, path, "none", MS_BIND, NULL) < 0)
		return err_sys(err, errno, "mount a network namespace on '%s'", path);
	return netns_open(name, ret_fd, err);
}

int netns_remove(const char *name, struct err *err)
{
	char path[PATH_MAX];
	int r;

	r = netns_path(name, path, err);
	if (r < 0)
		return r;
	/* EINVAL: nothing is mounted there, a file that a crash left behind. */
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
		return err_sys(err, errno, "unmount the network namespace '%s'", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '%s'", path);
	return 0;
}

static int names_add(char ***names, size_t *n, const char *name, struct err *err)
{
	char **grown = reallocarray(*names, *n + 2, sizeof(*grown));

	if (!grown)
		return err_nomem(err);
	*names = grown;
	grown[*n + 1] = NULL;
	grown[*n] = name ? strdup(name) : NULL;
	if (!name)
		return 0;
	if (!grown[*n])
		return err_nomem(err);
	(*n)++;
	return 0;
}

void netns_names_free(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}

int netns_list(const char *prefix, char ***ret_names, size_t *ret_n, struct err *err)
{
	char **names = NULL;
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;
	int r;

	r = names_add(&names, &n, NULL, err);
	dir = opendir(NETNS_DIR);
	if (r == 0 && !dir && errno != ENOENT)
		r = err_sys(err, errno, "open '%s'", NETNS_DIR);
	while (r == 0 && dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			r = names_add(&names, &n, entry->d_name, err);
	if (dir)
		closedir(dir);
	if (r < 0) {
		netns_names_free(names);
		return r;
	}
	*ret_names = names;
	*ret_n = n;
	return 0;
}

static int open_socket(void *ret_nl, struct err *err)
{
	return netlink_open(NETLINK_ROUTE, ret_nl, err);
}

int netns_socket(int fd, struct netlink **ret_nl, struct err *err)
{
	return netns_call(fd, open_socket, ret_nl, err);
}
