// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_TREE_TAR_H
#define STACK_STORE_IMPORT_TREE_TAR_H

struct err;

/*
 * Tree tar: the stream of core/container/tree.h from and to a tar archive
 *
 * Names in an archive are as foreign as its other bytes: whoever receives the
 * stream resolves them (tree.h), here they are cut into components, and one
 * that leads upwards is an error.
 */

/*
 * Read the archive IN, compressed or not, and write it to OUT.  Devices, FIFOs
 * and sockets are left out, which is said on standard error.
 *
 * -EINVAL: no tar archive, a damaged one, or "..".  -EPIPE: nobody reads any more.
 * Blocks: for both.
 */
int tree_tar_read(int in, int out, struct err *err);

/* The other way round.  -EPIPE: IN was cut off, or nobody reads any more.  Likewise. */
int tree_tar_write(int in, int out, struct err *err);

#endif
