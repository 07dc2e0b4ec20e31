// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_STATE_H
#define STACK_CORE_CONTAINER_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/*
 * State: what the shim leaves in a container's directory for whoever comes
 *
 * <dir>/state is there from the moment the program was executed, <dir>/exit
 * from the moment its end is known; starting a container again removes both
 * first.  Both are "key value" lines, replaced by rename.  A pid in a file may
 * have been given to somebody else since: it counts only together with its
 * start time and the boot id, which state_open() checks.
 */
struct container_state {
	pid_t pid;	    /* the container's PID 1 as the host sees it */
	uint64_t pid_start; /* field 22 of /proc/PID/stat, clock ticks */
	pid_t shim;
	uint64_t shim_start;
	char boot_id[37];	  /* /proc/sys/kernel/random/boot_id */
	uint64_t started_ns;	  /* CLOCK_REALTIME, before its first output */
	uint64_t started_boot_ns; /* CLOCK_BOOTTIME, to compute for how long it runs */
};

struct container_exit {
	bool known; /* false: it ended while nobody was its parent */
	int code;   /* exit status, or 128 + signal */
	int signal; /* 0: it exited */
	bool oom_killed;
	uint64_t finished_ns; /* CLOCK_REALTIME */
	uint64_t ran_ms;      /* from exec to end, CLOCK_BOOTTIME */
};

int state_write(int dirfd, const struct container_state *state, struct err *err);
int exit_write(int dirfd, const struct container_exit *exit, struct err *err);

/* -ENOENT: no such record (yet).  -EBADMSG: not what state_write() writes. */
int state_read(int dirfd, struct container_state *ret_state, struct err *err);
int exit_read(int dirfd, struct container_exit *ret_exit, struct err *err);

/*
 * Pidfds of the processes STATE names, CLOEXEC, -1 for one that is gone or
 * whose pid is another's by now.
 */
void state_open(const struct container_state *state, int *ret_pidfd, int *ret_shim_pidfd);

/* Start time of PID (-1: the caller); 0 when there is no such process. */
uint64_t state_start_time(pid_t pid);

/* The id of this boot of the machine. */
int state_boot_id(char ret_boot_id[37], struct err *err);

#endif
