// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_MOUNTFD_H
#define STACK_CORE_CONTAINER_MOUNTFD_H

struct err;

/*
 * Mount descriptors: a mount is made, then attached, and never named by a path
 *
 * A mount that is not attached goes with its descriptor.  See fsopen(2),
 * open_tree(2) and move_mount(2).
 */

/*
 * A new file system of TYPE.  OPTIONS is "key=value,flag" or NULL, ATTRS are
 * MOUNT_ATTR_*.  What the kernel says about a bad option becomes part of ERR.
 */
int mountfd_new(const char *type, const char *options, unsigned int attrs, struct err *err);

/* A second mount of PATH below DIRFD ("": of DIRFD itself), with all mounts below it. */
int mountfd_clone(int dirfd, const char *path, struct err *err);

/* Add ATTRS (MOUNT_ATTR_*) to the mount and to all mounts below it. */
int mountfd_restrict(int mount, unsigned int attrs, struct err *err);

/* Attach MOUNT on what TARGET (O_PATH) is open on.  MOUNT stays open on it. */
int mountfd_attach(int mount, int target, struct err *err);

#endif
