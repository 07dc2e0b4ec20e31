// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/sysctl.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/sys.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* What belongs to an ipc or uts namespace; a name that ends in '.' stands for all below it. */
static const char *const namespaced[] = {
	"kernel.msgmax",     "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
	"kernel.shmall",     "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
	"kernel.domainname", "fs.mqueue.",
};

static bool is_namespaced(const char *name, size_t len, bool own_netns)
{
	if (own_netns && !strncmp(name, "net.", 4))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(namespaced); i++) {
		size_t n = strlen(namespaced[i]);

		if (!strncmp(name, namespaced[i], n) && (namespaced[i][n - 1] == '.' || n == len))
			return true;
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

static int write_one(int proc, const char *sysctl, bool own_netns, struct err *err)
{
	const char *equals = strchr(sysctl, '=');
	size_t len = equals ? (size_t)(equals - sysctl) : 0;
	CLEANUP_FD int fd = -1;
	char path[PATH_MAX];
	int r;

	if (!len)
		return err_set(err, EINVAL, "it is not of the form name=value");
	if (!is_namespaced(sysctl, len, own_netns))
		return err_set(err, EPERM, "it is not namespaced, the whole host would change");
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

int sysctl_write_all(int proc, spec_strings sysctls, bool own_netns, struct err *err)
{
	for (size_t i = 0; sysctls && sysctls[i]; i++)
		if (write_one(proc, sysctls[i], own_netns, err) < 0)
			return err_wrap(err, "sysctl '%s'", sysctls[i]);
	return 0;
}
