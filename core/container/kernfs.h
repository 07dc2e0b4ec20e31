// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_KERNFS_H
#define STACK_CORE_CONTAINER_KERNFS_H

struct container_spec;
struct err;

/*
 * Kernel file systems: /proc, /sys, /dev and what is below them
 *
 * Made new for each container, with the flags of the OCI runtime specification's
 * defaults.  An image that has a link or a file in such a place is refused.
 */
struct kernfs {
	int proc, dev, pts; /* descriptors of the mounts, ours to trust; -1 */
};

#define KERNFS_INIT                                                                                \
	{                                                                                          \
		.proc = -1, .dev = -1, .pts = -1                                                   \
	}

/* Mount them below ROOT, in the caller's pid, network, ipc and cgroup namespace. */
int kernfs_mount(int root, const struct container_spec *spec, struct kernfs *ret_kernfs,
		 struct err *err);

void kernfs_release(struct kernfs *kernfs);

#endif
