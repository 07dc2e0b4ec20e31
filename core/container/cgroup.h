// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_CGROUP_H
#define STACK_CORE_CONTAINER_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/*
 * Cgroups: all the control groups of one container as one object
 *
 * A host has a cgroup v2 tree, a set of cgroup v1 hierarchies, or both
 * ("hybrid").  Here a container's cgroup is one relative PATH,
 * "<paths_cgroup_root()>/<project>/<container>", that is the same below the
 * base of each of them; a function that takes HOST and PATH does what it says
 * in every hierarchy that matters.  v1 hierarchies without a controller, such
 * as name=systemd, are left alone.
 *
 * Whatever the controllers are on, a container also has a directory on the v2
 * tree when there is one: there it can be killed at once, and entered by clone3().
 *
 * Calling sequence of a starter:
 *
 *	cgroup_host_init(&host, &err);			once
 *	cgroup_create(&host, path, &limits, &err);
 *	device_filter_apply(&filter, &host, path, &err);	devices_cgroup.h
 *	cgroup_paths(&host, path, &paths, &err);	for the shim
 *	...
 *	cgroup_kill(&host, path, &err);
 *	cgroup_remove(&host, path, 1000, &err);
 *
 * Nothing that is not below PATH is moved, changed or removed, except that
 * controllers are switched on in the cgroup.subtree_control files above it.
 * cgroups(7); Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/ of Linux.
 */

enum cgroup_controller {
	CGROUP_CPU,
	CGROUP_CPUACCT, /* v1 only: v2 counts CPU time without a controller */
	CGROUP_CPUSET,
	CGROUP_MEMORY,
	CGROUP_PIDS,
	CGROUP_DEVICES, /* v1 only: v2 has BPF programs instead */
	CGROUP_FREEZER, /* v1 only: v2 has it without a controller */
	CGROUP_BLKIO,	/* "io" on v2 */
	CGROUP_N_CONTROLLERS
};

#define CGROUP_BASE_MAX 512
#define CGROUP_PATH_MAX 1024

/* One mounted hierarchy; a v1 one may carry several controllers ("cpu,cpuacct"). */
struct cgroup_tree {
	char base[CGROUP_BASE_MAX]; /* absolute directory that our PATHs are relative to */
	unsigned int controllers;   /* bit N is enum cgroup_controller N */
};

/*
 * Where the cgroups of this host are.  A test may fill it by hand with
 * directories of its own.
 */
struct cgroup_host {
	struct cgroup_tree v1[CGROUP_N_CONTROLLERS];
	size_t n_v1;
	bool has_unified;
	bool delegated; /* the bases are a systemd unit's own cgroup, not the roots */
	struct cgroup_tree unified;
};

/*
 * Look at /proc/self/mountinfo and /proc/self/cgroup.  The base of each
 * hierarchy is its root; but when this process runs in a unit that systemd has
 * given a subtree of its own (Delegate=yes; known by the extended attribute
 * trusted.delegate or user.delegate), it is that unit's cgroup.  What runs in
 * that cgroup itself is moved to a child of it, "supervisor", by the first
 * cgroup_create(): v2 has no controllers next to processes.
 *
 * -ENOENT: no cgroup file system is mounted.
 */
int cgroup_host_init(struct cgroup_host *ret_host, struct err *err);

/* The same from other files than those two in /proc/self. */
int cgroup_host_init_from(struct cgroup_host *ret_host, const char *mountinfo,
			  const char *self_cgroup, struct err *err);

/* "memory"; as cgroup v2 calls it where that differs ("io"). */
const char *cgroup_controller_name(enum cgroup_controller controller);

/*
 * Limits of one container.  Zero (an empty cpuset) is "no limit", which is
 * also what a new cgroup has.
 */
#define CGROUP_CPUSET_MAX 256

struct cgroup_limits {
	int64_t memory;			/* bytes; the kernel rounds down to pages */
	int64_t memory_swap;		/* bytes of memory and swap together; -1: unlimited; 0:
					   twice `memory` when that is set, as docker does */
	int64_t memory_reservation;	/* bytes: soft limit (v1), memory.low (v2) */
	int64_t cpu_millis;		/* thousandths of one CPU, 10 or more; per 100 ms period */
	int64_t cpu_shares;		/* 2 … 262144, 1024 being the kernel's default */
	int64_t pids;			/* processes and threads; -1 is the same as 0 */
	char cpuset[CGROUP_CPUSET_MAX]; /* "0-1,4"; "": all that the parent has */
	bool io;			/* disk I/O is limited as well, by cgroup_io.h */
};

/*
 * What cpu.weight of v2 a value of cpu.shares becomes: SHARES × 100 / 1024,
 * rounded, within 1 … 10000; 1024, the default there, is 100, the default here.
 *
 * This is systemd's conversion (src/core/cgroup.c).  It keeps the proportions
 * between services up to 102400 shares, so that a stack file divides a CPU in
 * the same way on v1 and v2.  OCI runtimes have another one: runc ≥ 1.3.2 and
 * crun ≥ 1.23 compute ⌈10^((L² + 125 L) / 612 − 7 / 34)⌉ with L = log2(SHARES),
 * which covers the whole range but turns 2048 : 512 : 80 (77, 19, 3 %) into
 * 174 : 59 : 15 (70, 24, 6 %).
 */
int64_t cgroup_weight_of_shares(int64_t shares);

/*
 * Make the cgroup PATH in every hierarchy and set LIMITS (NULL: none).  What
 * is there already is kept, its limits are brought to LIMITS.
 *
 * -EOPNOTSUPP: a limit was asked for whose controller this host does not
 * offer; the sentence says which and what to do.  -EINVAL: a limit is out of
 * range.  -EEXIST: the kernel has a file of that name in the cgroup above.
 */
int cgroup_create(const struct cgroup_host *host, const char *path,
		  const struct cgroup_limits *limits, struct err *err);

/*
 * Bring the limits of a cgroup that runs to LIMITS, writing only those that
 * differ, each in the order the kernel accepts.  Errors as cgroup_create(), and
 * -EBUSY: memory is used beyond the new limit and cannot be reclaimed (v1; on v2
 * the kernel kills instead).
 */
int cgroup_apply_limits(const struct cgroup_host *host, const char *path,
			const struct cgroup_limits *limits, struct err *err);

/*
 * What the kernel enforces now.  -ENOENT: no such cgroup.
 */
int cgroup_read_limits(const struct cgroup_host *host, const char *path,
		       struct cgroup_limits *ret_limits, struct err *err);

/*
 * Would ACTUAL, from cgroup_read_limits(), be the same after applying WANTED?
 * Rounding to pages, to cpu.weight and "0,1" for "0-1" make no difference.
 */
bool cgroup_limits_equal(const struct cgroup_host *host, const struct cgroup_limits *wanted,
			 const struct cgroup_limits *actual);

/*
 * The directory of PATH that has the files of CONTROLLER.  -ENOENT: no
 * hierarchy has that controller.
 */
int cgroup_directory_of(const struct cgroup_host *host, enum cgroup_controller controller,
			const char *path, char ret_directory[CGROUP_PATH_MAX]);

/*
 * The absolute directories of a container's cgroup, as struct container_spec
 * wants them.
 */
struct cgroup_paths {
	char **tasks;  /* v1: a child enters by writing "0" to `tasks` in each of them
			  (kernel-side far cheaper than its parent writing cgroup.procs);
			  NULL-terminated, never NULL */
	char *unified; /* for CLONE_INTO_CGROUP; NULL: no v2 tree */
	char *memory;  /* with memory.oom_control (v1) or memory.events (v2); NULL: no
			  memory controller */
};

#define CGROUP_PATHS_INIT                                                                          \
	{                                                                                          \
		.tasks = NULL                                                                      \
	}

int cgroup_paths(const struct cgroup_host *host, const char *path, struct cgroup_paths *ret_paths,
		 struct err *err);
void cgroup_paths_release(struct cgroup_paths *paths);

/*
 * SIGKILL every process in PATH and below it, so that none can escape by
 * forking: cgroup.kill, or where there is no v2 tree freeze, kill each by
 * pidfd, thaw.  No such cgroup: 0.  They are being killed when this returns,
 * not necessarily gone: cgroup_populated() says.
 *
 * -ETIMEDOUT: the v1 freezer did not get hold of them; they are thawed again.
 *
 * Blocks: up to 2 s without a v2 tree, else not.
 */
int cgroup_kill(const struct cgroup_host *host, const char *path, struct err *err);

/* The same for one directory on the v2 tree, for who has nothing but its name. */
int cgroup_kill_unified(const char *directory, struct err *err);

/*
 * Send SIGNO to every process in PATH and below it.  Processes that are forked
 * meanwhile may be missed: to be rid of them use cgroup_kill().  No such
 * cgroup: 0.
 */
int cgroup_signal(const struct cgroup_host *host, const char *path, int signo, struct err *err);

/*
 * FROZEN: none of the processes in PATH and below it runs any more when this returns, by
 * cgroup.freeze (cgroup-v2.rst), or the freezer of v1.  Else they run again.  No such cgroup: 0.
 *
 * -ETIMEDOUT: the kernel did not get hold of them all, and they run again.  -EOPNOTSUPP: it
 * has neither.
 *
 * Blocks: up to 2 s to freeze, though it is done within 1 ms as a rule.
 */
int cgroup_freeze(const struct cgroup_host *host, const char *path, bool frozen, struct err *err);

/*
 * Call EACH with every process in PATH and below it until it returns < 0; again
 * with those that came meanwhile, so that children have what their parents got.
 * A pid may have ended, and be another's, by then: what EACH does must be harmless.
 */
int cgroup_each_process(const struct cgroup_host *host, const char *path,
			int (*each)(pid_t pid, void *data, struct err *err), void *data,
			struct err *err);

/* Is any process in PATH or below it?  No such cgroup: false. */
int cgroup_populated(const struct cgroup_host *host, const char *path, bool *ret_populated,
		     struct err *err);

/*
 * Remove PATH and what is below it (such as the sub-cgroup of an exec) in every
 * hierarchy.  Gone already: 0.
 *
 * -EBUSY: processes are still in it after TIMEOUT_MS; 0 tries once.
 *
 * Blocks: for up to TIMEOUT_MS, while killed processes go.
 */
int cgroup_remove(const struct cgroup_host *host, const char *path, unsigned int timeout_ms,
		  struct err *err);

/*
 * The names of the cgroups directly below PATH in any hierarchy, each once, in
 * no order: what was left over.  RET_NAMES is NULL-terminated and to be freed
 * with cgroup_names_free(); no such cgroup gives an empty list.
 */
int cgroup_list(const struct cgroup_host *host, const char *path, char ***ret_names,
		struct err *err);
void cgroup_names_free(char **names);

/* What a container uses.  CGROUP_UNKNOWN where no controller counts it. */
#define CGROUP_UNKNOWN UINT64_MAX

struct cgroup_stats {
	uint64_t memory_current; /* bytes, page cache included */
	uint64_t memory_peak;	 /* bytes; unknown on v2 before Linux 5.19 */
	uint64_t cpu_usec;	 /* CPU time used by all of them since the cgroup was made */
	uint64_t pids_current;	 /* processes and threads */
};

/* -ENOENT: no such cgroup. */
int cgroup_read_stats(const struct cgroup_host *host, const char *path,
		      struct cgroup_stats *ret_stats, struct err *err);

#endif
