// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/kernfs.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/cgroupns.h"
#include "core/container/devices.h"
#include "core/container/idmap.h"
#include "core/container/inroot.h"
#include "core/container/mountfd.h"
#include "core/container/spec.h"
#include "core/container/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define QUIET	    (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV)
#define SHM_DEFAULT (UINT64_C(64) << 20)
#define TTY_GROUP   5 /* of Debian, Fedora, Alpine and the others */

/* Attach NEW, which becomes the callee's, on PATH below ROOT, which has no symbolic links. */
static int attach_new(int root, const char *path, int new, struct err *err)
{
	CLEANUP_FD int mount = new, target = -1;
	int r;

	/* Nobody else is in this namespace yet, so nothing changes between the two calls. */
	if (mkdirat(root, path, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "create '/%s' in the container", path);
	target = inroot_open_nolinks(root, path, O_PATH | O_DIRECTORY, err);
	if (target < 0)
		return target;
	r = mountfd_attach(mount, target, err);
	return r < 0 ? r : TAKE_FD(mount);
}

/* Mount TYPE on PATH below ROOT; returns the mount. */
static int mount_new(int root, const char *path, const char *type, const char *options,
		     unsigned int attrs, struct err *err)
{
	int mount = mountfd_new(type, options, attrs, err);

	return mount < 0 ? mount : attach_new(root, path, mount, err);
}

/* A range may be too short for it. */
static gid_t tty_group(const struct container_spec *spec)
{
	gid_t group = idmap_host_id(spec, TTY_GROUP);

	return group == (gid_t)-1 ? idmap_host_id(spec, 0) : group;
}

/* With the host's IPC it is the host's: what is shared by name is shared there. */
static int mount_shm(int root, const struct container_spec *spec, struct err *err)
{
	uid_t owner = idmap_host_id(spec, 0);
	char options[128];
	int mount, r;

	if (spec->host_namespaces & CLONE_NEWIPC) {
		mount = sys_open_tree(AT_FDCWD, "/dev/shm", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		if (mount < 0)
			return err_sys(err, errno, "open the host's /dev/shm");
		r = mountfd_restrict(mount, QUIET, err);
		if (r < 0) {
			cleanup_close(&mount);
			return r;
		}
		return attach_new(root, "dev/shm", mount, err);
	}
	snprintf(options, sizeof(options), "mode=1777,size=%" PRIu64 ",uid=%u,gid=%u",
		 spec->shm_size ? spec->shm_size : SHM_DEFAULT, owner, owner);
	return mount_new(root, "dev/shm", "tmpfs", options, QUIET, err);
}

static int mount_dev(int root, const struct container_spec *spec, struct kernfs *kernfs,
		     struct err *err)
{
	uid_t owner = idmap_host_id(spec, 0);
	CLEANUP_FD int shm = -1, mqueue = -1;
	char options[128];
	int r;

	snprintf(options, sizeof(options), "mode=755,size=65536k,uid=%u,gid=%u", owner, owner);
	kernfs->dev = mount_new(root, "dev", "tmpfs", options,
				MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME, err);
	if (kernfs->dev < 0)
		return kernfs->dev;
	r = devices_populate(kernfs->dev, err);
	if (r == 0)
		r = devices_give(kernfs->dev, owner, err);
	if (r == 0 && spec->privileged)
		r = devices_add_host(kernfs->dev, err);
	if (r == 0)
		r = devices_add(kernfs->dev, root, spec, err);
	if (r < 0)
		return r;
	snprintf(options, sizeof(options), "newinstance,ptmxmode=0666,mode=0620,gid=%u",
		 tty_group(spec));
	kernfs->pts = mount_new(root, "dev/pts", "devpts", options,
				MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
	if (kernfs->pts < 0)
		return kernfs->pts;
	shm = mount_shm(root, spec, err);
	if (shm < 0)
		return shm;
	mqueue = mount_new(root, "dev/mqueue", "mqueue", NULL, QUIET, err);
	return mqueue < 0 ? mqueue : 0;
}

int kernfs_mount(int root, const struct container_spec *spec, struct kernfs *ret_kernfs,
		 struct err *err)
{
	CLEANUP(kernfs_release) struct kernfs kernfs = KERNFS_INIT;
	CLEANUP_FD int sys = -1;
	int r;

	kernfs.proc = mount_new(root, "proc", "proc", NULL, QUIET, err);
	if (kernfs.proc < 0)
		return kernfs.proc;
	r = mount_dev(root, spec, &kernfs, err);
	if (r < 0)
		return r;
	sys = mount_new(root, "sys", "sysfs", NULL,
			QUIET | (spec->privileged ? 0 : MOUNT_ATTR_RDONLY), err);
	if (sys < 0)
		return sys;
	r = cgroupns_mount(root, spec->privileged, err);
	if (r < 0)
		return r;
	*ret_kernfs = kernfs;
	kernfs = (struct kernfs)KERNFS_INIT;
	return 0;
}

void kernfs_release(struct kernfs *kernfs)
{
	cleanup_close(&kernfs->proc);
	cleanup_close(&kernfs->dev);
	cleanup_close(&kernfs->pts);
}
