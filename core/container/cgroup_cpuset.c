// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/cgroup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MAX 8192 /* CONFIG_NR_CPUS of the largest kernels */

struct cpus {
	unsigned char bits[CPUS_MAX / 8];
};

/* "0-3,7" as in cpuset(7), "List format"; a newline may end it. */
static int parse_list(const char *list, struct cpus *ret_cpus)
{
	memset(ret_cpus, 0, sizeof(*ret_cpus));
	for (const char *p = list; *p && *p != '\n';) {
		char *end;
		unsigned long first, last;

		if (*p < '0' || *p > '9')
			return -EINVAL;
		first = last = strtoul(p, &end, 10);
		if (*end == '-') {
			p = end + 1;
			if (*p < '0' || *p > '9')
				return -EINVAL;
			last = strtoul(p, &end, 10);
		}
		if (last >= CPUS_MAX || first > last)
			return -EINVAL;
		for (unsigned long cpu = first; cpu <= last; cpu++)
			ret_cpus->bits[cpu / 8] |= (unsigned char)(1u << cpu % 8);
		if (*end == ',' && end[1] >= '0' && end[1] <= '9')
			end++;
		else if (*end && *end != '\n')
			return -EINVAL;
		p = end;
	}
	return 0;
}

bool cgroup_cpuset_equal(const char *a, const char *b)
{
	struct cpus left, right;

	return parse_list(a, &left) == 0 && parse_list(b, &right) == 0 &&
	       !memcmp(&left, &right, sizeof(left));
}

int cgroup_cpuset_check(const char *list, struct err *err)
{
	struct cpus cpus;

	if (parse_list(list, &cpus) < 0)
		return err_set(err, EINVAL, "cpuset '%s' is not a list of CPUs such as '0-2,4'",
			       list);
	return 0;
}

static int copy_from_parent(int dirfd, const char *file, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	char above[64];
	int r;

	snprintf(above, sizeof(above), "../%s", file);
	r = fd_read_file(dirfd, above, 4096, &text, NULL, err);
	if (r < 0)
		return r;
	return fd_write_control(dirfd, file, text, err);
}

int cgroup_cpuset_fill(const char *directory, struct err *err)
{
	static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
	CLEANUP_FD int dirfd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dirfd < 0)
		return err_sys(err, errno, "open '%s'", directory);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CLEANUP_FREE char *text = NULL;
		int r = fd_read_file(dirfd, files[i], 4096, &text, NULL, err);

		if (r == 0 && text[strspn(text, " \n")] == '\0')
			r = copy_from_parent(dirfd, files[i], err);
		if (r < 0)
			return err_wrap(err, "cgroup '%s'", directory);
	}
	return 0;
}

int cgroup_cpuset_read(int dirfd, char ret_list[CGROUP_CPUSET_MAX], struct err *err)
{
	CLEANUP_FREE char *text = NULL, *above = NULL;
	size_t len;
	int r;

	r = cgroup_read_if_any(dirfd, "cpuset.cpus", &text, err);
	if (r < 0)
		return r;
	ret_list[0] = '\0';
	if (!text)
		return 0; /* v2 has the file only where the controller was switched on */
	text[strcspn(text, "\n")] = '\0';
	/* The root of v2 has no such file: then an empty one says "all". */
	if (fd_read_file(dirfd, "../cpuset.cpus", 4096, &above, NULL, NULL) == 0 &&
	    cgroup_cpuset_equal(text, above))
		text[0] = '\0';
	len = strlen(text);
	if (len >= CGROUP_CPUSET_MAX)
		return err_set(err, EOVERFLOW, "cpuset.cpus is longer than %d bytes",
			       CGROUP_CPUSET_MAX);
	memcpy(ret_list, text, len + 1);
	return 0;
}

int cgroup_cpuset_write(int dirfd, bool v1, const char *list, struct err *err)
{
	if (!list[0] && v1)
		return copy_from_parent(dirfd, "cpuset.cpus", err);
	return fd_write_control(dirfd, "cpuset.cpus", list[0] ? list : "\n", err);
}
