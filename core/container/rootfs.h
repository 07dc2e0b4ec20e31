// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_ROOTFS_H
#define STACK_CORE_CONTAINER_ROOTFS_H

struct container_spec;
struct err;

/*
 * Root file system: the overlay, and the step into it
 *
 * Both functions are for a process that is alone in a new mount namespace.
 * The overlay is mounted on the layers directory, where only this namespace
 * sees it: nothing of it can stay behind on the host.
 */

/*
 * Mount the overlay of SPEC, its layers with the ids of USERNS (idmap.h) unless
 * that is -1.  Returns an O_PATH descriptor of it; the working directory is
 * changed on the way.
 */
int rootfs_mount(const struct container_spec *spec, int userns, struct err *err);

/* Make ROOT the root of this namespace and let go of the host's.  The cwd is "/" then. */
int rootfs_enter(int root, struct err *err);

#endif
