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
 * -EINTR: a signal was caught that is to interrupt (signal(7), without SA_RESTART).
 * Blocks: until the holder is done.
 */
int lock_take(int dirfd, const char *name, void (*waited)(void), int *ret_fd, struct err *err);

/*
 * The same for one of several holders at a time, whom a lock_take() waits for.
 * Blocks: until the one that took it alone is done.
 */
int lock_share(int dirfd, const char *name, int *ret_fd, struct err *err);

/*
 * As lock_take(), but -EAGAIN, without a sentence, when somebody else has it.
 * The lock may then be shared: lock_weaken().
 */
int lock_try(int dirfd, const char *name, int *ret_fd, struct err *err);
void lock_weaken(int fd);

#endif
