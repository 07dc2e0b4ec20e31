// SPDX-License-Identifier: GPL-2.0-or-later
/* Freezing a cgroup, by either interface of the kernel: a process that counts does not, and then
 * does again. */
#include "core/container/cgroup.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TURNS_MAX 5000 /* of 1 ms */

static struct cgroup_host host;
static char root_name[64], path[128];
static _Atomic uint64_t *count; /* what the process in the cgroup does */
static pid_t counting = -1;

static void enter(const char *directory, const char *file)
{
	char name[CGROUP_PATH_MAX + 16];

	snprintf(name, sizeof(name), "%s/%s", directory, file);
	if (fd_write_control(AT_FDCWD, name, "0", NULL) < 0)
		_exit(1);
}

static void count_for_ever(const struct cgroup_paths *paths)
{
	if (paths->unified)
		enter(paths->unified, "cgroup.procs");
	for (char **directory = paths->tasks; *directory; directory++)
		enter(*directory, "tasks");
	for (;;)
		atomic_fetch_add(count, 1);
}

static bool counts_on(void)
{
	uint64_t before = atomic_load(count);

	for (int turn = 0; turn < TURNS_MAX; turn++) {
		if (atomic_load(count) != before)
			return true;
		poll(NULL, 0, 1);
	}
	return false;
}

static int setup(void **state)
{
	CLEANUP(cgroup_paths_release) struct cgroup_paths paths = CGROUP_PATHS_INIT;
	struct err err = ERR_INIT;

	snprintf(root_name, sizeof(root_name), "stack-freeze-test-%d", (int)getpid());
	snprintf(path, sizeof(path), "%s/shop/web", root_name);
	if (geteuid() != 0 || cgroup_host_init(&host, &err) < 0 ||
	    cgroup_create(&host, path, NULL, &err) < 0 ||
	    cgroup_paths(&host, path, &paths, &err) < 0) {
		fprintf(stderr, "no cgroups here: %s\n", err.msg);
		return 0;
	}
	count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	assert_true(count != MAP_FAILED);
	counting = fork();
	if (counting == 0)
		count_for_ever(&paths);
	return counting < 0;
}

static int teardown(void **state)
{
	struct err err = ERR_INIT;

	if (counting > 0) {
		(void)cgroup_freeze(&host, path, false, NULL);
		kill(counting, SIGKILL);
		waitpid(counting, NULL, 0);
	}
	if (cgroup_remove(&host, root_name, 1000, &err) < 0)
		fprintf(stderr, "left behind: %s\n", err.msg);
	return 0;
}

static void stops_and_goes_on(const struct cgroup_host *how)
{
	struct err err = ERR_INIT;
	uint64_t before;

	if (counting < 0)
		skip();
	assert_true(counts_on());
	for (int round = 0; round < 20; round++) {
		if (cgroup_freeze(how, path, true, &err) < 0)
			fail_msg("%s", err.msg);
		before = atomic_load(count);
		poll(NULL, 0, 5);
		assert_int_equal(atomic_load(count), before);
		/* Twice is no harm. */
		assert_int_equal(cgroup_freeze(how, path, true, NULL), 0);
		assert_int_equal(cgroup_freeze(how, path, false, NULL), 0);
		assert_true(counts_on());
		assert_int_equal(cgroup_freeze(how, path, false, NULL), 0);
	}
}

static void by_the_unified_tree(void **state)
{
	if (!host.has_unified)
		skip();
	stops_and_goes_on(&host);
}

static void by_the_freezer_of_v1(void **state)
{
	struct cgroup_host legacy = host;
	bool there = false;

	for (size_t i = 0; i < host.n_v1; i++)
		there = there || (host.v1[i].controllers & 1u << CGROUP_FREEZER);
	if (!there)
		skip();
	legacy.has_unified = false;
	stops_and_goes_on(&legacy);
}

static void what_is_not_there_is_no_failure(void **state)
{
	struct cgroup_host none = {.n_v1 = 0};
	char nowhere[160];

	if (counting < 0)
		skip();
	snprintf(nowhere, sizeof(nowhere), "%s/nowhere", root_name);
	assert_int_equal(cgroup_freeze(&host, nowhere, true, NULL), 0);
	assert_int_equal(cgroup_freeze(&host, nowhere, false, NULL), 0);
	assert_int_equal(cgroup_freeze(&none, path, true, NULL), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_the_unified_tree),
		cmocka_unit_test(by_the_freezer_of_v1),
		cmocka_unit_test(what_is_not_there_is_no_failure),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
