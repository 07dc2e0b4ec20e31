// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/cgroupns.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/inroot.h"
#include "core/container/mountfd.h"
#include "core/container/spec.h"
#include "core/container/sys.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define CGROUP_DIR   "sys/fs/cgroup"
#define CGROUP_ATTRS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV)

int cgroupns_enter(const struct container_spec *spec, struct err *err)
{
	for (size_t i = 0; spec->cgroups && spec->cgroups[i]; i++) {
		CLEANUP_FD int dir = open(spec->cgroups[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		int r;

		if (dir < 0)
			return err_sys(err, errno, "open cgroup '%s'", spec->cgroups[i]);
		r = fd_write_control(dir, "tasks", "0", err);
		if (r < 0)
			return err_wrap(err, "enter cgroup '%s'", spec->cgroups[i]);
	}
	return 0;
}

int cgroupns_unshare(struct err *err)
{
	if (unshare(CLONE_NEWCGROUP) < 0)
		return err_sys(err, errno, "make a cgroup namespace");
	return 0;
}

static int attach_at(int mount, int root, const char *path, struct err *err)
{
	CLEANUP_FD int target = inroot_open_nolinks(root, path, O_PATH | O_DIRECTORY, err);

	return target < 0 ? target : mountfd_attach(mount, target, err);
}

/* Mount a hierarchy on NAME below the tmpfs DIR; CONTROLLERS is NULL for v2. */
static int mount_hierarchy(int dir, const char *name, const char *controllers, unsigned int attrs,
			   struct err *err)
{
	CLEANUP_FD int mount = -1;

	mount = mountfd_new(controllers ? "cgroup" : "cgroup2", controllers, attrs, err);
	if (mount < 0)
		return mount;
	if (mkdirat(dir, name, 0755) < 0)
		return err_sys(err, errno, "create '/" CGROUP_DIR "/%s'", name);
	return attach_at(mount, dir, name, err);
}

/* Where the host has "cpu,cpuacct", programs also look for "cpu" and for "cpuacct". */
static int link_controllers(int dir, char *controllers, struct err *err)
{
	char joined[256], *save = NULL;

	if (!strchr(controllers, ','))
		return 0;
	snprintf(joined, sizeof(joined), "%s", controllers);
	for (char *c = strtok_r(controllers, ",", &save); c; c = strtok_r(NULL, ",", &save))
		if (symlinkat(joined, dir, c) < 0)
			return err_sys(err, errno, "create '/" CGROUP_DIR "/%s'", c);
	return 0;
}

/* LINE is "N:controllers:path" of /proc/self/cgroup, see cgroups(7). */
static int mount_line(int dir, char *line, unsigned int attrs, struct err *err)
{
	char *controllers = strchr(line, ':'), *end;
	const char *name;
	int r;

	end = controllers ? strchr(controllers + 1, ':') : NULL;
	if (!end)
		return 0;
	*end = '\0';
	controllers++;
	if (!*controllers)
		return mount_hierarchy(dir, "unified", NULL, attrs, err);
	name = strncmp(controllers, "name=", 5) ? controllers : controllers + 5;
	r = mount_hierarchy(dir, name, controllers, attrs, err);
	return r < 0 ? r : link_controllers(dir, controllers, err);
}

int cgroupns_mount(int root, bool writable, struct err *err)
{
	unsigned int read_only = writable ? 0 : MOUNT_ATTR_RDONLY;
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FD int mount = -1;
	char *save = NULL;
	int r;

	r = fd_read_file(AT_FDCWD, "/proc/self/cgroup", 65536, &text, NULL, err);
	if (r < 0)
		return r;
	if (!strncmp(text, "0::", 3)) {
		mount = mountfd_new("cgroup2", NULL, CGROUP_ATTRS | read_only, err);
		return mount < 0 ? mount : attach_at(mount, root, CGROUP_DIR, err);
	}
	mount = mountfd_new("tmpfs", "mode=755", CGROUP_ATTRS, err);
	r = mount < 0 ? mount : attach_at(mount, root, CGROUP_DIR, err);
	for (char *l = strtok_r(text, "\n", &save); r == 0 && l; l = strtok_r(NULL, "\n", &save))
		r = mount_line(mount, l, CGROUP_ATTRS | read_only, err);
	return r < 0 ? r : mountfd_restrict(mount, read_only, err);
}
