// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/cgroup_internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/*
 * Frozen cgroups: nothing in them runs
 *
 * Either kernel interface is asked until every process has been got hold of.  What enters a frozen
 * cgroup is frozen as well, so none may be left behind frozen by mistake.
 */

#define FREEZE_TIMEOUT_MS 2000

/* One look: 1 when all is frozen, 0 not yet. */
typedef int look_fn(int dirfd, struct err *err);

/* The kernel takes up what is left with each write (cgroup-v1/freezer-subsystem.rst). */
static int look_v1(int dirfd, struct err *err)
{
	CLEANUP_FREE char *state = NULL;
	int r = fd_write_control(dirfd, "freezer.state", "FROZEN", err);

	if (r == 0)
		r = fd_read_file(dirfd, "freezer.state", 64, &state, NULL, err);
	return r < 0 ? r : strcmp(state, "FROZEN\n") == 0;
}

static int look_v2(int dirfd, struct err *err)
{
	CLEANUP_FREE char *events = NULL;
	int r = fd_read_file(dirfd, "cgroup.events", 256, &events, NULL, err);

	return r < 0 ? r : strstr(events, "frozen 1") != NULL;
}

static int wait_until_frozen(int dirfd, look_fn *look, struct err *err)
{
	int64_t deadline = clock_ms() + FREEZE_TIMEOUT_MS;

	for (;;) {
		int r = look(dirfd, err);

		if (r != 0)
			return r < 0 ? r : 0;
		if (clock_ms() >= deadline)
			return err_set(err, ETIMEDOUT, "cannot freeze its processes");
		poll(NULL, 0, 1);
	}
}

int cgroup_freeze_v1(int dirfd, struct err *err)
{
	return wait_until_frozen(dirfd, look_v1, err);
}

int cgroup_thaw_v1(int dirfd, struct err *err)
{
	return fd_write_control(dirfd, "freezer.state", "THAWED", err);
}

static int freeze_v2(int dirfd, struct err *err)
{
	int r = fd_write_control(dirfd, "cgroup.freeze", "1", err);

	return r < 0 ? r : wait_until_frozen(dirfd, look_v2, err);
}

static int thaw_v2(int dirfd, struct err *err)
{
	return fd_write_control(dirfd, "cgroup.freeze", "0", err);
}

static const struct freezer {
	int (*freeze)(int dirfd, struct err *err);
	int (*thaw)(int dirfd, struct err *err);
} v1 = {cgroup_freeze_v1, cgroup_thaw_v1}, v2 = {freeze_v2, thaw_v2};

int cgroup_freeze(const struct cgroup_host *host, const char *path, bool frozen, struct err *err)
{
	const struct freezer *freezer = host->has_unified ? &v2 : &v1;
	const struct cgroup_tree *tree =
		host->has_unified ? &host->unified : cgroup_tree_with(host, CGROUP_FREEZER);
	CLEANUP_FD int dirfd = -1;
	int r;

	if (!tree)
		return err_set(err, EOPNOTSUPP, "this kernel has no freezer for cgroups");
	r = cgroup_open_if_any(tree, path, &dirfd, err);
	if (r < 0 || dirfd < 0)
		return r;
	if (!frozen)
		return freezer->thaw(dirfd, err);
	r = freezer->freeze(dirfd, err);
	if (r < 0)
		(void)freezer->thaw(dirfd, NULL);
	return r;
}
