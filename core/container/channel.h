// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_CHANNEL_H
#define STACK_CORE_CONTAINER_CHANNEL_H

#include <stdint.h>

struct err;

/*
 * Channel: what a process that becomes a container's tells its parent
 *
 * A pair of sockets, the child's end closed by its execve.  In order: the
 * master of its terminal, if it has one; "ready", just before execve; then
 * either nothing any more, which means that the program runs, or a failure.
 * An end without "ready" is a child that was killed on the way.
 */
int channel_open(int *ret_parent, int *ret_child, struct err *err);

int channel_send_terminal(int channel, int master, struct err *err);

/* SET_UP_NS: when all was mounted, CLOCK_MONOTONIC; 0: that is no part of it. */
int channel_send_ready(int channel, uint64_t set_up_ns, struct err *err);

/* EXIT_CODE is one of program.h.  There is nobody to tell when this fails. */
void channel_send_failure(int channel, int exit_code, const struct err *failure);

/*
 * Wait for the outcome.  0: the program runs; RET_MASTER is the terminal's master
 * or -1, RET_SET_UP_NS as it was sent.  Else the child's own error, and RET_EXIT_CODE says what
 * kind it was.
 *
 * Blocks: until the child executes its program or gives up.
 */
int channel_wait(int channel, int *ret_master, int *ret_exit_code, uint64_t *ret_set_up_ns,
		 struct err *err);

#endif
