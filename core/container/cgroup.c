// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/cgroup.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/cgroup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX       ((size_t)8 << 20) /* a cgroup.procs of a million processes */
#define EMPTY_ATTEMPTS 100

/* The v2 controllers we count with or limit by; cpuset only where a limit needs it. */
#define WANTED_ON_V2                                                                               \
	(1u << CGROUP_CPU | 1u << CGROUP_MEMORY | 1u << CGROUP_PIDS | 1u << CGROUP_BLKIO)

int cgroup_unavailable(const struct cgroup_host *host, enum cgroup_controller controller,
		       const char *limit, struct err *err)
{
	const char *name = cgroup_controller_name(controller);

	if (host->delegated)
		return err_set(err, EOPNOTSUPP,
			       "limit '%s': the cgroup controller '%s' is not available in '%s'; "
			       "set Delegate=yes in the systemd unit, or remove the limit",
			       limit, name,
			       host->has_unified ? host->unified.base : host->v1[0].base);
	return err_set(err, EOPNOTSUPP,
		       "limit '%s': the cgroup controller '%s' is not available on this host; "
		       "boot the kernel with cgroup_enable=%s, or remove the limit",
		       limit, name, name);
}

/* mkdir; RET_MADE: it was not there.  -ENOENT: nor is its parent. */
static int make_one(const char *directory, bool *ret_made, struct err *err)
{
	struct stat st;

	if (mkdir(directory, 0755) == 0) {
		*ret_made = true;
		return 0;
	}
	if (errno != EEXIST)
		return err_sys(err, errno, "make cgroup '%s'", directory);
	if (stat(directory, &st) < 0)
		return err_sys(err, errno, "make cgroup '%s'", directory);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, EEXIST,
			       "make cgroup '%s': the kernel has a file of that name; "
			       "choose another name",
			       directory);
	*ret_made = false;
	return 0;
}

/* Make PATH in a v1 hierarchy, with its parents. */
static int make_v1(const struct cgroup_tree *tree, const char *path, bool *ret_made,
		   struct err *err)
{
	bool cpuset = tree->controllers & 1u << CGROUP_CPUSET;
	char directory[CGROUP_PATH_MAX];
	int r;

	r = cgroup_directory(tree, path, directory, err);
	if (r < 0)
		return r;
	for (char *slash = directory + strlen(tree->base); slash;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		r = make_one(directory, ret_made, err);
		if (r == 0 && cpuset)
			r = cgroup_cpuset_fill(directory, err);
		if (r < 0)
			return r;
		if (slash)
			*slash = '/';
	}
	return 0;
}

/* Move the processes of the cgroup BASE into LEAF.  RET_MOVED: how many there were. */
static int move_processes(const char *base, const char *leaf, size_t *ret_moved, struct err *err)
{
	char file[CGROUP_PATH_MAX + sizeof("/supervisor/cgroup.procs")];
	CLEANUP_FREE char *list = NULL;
	char *save = NULL;
	int r;

	*ret_moved = 0;
	snprintf(file, sizeof(file), "%s/cgroup.procs", base);
	r = fd_read_file(AT_FDCWD, file, FILE_MAX, &list, NULL, err);
	if (r < 0)
		return r;
	snprintf(file, sizeof(file), "%s/cgroup.procs", leaf);
	for (char *pid = strtok_r(list, "\n", &save); pid; pid = strtok_r(NULL, "\n", &save)) {
		if (!strcmp(pid, "0"))
			return err_set(err, EBUSY,
				       "cgroup '%s' has processes of another pid namespace, which "
				       "cannot be moved out of the way; start stack in a systemd "
				       "unit of its own",
				       base);
		r = fd_write_control(AT_FDCWD, file, pid, NULL);
		/* One that has ended is gone from the cgroup just as well. */
		if (r < 0 && r != -ESRCH)
			return err_sys(err, -r, "move process %s into cgroup '%s'", pid, leaf);
		(*ret_moved)++;
	}
	return 0;
}

/*
 * A delegated cgroup that holds processes cannot have controllers for its
 * children (cgroup-v2.rst, "No Internal Process Constraint"), and would become
 * a threaded domain by some of them.  So what the unit runs (us, the command
 * that started us, its shell) goes into a leaf; it may fork meanwhile.
 */
static int empty_base(const char *base, struct err *err)
{
	char leaf[CGROUP_PATH_MAX + sizeof("/supervisor")];
	size_t moved;
	bool made;
	int r;

	snprintf(leaf, sizeof(leaf), "%s/supervisor", base);
	r = make_one(leaf, &made, err);
	for (int attempt = 0; r == 0 && attempt < EMPTY_ATTEMPTS; attempt++) {
		r = move_processes(base, leaf, &moved, err);
		if (r == 0 && !moved)
			return 0;
	}
	return r < 0 ? r
		     : err_set(err, EBUSY,
			       "the processes in cgroup '%s' multiply faster than they can be "
			       "moved; start stack in a systemd unit of its own",
			       base);
}

static int enable_one(const char *directory, const char *name, struct err *err)
{
	char file[CGROUP_PATH_MAX + sizeof("/cgroup.subtree_control")], text[32];

	snprintf(file, sizeof(file), "%s/cgroup.subtree_control", directory);
	snprintf(text, sizeof(text), "+%s", name);
	return fd_write_control(AT_FDCWD, file, text, err);
}

/*
 * Let the children of DIRECTORY have what of the v2 controllers we want.  Only
 * those NEEDED for a limit have to succeed.
 */
static int enable_controllers(const struct cgroup_host *host, const char *directory,
			      unsigned int needed, struct err *err)
{
	unsigned int missing = (WANTED_ON_V2 | needed) & host->unified.controllers;
	char file[CGROUP_PATH_MAX + sizeof("/cgroup.subtree_control")];
	CLEANUP_FREE char *list = NULL;
	int r;

	if (!missing)
		return 0;
	snprintf(file, sizeof(file), "%s/cgroup.subtree_control", directory);
	r = fd_read_file(AT_FDCWD, file, 4096, &list, NULL, err);
	if (r < 0)
		return r;
	missing &= ~cgroup_v2_controllers_in(list);
	if (missing && host->delegated && !strcmp(directory, host->unified.base)) {
		r = empty_base(directory, err);
		if (r < 0)
			return r;
	}
	for (unsigned int c = 0; missing >> c; c++) {
		bool must = needed & 1u << c;

		if (!(missing & 1u << c))
			continue;
		r = enable_one(directory, cgroup_controller_name((enum cgroup_controller)c),
			       must ? err : NULL);
		if (r < 0 && must)
			return r;
	}
	return 0;
}

static int make_unified(const struct cgroup_host *host, const char *path, unsigned int needed,
			bool *ret_made, struct err *err)
{
	char directory[CGROUP_PATH_MAX];
	char *slash;
	int r;

	r = cgroup_directory(&host->unified, path, directory, err);
	if (r < 0)
		return r;
	slash = directory + strlen(host->unified.base);
	while (slash) {
		*slash = '\0';
		r = enable_controllers(host, directory, needed, err);
		*slash = '/';
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (r == 0)
			r = make_one(directory, ret_made, err);
		if (r < 0)
			return r;
		if (slash)
			*slash = '/';
	}
	return 0;
}

int cgroup_create(const struct cgroup_host *host, const char *path,
		  const struct cgroup_limits *limits, struct err *err)
{
	const struct cgroup_limits none = {0};
	bool all_new = true;
	int r;

	limits = limits ? limits : &none;
	r = cgroup_limits_check(limits, err);
	for (size_t i = 0; r == 0 && i < host->n_v1; i++) {
		bool made = false;

		r = make_v1(&host->v1[i], path, &made, err);
		all_new = all_new && made;
	}
	if (r == 0 && host->has_unified) {
		bool made = false;

		r = make_unified(host, path, cgroup_limits_need(limits), &made, err);
		all_new = all_new && made;
	}
	if (r < 0)
		return r;
	return all_new ? cgroup_limits_write(host, path, limits, &none, err)
		       : cgroup_apply_limits(host, path, limits, err);
}

int cgroup_apply_limits(const struct cgroup_host *host, const char *path,
			const struct cgroup_limits *limits, struct err *err)
{
	struct cgroup_limits actual;
	int r;

	r = cgroup_limits_check(limits, err);
	if (r == 0)
		r = cgroup_read_limits(host, path, &actual, err);
	if (r < 0)
		return r;
	return cgroup_limits_write(host, path, limits, &actual, err);
}

int cgroup_directory_of(const struct cgroup_host *host, enum cgroup_controller controller,
			const char *path, char ret_directory[CGROUP_PATH_MAX])
{
	const struct cgroup_tree *tree = cgroup_tree_with(host, controller);

	return tree ? cgroup_directory(tree, path, ret_directory, NULL) : -ENOENT;
}

static char *join(const struct cgroup_tree *tree, const char *path)
{
	size_t size = strlen(tree->base) + strlen(path) + 2;
	char *joined = malloc(size);

	if (joined)
		snprintf(joined, size, "%s/%s", tree->base, path);
	return joined;
}

int cgroup_paths(const struct cgroup_host *host, const char *path, struct cgroup_paths *ret_paths,
		 struct err *err)
{
	const struct cgroup_tree *memory = cgroup_tree_with(host, CGROUP_MEMORY);
	CLEANUP(cgroup_paths_release) struct cgroup_paths paths = CGROUP_PATHS_INIT;

	paths.tasks = calloc(host->n_v1 + 1, sizeof(*paths.tasks));
	if (!paths.tasks)
		return err_nomem(err);
	for (size_t i = 0; i < host->n_v1; i++) {
		paths.tasks[i] = join(&host->v1[i], path);
		if (!paths.tasks[i])
			return err_nomem(err);
	}
	if (host->has_unified)
		paths.unified = join(&host->unified, path);
	if (memory)
		paths.memory = join(memory, path);
	if ((host->has_unified && !paths.unified) || (memory && !paths.memory))
		return err_nomem(err);
	*ret_paths = paths;
	paths = (struct cgroup_paths)CGROUP_PATHS_INIT;
	return 0;
}

void cgroup_paths_release(struct cgroup_paths *paths)
{
	cgroup_names_free(paths->tasks);
	free(paths->unified);
	free(paths->memory);
	*paths = (struct cgroup_paths)CGROUP_PATHS_INIT;
}
