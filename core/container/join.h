// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_JOIN_H
#define STACK_CORE_CONTAINER_JOIN_H

#include "core/container/spec.h"

/*
 * Join: one more process in a running container, in the same sandbox
 */
struct join {
	const struct container_spec *spec; /* the container's */
	int pidfd;			   /* of its first process */
	spec_strings argv, envp;
	const char *cwd, *user;
	uint64_t capabilities;
	int stdio[3]; /* as they are; not used with TTY */
	bool tty;     /* a terminal of the container's, its master sent over CHANNEL */
	int channel;
};

/*
 * For a child that was cloned into the container's pid namespace (by setns(2)
 * of its parent) and its v2 cgroup.
 */
_Noreturn void join_run(const struct join *join);

#endif
