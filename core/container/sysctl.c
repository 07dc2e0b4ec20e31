// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/sysctl.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/sys.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

/* What belongs to which namespace; a name that ends in '.' stands for all below it. */
static const struct {
	const char *name;
	uint32_t namespace;
} namespaced[] = {
	{"kernel.msgmax", CLONE_NEWIPC},     {"kernel.msgmnb", CLONE_NEWIPC},
	{"kernel.msgmni", CLONE_NEWIPC},     {"kernel.sem", CLONE_NEWIPC},
	{"kernel.shmall", CLONE_NEWIPC},     {"kernel.shmmax", CLONE_NEWIPC},
	{"kernel.shmmni", CLONE_NEWIPC},     {"kernel.shm_rmid_forced", CLONE_NEWIPC},
	{"kernel.domainname", CLONE_NEWUTS}, {"fs.mqueue.", CLONE_NEWIPC},
};

/* Is it of a namespace that nobody else is in? */
static bool is_own(const struct container_spec *spec, const char *name, size_t len)
{
	if (spec->netns && !spec->shared_net && !strncmp(name, "net.", 4))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(namespaced); i++) {
		const char *entry = namespaced[i].name;
		size_t n = strlen(entry);

		if (!strncmp(name, entry, n) && (entry[n - 1] == '.' || n == len))
			return !(spec->host_namespaces & namespaced[i].namespace);
	}
	return false;
}

/* "net.ipv4.conf.eth0/1.forwarding": '.' and '/' change places, see sysctl(8). */
static int sysctl_path(const char *name, size_t len, char ret_path[PATH_MAX])
{
	int n = snprintf(ret_path, PATH_MAX, "sys/%.*s", (int)len, name);

	if (n < 0 || n >= PATH_MAX)
		return -ENAMETOOLONG;
	for (char *p = ret_path + 4; *p; p++) {
		if (*p == '.')
			*p = '/';
		else if (*p == '/')
			*p = '.';
	}
	return 0;
}

static int write_one(int proc, const struct container_spec *spec, const char *sysctl,
		     struct err *err)
{
	const char *equals = strchr(sysctl, '=');
	size_t len = equals ? (size_t)(equals - sysctl) : 0;
	CLEANUP_FD int fd = -1;
	char path[PATH_MAX];
	int r;

	if (!len)
		return err_set(err, EINVAL, "it is not of the form name=value");
	if (!is_own(spec, sysctl, len))
		return err_set(err, EPERM,
			       "it is of no namespace of the container's own: others would change");
	r = sysctl_path(sysctl, len, path);
	if (r < 0)
		return err_sys(err, -r, "its name");
	fd = sys_openat2(proc, path, O_WRONLY,
			 RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
	if (fd < 0)
		return err_sys(err, errno, "open '/proc/%s'", path);
	r = fd_write_all(fd, equals + 1, strlen(equals + 1));
	return r < 0 ? err_sys(err, -r, "write '%s'", equals + 1) : 0;
}

int sysctl_write_all(int proc, const struct container_spec *spec, struct err *err)
{
	for (size_t i = 0; spec->sysctls && spec->sysctls[i]; i++)
		if (write_one(proc, spec, spec->sysctls[i], err) < 0)
			return err_wrap(err, "sysctl '%s'", spec->sysctls[i]);
	return 0;
}
