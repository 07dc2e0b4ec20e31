// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_PLACE_H
#define STACK_STORE_IMPORT_PLACE_H

#include "core/base/err.h"

#include <limits.h>
#include <stdbool.h>

/*
 * Place: where in a tree an entry of a foreign archive belongs
 *
 * Names are made relative and refused when they contain "..".  Directories on
 * the way are opened with openat2(2) RESOLVE_IN_ROOT, so a symlink on the way
 * is followed as it would be inside the container and can never lead out of
 * the tree, whatever it points to.  The last component is never followed: who
 * has its directory and its name acts on exactly that name.
 */
#define PLACE_DEPTH_MAX 512

struct place {
	int root_fd; /* the caller's */
	int dir_fd;  /* of `dir`: entries of one directory come in a row */
	char dir[PATH_MAX];
};

void place_init(struct place *place, int root_fd);
void place_release(struct place *place);

/*
 * NAME without "/" and "." at its front, without doubled and trailing slashes.
 * "" is the root itself.  -EPERM: not a name inside the tree.
 */
int place_clean(const char *name, char ret_path[PATH_MAX], struct err *err);

/*
 * Open the directory that PATH (clean, not "") is in; with MAKE missing ones
 * are made, root's and 0755.  RET_FD belongs to PLACE and is good until the next
 * call; RET_BASE points into PATH.
 *
 * -ENOENT: a directory is missing.  -EPERM: something on the way is no directory.
 */
int place_parent(struct place *place, const char *path, bool make, int *ret_fd,
		 const char **ret_base, struct err *err);

/* Something was removed, so what is remembered may be wrong. */
void place_forget(struct place *place);

/* Open PATH in the root, a directory itself.  Owned by the caller.  -errno without a sentence. */
int place_open_dir(const struct place *place, const char *path);

#endif
