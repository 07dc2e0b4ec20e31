// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/cgroup_internal.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct stat_row {
	size_t offset;
	enum cgroup_controller controller;
	const char *v1, *v2;
	unsigned int v1_divisor;
} rows[] = {
	{offsetof(struct cgroup_stats, memory_current), CGROUP_MEMORY, "memory.usage_in_bytes",
	 "memory.current", 1},
	{offsetof(struct cgroup_stats, memory_peak), CGROUP_MEMORY, "memory.max_usage_in_bytes",
	 "memory.peak", 1},
	/* v2 counts CPU time in every cgroup, whether it has a controller or not. */
	{offsetof(struct cgroup_stats, cpu_usec), CGROUP_CPUACCT, "cpuacct.usage", "cpu.stat",
	 1000},
	{offsetof(struct cgroup_stats, pids_current), CGROUP_PIDS, "pids.current", "pids.current",
	 1},
};

static int read_row(const struct cgroup_host *host, const struct stat_row *row, const char *path,
		    uint64_t *ret_value, struct err *err)
{
	const struct cgroup_tree *tree = cgroup_tree_with(host, row->controller);
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FD int dirfd = -1;
	const char *number;
	bool v1;
	int r;

	if (!tree && host->has_unified)
		tree = &host->unified;
	if (!tree)
		return 0;
	v1 = tree != &host->unified;
	r = cgroup_open(tree, path, &dirfd, err);
	if (r < 0)
		return r;
	r = cgroup_read_if_any(dirfd, v1 ? row->v1 : row->v2, &text, err);
	if (r < 0 || !text)
		return r;
	/* cpu.stat begins with "usage_usec N"; the others are but a number. */
	number = text + strcspn(text, "0123456789");
	if (*number)
		*ret_value = strtoull(number, NULL, 10) / (v1 ? row->v1_divisor : 1);
	return 0;
}

int cgroup_read_stats(const struct cgroup_host *host, const char *path,
		      struct cgroup_stats *ret_stats, struct err *err)
{
	struct cgroup_stats stats;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = CGROUP_UNKNOWN;
		int r = read_row(host, &rows[i], path, &value, err);

		if (r < 0)
			return r;
		memcpy((char *)&stats + rows[i].offset, &value, sizeof(value));
	}
	*ret_stats = stats;
	return 0;
}
