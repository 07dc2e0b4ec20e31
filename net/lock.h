// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_LOCK_H
#define STACK_NET_LOCK_H

struct err;

/*
 * Lock files that are shared with others: flock(2) with an end to the waiting
 *
 * Open (and make, 0600) the file PATH and take its lock.  RET_FD is the
 * caller's; closing it gives the lock back.
 *
 * -EBUSY: somebody else kept it for LIMIT_MS.
 *
 * Blocks: up to LIMIT_MS.
 */
int lock_file(const char *path, int limit_ms, int *ret_fd, struct err *err);

/* The same with the directory PATH itself, so that no file is left behind. */
int lock_directory(const char *path, int limit_ms, int *ret_fd, struct err *err);

#endif
