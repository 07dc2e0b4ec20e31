// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/mounts.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/copyup.h"
#include "core/container/idmap.h"
#include "core/container/inroot.h"
#include "core/container/mountfd.h"
#include "core/container/sys.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define RESTRICTIONS (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
_Static_assert(MS_RDONLY == MOUNT_ATTR_RDONLY && MS_NOSUID == MOUNT_ATTR_NOSUID &&
		       MS_NODEV == MOUNT_ATTR_NODEV && MS_NOEXEC == MOUNT_ATTR_NOEXEC,
	       "the flags of mount(2) and of mount_setattr(2) are the same bits");

/* What lxcfs and its like put there; anything else in /proc could fool what we write to. */
static const char *const proc_allowed[] = {
	"/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat",
	"/proc/swaps",	 "/proc/uptime",    "/proc/loadavg", "/proc/slabinfo",
};

static int set_propagation(int mount, uint32_t propagation, struct err *err)
{
	uint32_t wanted = propagation ? propagation : MS_PRIVATE | MS_REC;
	struct mount_attr attr = {.propagation = wanted & ~(uint32_t)MS_REC};

	if (sys_mount_setattr(mount, wanted & MS_REC ? AT_RECURSIVE : 0, &attr) < 0)
		return err_sys(err, errno, "set the propagation of the mount");
	return 0;
}

/* A tmpfs belongs to the container's root. */
static int new_tmpfs(const struct container_spec *spec, const struct spec_mount *mount,
		     struct err *err)
{
	uid_t owner = idmap_host_id(spec, 0);
	char options[256];

	snprintf(options, sizeof(options), "%s%suid=%u,gid=%u", mount->data ? mount->data : "",
		 mount->data && *mount->data ? "," : "", owner, owner);
	return mountfd_new("tmpfs", options, mount->flags & RESTRICTIONS, err);
}

static int open_source(const struct container_spec *container, const struct spec_mount *spec,
		       struct err *err)
{
	CLEANUP_FD int mount = -1;
	int r;

	if (spec->type == SPEC_MOUNT_TMPFS)
		return new_tmpfs(container, spec, err);
	mount = mountfd_clone(AT_FDCWD, spec->source, err);
	if (mount == -ENOENT)
		return err_set(err, ENOENT, "'%s' does not exist on the host", spec->source);
	r = mount < 0 ? mount : set_propagation(mount, spec->propagation, err);
	return r < 0 ? r : TAKE_FD(mount);
}

int mounts_open_sources(const struct container_spec *spec, int **ret_sources, struct err *err)
{
	int *sources = calloc(spec->n_mounts + 1, sizeof(*sources));

	if (!sources)
		return err_nomem(err);
	for (uint32_t i = 0; i < spec->n_mounts; i++) {
		sources[i] = open_source(spec, &spec->mounts[i], err);
		if (sources[i] < 0) {
			mounts_close_sources(sources, i);
			return err_wrap(err, "mount '%s'", spec->mounts[i].target);
		}
	}
	*ret_sources = sources;
	return 0;
}

static int check_target(int root, int target, const char *path, struct err *err)
{
	struct stat root_st, st;
	struct statfs fs;

	if (fstat(root, &root_st) < 0 || fstat(target, &st) < 0 || fstatfs(target, &fs) < 0)
		return err_sys(err, errno, "look at the mount's target");
	if (root_st.st_dev == st.st_dev && root_st.st_ino == st.st_ino)
		return err_set(err, EINVAL, "the root of the container cannot be mounted over");
	if (fs.f_type != PROC_SUPER_MAGIC)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(proc_allowed); i++)
		if (!strcmp(path, proc_allowed[i]))
			return 0;
	return err_set(err, EPERM, "nothing can be mounted in /proc");
}

/* Only the image's own files go into a volume, never those of another mount at that place. */
static int fill_volume(int root, const struct container_spec *spec, int target, int source,
		       struct err *err)
{
	CLEANUP_FD int volume = openat(source, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FD int image = -1;

	if (volume < 0)
		return err_sys(err, errno, "open the volume");
	if (sys_mount_id(root) != sys_mount_id(target))
		return 0;
	image = openat(target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (image < 0)
		return err_sys(err, errno, "open the image's directory");
	return copyup_fill(image, volume, idmap_host_id(spec, 0), err);
}

/* A container that shares a volume may have moved the target while we mounted on it. */
static int verify(int root, const char *path, int mount, struct err *err)
{
	CLEANUP_FD int fd = inroot_open(root, path, O_PATH, err);

	if (fd < 0)
		return fd;
	if (sys_mount_id(fd) != sys_mount_id(mount))
		return err_set(err, EAGAIN, "the target was moved away during the mount");
	return 0;
}

/*
 * After the volume was filled: through an idmapped mount the host's root can
 * create nothing.  What we made ourselves anybody may read as it is.
 */
static int map_owners(const struct spec_mount *spec, int source, int userns, struct err *err)
{
	int r = spec->type == SPEC_MOUNT_TMPFS ? 0 : idmap_mount(source, userns, err);

	return r == -EINVAL && spec->managed ? 0 : r;
}

static int attach(int root, const struct container_spec *container, const struct spec_mount *spec,
		  int userns, int source, struct err *err)
{
	CLEANUP_FD int target = -1;
	struct stat st;
	int r;

	if (fstat(source, &st) < 0)
		return err_sys(err, errno, "look at the mount's source");
	target = S_ISDIR(st.st_mode) ? inroot_make_dir(root, spec->target, err)
				     : inroot_make_file(root, spec->target, err);
	if (target < 0)
		return target;
	r = check_target(root, target, spec->target, err);
	if (r == 0 && spec->type == SPEC_MOUNT_VOLUME && !spec->nocopy && S_ISDIR(st.st_mode))
		r = fill_volume(root, container, target, source, err);
	if (r == 0)
		r = map_owners(spec, source, userns, err);
	if (r == 0)
		r = mountfd_restrict(source, spec->flags & RESTRICTIONS, err);
	if (r == 0)
		r = mountfd_attach(source, target, err);
	return r < 0 ? r : verify(root, spec->target, source, err);
}

int mounts_attach(int root, const struct container_spec *spec, int userns, const int *sources,
		  struct err *err)
{
	for (uint32_t i = 0; i < spec->n_mounts; i++)
		if (attach(root, spec, &spec->mounts[i], userns, sources[i], err) < 0)
			return err_wrap(err, "mount '%s'", spec->mounts[i].target);
	return 0;
}

void mounts_close_sources(int *sources, uint32_t n)
{
	for (uint32_t i = 0; sources && i < n; i++)
		cleanup_close(&sources[i]);
	free(sources);
}
