// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_INROOT_H
#define STACK_CORE_CONTAINER_INROOT_H

#include <stdbool.h>

struct err;

/*
 * In root: paths that mean something only inside a container's root
 *
 * The root is a descriptor (O_PATH will do).  Absolute symbolic links and ".."
 * stay below it, magic links (/proc/N/fd/…) are refused, and a rename that
 * races with the walk is answered by trying again: a path chosen by an image
 * never names anything of the host.  From openat2(2).
 */

/*
 * Open PATH below ROOT; FLAGS as in open(2), O_CLOEXEC is added.
 *
 * -ENOENT, -ENOTDIR, -ELOOP and the rest of openat2(2).
 */
int inroot_open(int root, const char *path, int flags, struct err *err);

/* The same; a symbolic link anywhere in PATH is -ELOOP. */
int inroot_open_nolinks(int root, const char *path, int flags, struct err *err);

/*
 * O_PATH descriptor of the directory PATH, made with its parents (0755, owned
 * by the caller) when it is missing.
 */
int inroot_make_dir(int root, const char *path, struct err *err);

/* O_PATH descriptor of PATH that is not a directory: an empty file when it is missing. */
int inroot_make_file(int root, const char *path, struct err *err);

#endif
