// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_CGROUP_INTERNAL_H
#define STACK_CORE_CONTAINER_CGROUP_INTERNAL_H

#include "core/container/cgroup.h"

#include <sys/types.h>

/* What the files of the cgroup module share; everybody else includes cgroup.h. */

/* The controllers named in a cgroup.controllers or cgroup.subtree_control file. */
unsigned int cgroup_v2_controllers_in(const char *list);

/* The hierarchies one after the other, v1 first: index 0 … ; NULL after the last. */
const struct cgroup_tree *cgroup_tree_at(const struct cgroup_host *host, size_t index);

/* The hierarchy CONTROLLER is on, NULL when there is none. */
const struct cgroup_tree *cgroup_tree_with(const struct cgroup_host *host,
					   enum cgroup_controller controller);

/* The directory of PATH in TREE.  -EINVAL: PATH is not relative or not plain. */
int cgroup_directory(const struct cgroup_tree *tree, const char *path, char ret[CGROUP_PATH_MAX],
		     struct err *err);

/*
 * Open the directory PATH of TREE for use with the *at() calls.  -ENOENT: no
 * such cgroup; -EINVAL as above.
 */
int cgroup_open(const struct cgroup_tree *tree, const char *path, int *ret_fd, struct err *err);

/* The same, but RET_FD is left alone when there is no such cgroup. */
int cgroup_open_if_any(const struct cgroup_tree *tree, const char *path, int *ret_fd,
		       struct err *err);

/* Read a file of the cgroup DIRFD; RET_TEXT is left alone when it, or the cgroup, is not there. */
int cgroup_read_if_any(int dirfd, const char *file, char **ret_text, struct err *err);

/* Call EACH with the name of every directory in DIRFD until it returns < 0. */
int cgroup_each_child(int dirfd, int (*each)(int dirfd, const char *name, void *data, struct err *),
		      void *data, struct err *err);

/* By the v1 freezer of DIRFD; -ETIMEDOUT: it did not get hold of them.  Blocks: up to 2 s. */
int cgroup_freeze_v1(int dirfd, struct err *err);
int cgroup_thaw_v1(int dirfd, struct err *err);

/* The controllers that LIMITS cannot be set without, as a mask. */
unsigned int cgroup_limits_need(const struct cgroup_limits *limits);

/* -EINVAL with a sentence unless LIMITS are within what the kernel takes. */
int cgroup_limits_check(const struct cgroup_limits *limits, struct err *err);

/* Write what differs between ACTUAL, which is in force, and LIMITS. */
int cgroup_limits_write(const struct cgroup_host *host, const char *path,
			const struct cgroup_limits *limits, const struct cgroup_limits *actual,
			struct err *err);

/* -EOPNOTSUPP: LIMIT was asked for, but CONTROLLER is not to be had; says what to do. */
int cgroup_unavailable(const struct cgroup_host *host, enum cgroup_controller controller,
		       const char *limit, struct err *err);

/*
 * cpuset of v1 has no defaults: a cgroup without cpus or mems cannot be
 * entered.  Give the one at DIRECTORY its parent's where it has none.
 */
int cgroup_cpuset_fill(const char *directory, struct err *err);

/* The list in cpuset.cpus of DIRFD; "" when it is the parent's. */
int cgroup_cpuset_read(int dirfd, char ret_list[CGROUP_CPUSET_MAX], struct err *err);

/* Set it; "" gives all the parent has.  V1: as on a v1 hierarchy. */
int cgroup_cpuset_write(int dirfd, bool v1, const char *list, struct err *err);

/* Do two lists name the same CPUs?  False when one is no list. */
bool cgroup_cpuset_equal(const char *a, const char *b);

/* -EINVAL: not a list of CPUs as in cpuset(7). */
int cgroup_cpuset_check(const char *list, struct err *err);

#endif
