// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_SANDBOX_H
#define STACK_CORE_CONTAINER_SANDBOX_H

#include <stdint.h>

struct container_spec;
struct err;
struct user;

/*
 * Sandbox: what the caller gives up before a container's program runs
 *
 * All of it is for good.  The same two calls make a container's first process
 * and each process that joins it.
 */

/* The rlimits of SPEC, and a session keyring of the container's own. */
int sandbox_limit(const struct container_spec *spec, struct err *err);

/*
 * Become USER with at most CAPABILITIES, with the seccomp filter of SPEC loaded.
 * Root keeps them as permitted and effective set, others have none; the
 * inheritable and ambient sets are empty for all.
 */
int sandbox_enter(const struct container_spec *spec, const struct user *user, uint64_t capabilities,
		  struct err *err);

#endif
