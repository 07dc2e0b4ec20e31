// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/cgroup_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Limits as the kernel's files say them
 *
 * Every limit but the cpuset is a row: its files on v1 and v2, and how "none"
 * is said in them.  Values go to the kernel's numbers and back in two
 * functions, so that two sets of limits are the same to the kernel exactly
 * when all their texts are.
 */

#define PERIOD_US      100000
#define US_PER_MILLI   (PERIOD_US / 1000)
#define MILLIS_MIN     10 /* the kernel takes no quota below 1 ms of a period */
#define SHARES_MIN     2
#define SHARES_MAX     262144
#define SHARES_DEFAULT 1024
#define WEIGHT_DEFAULT 100
#define WEIGHT_MAX     10000
#define UNLIMITED_AT   (INT64_C(1) << 62) /* v1 says "no limit" by a number near 2^63 */
#define NONE	       (-1)

enum limit { MEMORY, SWAP, RESERVATION, CPU, SHARES, PIDS, N_LIMITS };

/* [0] is v2, [1] is v1. */
static const struct row {
	const char *name;
	enum cgroup_controller controller;
	const char *file[2], *none[2];
} rows[N_LIMITS] = {
	[MEMORY] = {"memory",
		    CGROUP_MEMORY,
		    {"memory.max", "memory.limit_in_bytes"},
		    {"max", "-1"}},
	[SWAP] = {"memswap_limit",
		  CGROUP_MEMORY,
		  {"memory.swap.max", "memory.memsw.limit_in_bytes"},
		  {"max", "-1"}},
	[RESERVATION] = {"memory reservation",
			 CGROUP_MEMORY,
			 {"memory.low", "memory.soft_limit_in_bytes"},
			 {"0", "-1"}},
	[CPU] = {"cpus", CGROUP_CPU, {"cpu.max", "cpu.cfs_quota_us"}, {"max", "-1"}},
	[SHARES] = {"cpu_shares", CGROUP_CPU, {"cpu.weight", "cpu.shares"}, {"100", "1024"}},
	[PIDS] = {"pids", CGROUP_PIDS, {"pids.max", "pids.max"}, {"max", "max"}},
};

struct limit_text {
	char text[32];
};

static int64_t whole_pages(int64_t bytes)
{
	return bytes - bytes % sysconf(_SC_PAGESIZE);
}

int64_t cgroup_weight_of_shares(int64_t shares)
{
	int64_t weight = (shares * WEIGHT_DEFAULT + SHARES_DEFAULT / 2) / SHARES_DEFAULT;

	return weight < 1 ? 1 : weight > WEIGHT_MAX ? WEIGHT_MAX : weight;
}

/* v1 limits memory and swap together, v2 swap alone. */
static int64_t swap_to_kernel(const struct cgroup_limits *limits, bool v1)
{
	int64_t memory = whole_pages(limits->memory), total;

	if (limits->memory_swap < 0 || memory == 0)
		return NONE;
	total = limits->memory_swap ? whole_pages(limits->memory_swap) : 2 * memory;
	return v1 ? total : total - memory;
}

static int64_t to_kernel(const struct cgroup_limits *limits, enum limit which, bool v1)
{
	int64_t value = 0;

	switch (which) {
	case MEMORY:
		value = whole_pages(limits->memory);
		break;
	case SWAP:
		return swap_to_kernel(limits, v1);
	case RESERVATION:
		value = whole_pages(limits->memory_reservation);
		break;
	case CPU:
		value = limits->cpu_millis * US_PER_MILLI;
		break;
	case SHARES:
		value = limits->cpu_shares;
		if (value && !v1)
			value = cgroup_weight_of_shares(value);
		break;
	case PIDS:
		value = limits->pids;
		break;
	case N_LIMITS:
		break;
	}
	return value > 0 ? value : NONE;
}

static void from_kernel(struct cgroup_limits *limits, enum limit which, bool v1, int64_t value)
{
	int64_t or_zero = value > 0 ? value : 0;

	switch (which) {
	case MEMORY:
		limits->memory = or_zero;
		break;
	case SWAP: /* comes after MEMORY */
		if (limits->memory)
			limits->memory_swap = v1 || value < 0 ? value : limits->memory + value;
		break;
	case RESERVATION:
		limits->memory_reservation = or_zero;
		break;
	case CPU:
		limits->cpu_millis = or_zero / US_PER_MILLI;
		break;
	case SHARES:
		if (!v1)
			value = (value * SHARES_DEFAULT + WEIGHT_DEFAULT / 2) / WEIGHT_DEFAULT;
		limits->cpu_shares = value == SHARES_DEFAULT ? 0 : value;
		break;
	case PIDS:
		limits->pids = or_zero;
		break;
	case N_LIMITS:
		break;
	}
}

static struct limit_text limit_text(const struct cgroup_limits *limits, enum limit which, bool v1)
{
	int64_t value = to_kernel(limits, which, v1);
	struct limit_text ret;

	if (value == NONE)
		snprintf(ret.text, sizeof(ret.text), "%s", rows[which].none[v1]);
	else
		snprintf(ret.text, sizeof(ret.text), "%" PRId64, value);
	return ret;
}

static bool same_text(const struct cgroup_limits *a, const struct cgroup_limits *b,
		      enum limit which, bool v1)
{
	return !strcmp(limit_text(a, which, v1).text, limit_text(b, which, v1).text);
}

static bool is_v1(const struct cgroup_host *host, const struct cgroup_tree *tree)
{
	return tree != &host->unified;
}

bool cgroup_limits_equal(const struct cgroup_host *host, const struct cgroup_limits *wanted,
			 const struct cgroup_limits *actual)
{
	for (enum limit which = 0; which < N_LIMITS; which++) {
		const struct cgroup_tree *tree = cgroup_tree_with(host, rows[which].controller);

		if (!same_text(wanted, actual, which, tree ? is_v1(host, tree) : true))
			return false;
	}
	return cgroup_cpuset_equal(wanted->cpuset, actual->cpuset);
}

unsigned int cgroup_limits_need(const struct cgroup_limits *limits)
{
	const struct cgroup_limits none = {0};
	unsigned int mask = limits->cpuset[0] ? 1u << CGROUP_CPUSET : 0;

	if (limits->io)
		mask |= 1u << CGROUP_BLKIO;
	for (enum limit which = 0; which < N_LIMITS; which++)
		if (!same_text(limits, &none, which, true))
			mask |= 1u << rows[which].controller;
	return mask;
}

static int check_swap(const struct cgroup_limits *limits, struct err *err)
{
	if (limits->memory_swap > 0 && limits->memory == 0)
		return err_set(err, EINVAL, "memswap_limit needs a memory limit beside it");
	if (limits->memory_swap > 0 && limits->memory_swap < limits->memory)
		return err_set(err, EINVAL,
			       "memswap_limit counts memory and swap together: %" PRId64
			       " bytes are less than the memory limit of %" PRId64,
			       limits->memory_swap, limits->memory);
	return 0;
}

int cgroup_limits_check(const struct cgroup_limits *limits, struct err *err)
{
	long page = sysconf(_SC_PAGESIZE);

	if (limits->memory < 0 || (limits->memory && limits->memory < page) ||
	    limits->memory > UNLIMITED_AT / 2)
		return err_set(err, EINVAL, "a memory limit of %" PRId64 " bytes is out of range",
			       limits->memory);
	if (limits->memory_reservation < 0 || limits->memory_reservation > UNLIMITED_AT)
		return err_set(err, EINVAL,
			       "a memory reservation of %" PRId64 " bytes is out of range",
			       limits->memory_reservation);
	if (limits->memory_swap < -1 || limits->memory_swap > UNLIMITED_AT)
		return err_set(err, EINVAL, "a memswap_limit of %" PRId64 " bytes is out of range",
			       limits->memory_swap);
	if (limits->cpu_millis && (limits->cpu_millis < MILLIS_MIN || limits->cpu_millis > 1000000))
		return err_set(err, EINVAL,
			       "a limit of %" PRId64 "/1000 of a CPU is out of range; "
			       "the least is 0.01",
			       limits->cpu_millis);
	if (limits->cpu_shares &&
	    (limits->cpu_shares < SHARES_MIN || limits->cpu_shares > SHARES_MAX))
		return err_set(err, EINVAL, "cpu_shares %" PRId64 " is not within %d and %d",
			       limits->cpu_shares, SHARES_MIN, SHARES_MAX);
	if (limits->pids < -1)
		return err_set(err, EINVAL, "a limit of %" PRId64 " pids is out of range",
			       limits->pids);
	if (cgroup_cpuset_check(limits->cpuset, err) < 0)
		return -EINVAL;
	return check_swap(limits, err);
}

static int write_failed(const struct cgroup_host *host, const struct row *row, const char *path,
			const char *text, int r, struct err *err)
{
	if (r == -ENOENT && row == &rows[SWAP])
		return err_set(err, EOPNOTSUPP,
			       "limit '%s': this kernel does not count swap; boot it with "
			       "swapaccount=1, or remove the limit",
			       row->name);
	if (r == -ENOENT)
		return cgroup_unavailable(host, row->controller, row->name, err);
	if (r == -EBUSY)
		return err_set(err, EBUSY,
			       "limit '%s': cgroup '%s' uses more than %s bytes now; stop "
			       "something in it, or restart the container",
			       row->name, path, text);
	return err_sys(err, -r, "limit '%s' of cgroup '%s': write '%s'", row->name, path, text);
}

static int write_one(const struct cgroup_host *host, const char *path,
		     const struct cgroup_limits *limits, enum limit which, struct err *err)
{
	const struct row *row = &rows[which];
	const struct cgroup_tree *tree = cgroup_tree_with(host, row->controller);
	CLEANUP_FD int dirfd = -1;
	struct limit_text value;
	bool v1;
	int r;

	if (!tree)
		return cgroup_unavailable(host, row->controller, row->name, err);
	v1 = is_v1(host, tree);
	r = cgroup_open(tree, path, &dirfd, err);
	if (r < 0)
		return r;
	value = limit_text(limits, which, v1);
	r = fd_write_control(dirfd, row->file[v1], value.text, NULL);
	/* A swap limit that only follows from the memory limit is no reason to fail. */
	if (r == -ENOENT && which == SWAP && limits->memory_swap <= 0)
		return 0;
	return r < 0 ? write_failed(host, row, path, value.text, r, err) : 0;
}

static int write_cpuset(const struct cgroup_host *host, const char *path, const char *list,
			struct err *err)
{
	const struct cgroup_tree *tree = cgroup_tree_with(host, CGROUP_CPUSET);
	CLEANUP_FD int dirfd = -1;
	int r;

	if (!tree)
		return cgroup_unavailable(host, CGROUP_CPUSET, "cpuset", err);
	r = cgroup_open(tree, path, &dirfd, err);
	if (r < 0)
		return r;
	r = cgroup_cpuset_write(dirfd, is_v1(host, tree), list, err);
	if (r == -ENOENT)
		return cgroup_unavailable(host, CGROUP_CPUSET, "cpuset", err);
	return r < 0 ? err_wrap(err, "limit 'cpuset' of cgroup '%s'", path) : 0;
}

/*
 * v1 demands memory ≤ memory and swap at every moment: the larger of the two
 * goes first when the limits are raised, and last when they are lowered.
 */
static bool swap_goes_first(const struct cgroup_limits *limits, const struct cgroup_limits *actual)
{
	int64_t now = to_kernel(actual, SWAP, true), then = to_kernel(limits, SWAP, true);

	return now != NONE && (then == NONE || then > now);
}

int cgroup_limits_write(const struct cgroup_host *host, const char *path,
			const struct cgroup_limits *limits, const struct cgroup_limits *actual,
			struct err *err)
{
	bool swap_first = swap_goes_first(limits, actual);

	for (enum limit step = 0; step < N_LIMITS; step++) {
		enum limit which = swap_first && step <= SWAP ? SWAP - step : step;
		const struct cgroup_tree *tree = cgroup_tree_with(host, rows[which].controller);
		int r;

		if (same_text(limits, actual, which, tree ? is_v1(host, tree) : true))
			continue;
		r = write_one(host, path, limits, which, err);
		if (r < 0)
			return r;
	}
	if (cgroup_cpuset_equal(limits->cpuset, actual->cpuset))
		return 0;
	return write_cpuset(host, path, limits->cpuset, err);
}

static int read_one(int dirfd, bool v1, enum limit which, struct cgroup_limits *limits,
		    struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	int64_t value;
	int r;

	r = cgroup_read_if_any(dirfd, rows[which].file[v1], &text, err);
	if (r < 0 || !text)
		return r; /* not offered here: then there is no limit */
	value = !strncmp(text, "max", 3) ? NONE : strtoll(text, NULL, 10);
	from_kernel(limits, which, v1, value >= UNLIMITED_AT ? NONE : value);
	return 0;
}

int cgroup_read_limits(const struct cgroup_host *host, const char *path,
		       struct cgroup_limits *ret_limits, struct err *err)
{
	const struct cgroup_tree *cpuset = cgroup_tree_with(host, CGROUP_CPUSET);
	struct cgroup_limits limits = {0};
	CLEANUP_FD int cpuset_fd = -1;
	int r = 0;

	for (enum limit which = 0; which < N_LIMITS && r == 0; which++) {
		const struct cgroup_tree *tree = cgroup_tree_with(host, rows[which].controller);
		CLEANUP_FD int dirfd = -1;

		if (!tree)
			continue;
		r = cgroup_open(tree, path, &dirfd, err);
		if (r == 0)
			r = read_one(dirfd, is_v1(host, tree), which, &limits, err);
	}
	if (r == 0 && cpuset) {
		r = cgroup_open(cpuset, path, &cpuset_fd, err);
		if (r == 0)
			r = cgroup_cpuset_read(cpuset_fd, limits.cpuset, err);
	}
	if (r < 0)
		return r;
	*ret_limits = limits;
	return 0;
}
