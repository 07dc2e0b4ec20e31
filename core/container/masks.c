// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/masks.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/devices.h"
#include "core/container/inroot.h"
#include "core/container/mountfd.h"
#include "core/container/sys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *const masked[] = {
	"proc/acpi",
	"proc/asound",
	"proc/interrupts",
	"proc/kcore",
	"proc/keys",
	"proc/latency_stats",
	"proc/sched_debug",
	"proc/scsi",
	"proc/timer_list",
	"proc/timer_stats",
	"sys/devices/virtual/powercap",
	"sys/firmware",
};

static const char *const read_only[] = {
	"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger",
};

#define POSSIBLE_CPUS "sys/devices/system/cpu/possible"

struct masks {
	int root;
	int null;  /* O_PATH, the null device */
	int empty; /* an empty directory that stays so; -1 until the first one is needed */
};

/* Over a directory: one tmpfs, read-only and without room for a single file. */
static int open_empty(struct masks *masks, int target, struct err *err)
{
	CLEANUP_FD int mount = -1;
	int r;

	if (masks->empty >= 0) {
		mount = mountfd_clone(masks->empty, "", err);
		return mount < 0 ? mount : mountfd_attach(mount, target, err);
	}
	/* Old kernels count the root directory as an inode, newer ones want a second. */
	mount = mountfd_new("tmpfs", "nr_blocks=1,nr_inodes=1", MOUNT_ATTR_RDONLY, err);
	if (mount < 0)
		mount = mountfd_new("tmpfs", "nr_blocks=1,nr_inodes=2", MOUNT_ATTR_RDONLY, err);
	r = mount < 0 ? mount : mountfd_attach(mount, target, err);
	if (r == 0)
		masks->empty = TAKE_FD(mount);
	return r;
}

static int mask(struct masks *masks, const char *path, struct err *err)
{
	CLEANUP_FD int target = -1, mount = -1;
	struct stat st;
	int r;

	target = inroot_open_nolinks(masks->root, path, O_PATH | O_NOFOLLOW, err);
	if (target == -ENOENT || target == -ENOTDIR)
		return 0;
	if (target < 0)
		return target;
	if (fstat(target, &st) < 0)
		return err_sys(err, errno, "hide '/%s'", path);
	if (S_ISLNK(st.st_mode))
		return err_set(err, ELOOP, "'/%s' is a symbolic link and cannot be hidden", path);
	if (S_ISDIR(st.st_mode)) {
		r = open_empty(masks, target, err);
	} else {
		mount = mountfd_clone(masks->null, "", err);
		r = mount < 0 ? mount : mountfd_attach(mount, target, err);
	}
	return r < 0 ? err_wrap(err, "hide '/%s'", path) : 0;
}

static int make_read_only(int root, const char *path, struct err *err)
{
	CLEANUP_FD int target = -1, mount = -1;
	int r;

	target = inroot_open_nolinks(root, path, O_PATH | O_NOFOLLOW, err);
	if (target == -ENOENT)
		return 0;
	if (target < 0)
		return target;
	mount = mountfd_clone(target, "", err);
	r = mount < 0 ? mount : mountfd_restrict(mount, MOUNT_ATTR_RDONLY, err);
	if (r == 0)
		r = mountfd_attach(mount, target, err);
	return r < 0 ? err_wrap(err, "make '/%s' read-only", path) : 0;
}

/* thermal_throttle counts events of the whole machine; it is there once per CPU, if at all. */
static int mask_cpus(struct masks *masks, struct err *err)
{
	CLEANUP_FD int fd = inroot_open_nolinks(masks->root, POSSIBLE_CPUS, O_RDONLY, NULL);
	char text[128], path[96];
	const char *last;
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	int r = 0;

	if (len <= 0)
		return 0;
	text[len] = '\0';
	/* "0-127": the number behind the last separator is the highest. */
	last = text + strlen(text);
	while (last > text && !strchr("-,", last[-1]))
		last--;
	for (long cpu = 0, n = strtol(last, NULL, 10); r == 0 && cpu <= n; cpu++) {
		snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%ld/thermal_throttle", cpu);
		r = mask(masks, path, err);
	}
	return r;
}

int masks_apply(int root, int dev, struct err *err)
{
	CLEANUP_FD int null = devices_open_null(dev, err);
	struct masks masks = {.root = root, .null = null, .empty = -1};
	int r = null < 0 ? null : 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(masked); i++)
		r = mask(&masks, masked[i], err);
	if (r == 0)
		r = mask_cpus(&masks, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(read_only); i++)
		r = make_read_only(root, read_only[i], err);
	cleanup_close(&masks.empty);
	return r;
}
