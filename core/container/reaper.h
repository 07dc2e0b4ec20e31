// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_REAPER_H
#define STACK_CORE_CONTAINER_REAPER_H

#include <stddef.h>

struct err;

/*
 * Reaper: the init of a container with `init: true`
 *
 * Fork.  The child returns 0 and goes on as the container's program.  The
 * caller stays as PID 1: it passes every signal on to that child, reaps what
 * is orphaned, and exits with the child's status, which ends the container.
 * It closes CHANNEL and cannot be traced or looked into from inside.  What
 * /proc/1/cmdline shows, the TITLE_LEN bytes at TITLE, would name places of the
 * host; it becomes "init".
 */
int reaper_fork(int channel, char *title, size_t title_len, struct err *err);

/*
 * The same without a program: the caller stays as PID 1, reaps, and exits with 0
 * when it is asked to end.
 */
_Noreturn void reaper_stay(int channel, char *title, size_t title_len);

#endif
