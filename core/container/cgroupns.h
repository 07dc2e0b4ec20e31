// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_CGROUPNS_H
#define STACK_CORE_CONTAINER_CGROUPNS_H

#include <stdbool.h>

struct container_spec;
struct err;

/*
 * Cgroup namespace: from inside, the container's cgroups are the roots
 */

/*
 * Enter the v1 cgroups of SPEC; the caller was cloned into the v2 one.  A
 * process that moves itself by `tasks` costs some 30 µs a hierarchy; its parent
 * writing cgroup.procs costs 10 ms, for it has to stop every thread.
 */
int cgroupns_enter(const struct container_spec *spec, struct err *err);

/* The caller's cgroups become the roots of a new namespace: so, after cgroupns_enter(). */
int cgroupns_unshare(struct err *err);

/*
 * Mount the hierarchies this namespace shows on sys/fs/cgroup below ROOT, as the
 * host has them: v2 alone, or v1 with a directory for each, v2 being `unified`.
 */
int cgroupns_mount(int root, bool writable, struct err *err);

#endif
