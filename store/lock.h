// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_LOCK_H
#define STACK_STORE_LOCK_H

#include "core/base/err.h"

/*
 * Lock: one writer at a time
 *
 * A flock(2) on a file that is made for the purpose and never removed: it ends
 * with the process, however that ends.  Whoever reads does not take it; what
 * the holder changes, it changes by rename.
 */

/*
 * Take the lock file NAME below DIRFD and return it, to be given up with
 * close().  WAITED (may be NULL) is called once when somebody else has it.
 *
 * Blocks: until the holder is done.
 */
int lock_take(int dirfd, const char *name, void (*waited)(void), int *ret_fd, struct err *err);

#endif
