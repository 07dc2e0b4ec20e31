// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/cgroup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

/*
 * The processes of a cgroup
 *
 * A pid read from cgroup.procs may be another process's by the time it is
 * used.  So a pidfd is made of it first, and then that pid is asked for its
 * cgroup: either the answer is about the process the pidfd holds, or that one
 * is gone and the signal reaches nobody.
 */

/* A fork bomb that is faster than we are is not followed for ever. */
#define EACH_PROCESS_MAX 100000

struct signalling {
	const char *path; /* the cgroup, as at the end of the lines of /proc/PID/cgroup */
	int signo;
};

static bool is_in_cgroup(pid_t pid, const char *path)
{
	CLEANUP_FREE char *text = NULL;
	size_t len = strlen(path);
	char file[64];

	snprintf(file, sizeof(file), "/proc/%d/cgroup", pid);
	if (fd_read_file(AT_FDCWD, file, 65536, &text, NULL, NULL) < 0)
		return false;
	for (const char *at = text; (at = strstr(at, path)); at++)
		if (at > text && at[-1] == '/' && (at[len] == '\n' || at[len] == '/'))
			return true;
	return false;
}

static int signal_pid(pid_t pid, void *data, struct err *err)
{
	const struct signalling *how = data;
	CLEANUP_FD int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd < 0)
		return errno == ESRCH ? 0 : err_sys(err, errno, "open process %d", pid);
	if (!is_in_cgroup(pid, how->path))
		return 0;
	if (syscall(SYS_pidfd_send_signal, pidfd, how->signo, NULL, 0) < 0 && errno != ESRCH)
		return err_sys(err, errno, "signal process %d", pid);
	return 0;
}

/* What is done with each process of a tree of cgroups. */
struct walk {
	int (*each)(pid_t pid, void *data, struct err *err);
	void *data;
};

static int walk_tree(int dirfd, const struct walk *walk, struct err *err);

static int walk_child(int dirfd, const char *name, void *data, struct err *err)
{
	CLEANUP_FD int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "open cgroup '%s'", name);
	return walk_tree(fd, data, err);
}

static int walk_tree(int dirfd, const struct walk *walk, struct err *err)
{
	CLEANUP_FREE char *procs = NULL;
	char *save = NULL;
	int r;

	r = cgroup_read_if_any(dirfd, "cgroup.procs", &procs, err);
	if (r < 0 || !procs)
		return r;
	for (char *line = strtok_r(procs, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		pid_t pid = (pid_t)strtol(line, NULL, 10);

		/* 0 is a process that our pid namespace does not see. */
		r = pid > 0 ? walk->each(pid, walk->data, err) : 0;
		if (r < 0)
			return r;
	}
	return cgroup_each_child(dirfd, walk_child, (void *)walk, err);
}

/* The hierarchy to look for a container's processes in. */
static const struct cgroup_tree *process_tree(const struct cgroup_host *host)
{
	const struct cgroup_tree *freezer = cgroup_tree_with(host, CGROUP_FREEZER);

	if (host->has_unified)
		return &host->unified;
	return freezer ? freezer : cgroup_tree_at(host, 0);
}

static int walk_cgroup(const struct cgroup_host *host, const char *path, const struct walk *walk,
		       struct err *err)
{
	CLEANUP_FD int dirfd = -1;
	int r;

	r = cgroup_open_if_any(process_tree(host), path, &dirfd, err);
	if (r < 0 || dirfd < 0)
		return r;
	return walk_tree(dirfd, walk, err);
}

int cgroup_signal(const struct cgroup_host *host, const char *path, int signo, struct err *err)
{
	struct signalling how = {.path = path, .signo = signo};

	return walk_cgroup(host, path, &(struct walk){signal_pid, &how}, err);
}

/* The processes that were seen before are passed over, so that the rounds come to an end. */
struct rounds {
	int (*each)(pid_t pid, void *data, struct err *err);
	void *data;
	pid_t *seen;
	size_t n, before; /* how many there are, and were at the beginning of this round */
};

static int visit(pid_t pid, void *data, struct err *err)
{
	struct rounds *rounds = data;
	pid_t *grown;

	for (size_t i = 0; i < rounds->before; i++)
		if (rounds->seen[i] == pid)
			return 0;
	grown = realloc(rounds->seen, (rounds->n + 1) * sizeof(*grown));
	if (!grown)
		return err_nomem(err);
	rounds->seen = grown;
	grown[rounds->n++] = pid;
	return rounds->each(pid, rounds->data, err);
}

int cgroup_each_process(const struct cgroup_host *host, const char *path,
			int (*each)(pid_t pid, void *data, struct err *err), void *data,
			struct err *err)
{
	struct rounds rounds = {.each = each, .data = data};
	int r;

	do {
		rounds.before = rounds.n;
		r = walk_cgroup(host, path, &(struct walk){visit, &rounds}, err);
	} while (r == 0 && rounds.n > rounds.before && rounds.n < EACH_PROCESS_MAX);
	free(rounds.seen);
	return r;
}

/*
 * A frozen process neither forks nor dies, so one pass over them gets all; the
 * signal acts when they are thawed, which has to happen whatever went wrong.
 */
static int kill_frozen(const struct cgroup_tree *freezer, const char *path, struct err *err)
{
	struct signalling how = {.path = path, .signo = SIGKILL};
	const struct walk walk = {signal_pid, &how};
	CLEANUP_FD int dirfd = -1;
	int r, killed, thawed;

	r = cgroup_open_if_any(freezer, path, &dirfd, err);
	if (r < 0 || dirfd < 0)
		return r;
	r = cgroup_freeze_v1(dirfd, err);
	killed = walk_tree(dirfd, &walk, r < 0 ? NULL : err);
	thawed = cgroup_thaw_v1(dirfd, r < 0 || killed < 0 ? NULL : err);
	r = r < 0 ? r : killed < 0 ? killed : thawed;
	return r < 0 ? err_wrap(err, "kill cgroup '%s'", path) : 0;
}

int cgroup_kill_unified(const char *directory, struct err *err)
{
	CLEANUP_FD int dirfd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (dirfd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "open cgroup '%s'", directory);
	r = fd_write_control(dirfd, "cgroup.kill", "1", NULL);
	/* ENODEV: the cgroup was removed meanwhile. */
	return r < 0 && r != -ENODEV ? err_sys(err, -r, "kill cgroup '%s'", directory) : 0;
}

int cgroup_kill(const struct cgroup_host *host, const char *path, struct err *err)
{
	const struct cgroup_tree *freezer = cgroup_tree_with(host, CGROUP_FREEZER);
	char directory[CGROUP_PATH_MAX];
	int r;

	if (!host->has_unified)
		return freezer ? kill_frozen(freezer, path, err)
			       : cgroup_signal(host, path, SIGKILL, err);
	r = cgroup_directory(&host->unified, path, directory, err);
	return r < 0 ? r : cgroup_kill_unified(directory, err);
}

static int is_populated(int dirfd, bool *ret_populated, struct err *err);

static int child_populated(int dirfd, const char *name, void *data, struct err *err)
{
	CLEANUP_FD int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool populated = false;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "open cgroup '%s'", name);
	r = is_populated(fd, &populated, err);
	*(bool *)data |= populated;
	return r;
}

/* v1 has no cgroup.events: look into every cgroup.procs. */
static int is_populated(int dirfd, bool *ret_populated, struct err *err)
{
	CLEANUP_FREE char *events = NULL, *procs = NULL;
	int r;

	r = cgroup_read_if_any(dirfd, "cgroup.events", &events, err);
	if (r == 0 && events) {
		*ret_populated = strstr(events, "populated 1") != NULL;
		return 0;
	}
	if (r == 0)
		r = cgroup_read_if_any(dirfd, "cgroup.procs", &procs, err);
	if (r < 0)
		return r;
	*ret_populated = procs && procs[0];
	return cgroup_each_child(dirfd, child_populated, ret_populated, err);
}

int cgroup_populated(const struct cgroup_host *host, const char *path, bool *ret_populated,
		     struct err *err)
{
	CLEANUP_FD int dirfd = -1;
	bool populated = false;
	int r;

	r = cgroup_open_if_any(process_tree(host), path, &dirfd, err);
	if (r == 0 && dirfd >= 0)
		r = is_populated(dirfd, &populated, err);
	if (r < 0)
		return r;
	*ret_populated = populated;
	return 0;
}
