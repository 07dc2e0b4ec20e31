// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_SHIM_ENDING_H
#define STACK_CMD_SHIM_ENDING_H

#include "core/container/spec.h"
#include "core/container/state.h"

/*
 * Ending: how a container ended
 */

/* Processes the OOM killer has taken in the cgroup CGROUP_MEMORY (NULL: 0) so far. */
uint64_t ending_count_ooms(const char *cgroup_memory);

/* Wait for our child PIDFD and fill in how it ended. */
void ending_wait(int pidfd, struct container_exit *ret_exit);

/*
 * The same for a process that is not our child and has died: the kernel keeps
 * its status with the pidfd (Linux 6.15), or it stays unknown.
 *
 * Blocks: some seconds at most, until its parent has reaped it.
 */
void ending_inquire(int pidfd, struct container_exit *ret_exit);

/*
 * The cgroup with what may be left of the container of SPEC when its first
 * process has ended: without a pid namespace of its own the kernel does not end
 * the others.  NULL: nothing can be left.
 */
const char *ending_rest(const struct container_spec *spec);

/*
 * Kill all processes in CGROUP, a directory; NULL: nothing.  Each by a pidfd
 * that is known to be of the cgroup.
 *
 * Blocks: until they are gone, a second at most.
 */
void ending_kill_rest(const char *cgroup);

/* Complete RECORD with the times and STARTED_BOOT_NS, and leave it below DIRFD. */
int ending_write(int dirfd, struct container_exit *record, uint64_t started_boot_ns,
		 struct err *err);

/* Nanoseconds of CLOCK. */
uint64_t ending_clock(int clock);

#endif
