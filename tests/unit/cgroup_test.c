// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/cgroup.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

/* Everything that is made lies below one directory of this process's own. */
static char root_name[64], path[128];
static struct cgroup_host host;
static bool can_make;

static int start(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	snprintf(root_name, sizeof(root_name), "stack-unit-%d", getpid());
	snprintf(path, sizeof(path), "%s/shop/shop-web-1", root_name);
	if (geteuid() != 0 || cgroup_host_init(&host, &err) < 0)
		return 0;
	can_make = cgroup_create(&host, path, NULL, &err) == 0;
	if (can_make)
		return cgroup_remove(&host, root_name, 1000, &err);
	fprintf(stderr, "tests on real cgroups are skipped: %s\n", err.msg);
	return 0;
}

static int finish(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	if (!can_make)
		return 0;
	if (cgroup_kill(&host, root_name, &err) < 0 ||
	    cgroup_remove(&host, root_name, 2000, &err) < 0)
		fprintf(stderr, "left behind: %s\n", err.msg);
	return 0;
}

#define NEED_CGROUPS()                                                                             \
	do {                                                                                       \
		if (!can_make)                                                                     \
			skip();                                                                    \
	} while (0)

#define assert_ok(call)                                                                            \
	do {                                                                                       \
		struct err err = ERR_INIT;                                                         \
		int r_ = (call);                                                                   \
		if (r_ < 0)                                                                        \
			fail_msg("%s: %d, '%s'", #call, r_, err.msg);                              \
	} while (0)

/* A child in the cgroup as the shim would put it there; it waits to be killed. */
static pid_t spawn(const char *where, bool fork_on)
{
	CLEANUP(cgroup_paths_release) struct cgroup_paths paths = CGROUP_PATHS_INIT;
	struct clone_args args = {.exit_signal = SIGCHLD};
	CLEANUP_FD int fd = -1;
	int ready[2];
	char byte;
	pid_t pid;

	assert_ok(cgroup_paths(&host, where, &paths, &err));
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	if (paths.unified) {
		fd = open(paths.unified, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(fd >= 0);
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)fd;
	}
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	assert_true(pid >= 0);
	if (pid == 0) {
		for (char **directory = paths.tasks; *directory; directory++) {
			char file[CGROUP_PATH_MAX + 8];

			snprintf(file, sizeof(file), "%s/tasks", *directory);
			if (fd_write_control(AT_FDCWD, file, "0", NULL) < 0)
				_exit(3);
		}
		signal(SIGTERM, SIG_IGN);
		if (fork_on)
			while (fork() < 0)
				;
		if (write(ready[1], "x", 1) != 1)
			_exit(4);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void assert_killed(pid_t pid)
{
	siginfo_t info;

	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	assert_int_equal(info.si_code, CLD_KILLED);
	assert_int_equal(info.si_status, SIGKILL);
}

static void wait_until_empty(const struct cgroup_host *where)
{
	bool populated = true;

	for (int i = 0; i < 2000 && populated; i++) {
		assert_ok(cgroup_populated(where, path, &populated, &err));
		if (populated)
			poll(NULL, 0, 1);
	}
	assert_false(populated);
}

static void creating_twice_and_removing_twice_is_fine(void **state)
{
	CLEANUP(cgroup_paths_release) struct cgroup_paths paths = CGROUP_PATHS_INIT;
	char **names;

	NEED_CGROUPS();
	assert_ok(cgroup_create(&host, path, NULL, &err));
	assert_ok(cgroup_create(&host, path, NULL, &err));
	assert_ok(cgroup_paths(&host, path, &paths, &err));
	for (char **directory = paths.tasks; *directory; directory++)
		assert_int_equal(access(*directory, F_OK), 0);
	assert_ok(cgroup_list(&host, root_name, &names, &err));
	assert_string_equal(names[0], "shop");
	assert_null(names[1]);
	cgroup_names_free(names);

	assert_ok(cgroup_remove(&host, root_name, 0, &err));
	assert_ok(cgroup_remove(&host, root_name, 0, &err));
	for (char **directory = paths.tasks; *directory; directory++)
		assert_int_equal(access(*directory, F_OK), -1);
	assert_ok(cgroup_list(&host, root_name, &names, &err));
	assert_null(names[0]);
	cgroup_names_free(names);
}

static const struct cgroup_limits some_limits = {.memory = 64 << 20,
						 .memory_reservation = 32 << 20,
						 .cpu_millis = 500,
						 .cpu_shares = 512,
						 .pids = 20,
						 .cpuset = "0"};

static void limits_arrive_in_the_kernel_and_are_read_back(void **state)
{
	const struct cgroup_limits none = {0};
	struct cgroup_limits actual;

	NEED_CGROUPS();
	assert_ok(cgroup_create(&host, path, &some_limits, &err));
	assert_ok(cgroup_read_limits(&host, path, &actual, &err));
	assert_int_equal(actual.memory, 64 << 20);
	assert_int_equal(actual.memory_reservation, 32 << 20);
	assert_int_equal(actual.cpu_millis, 500);
	assert_int_equal(actual.cpu_shares, 512);
	assert_int_equal(actual.pids, 20);
	assert_true(cgroup_limits_equal(&host, &some_limits, &actual));
	assert_false(cgroup_limits_equal(&host, &none, &actual));

	/* Creating it again with others changes them; with none, takes them off. */
	assert_ok(cgroup_create(&host, path, NULL, &err));
	assert_ok(cgroup_read_limits(&host, path, &actual, &err));
	assert_true(cgroup_limits_equal(&host, &none, &actual));
	assert_int_equal(actual.memory, 0);
	assert_int_equal(actual.memory_swap, 0);
	assert_int_equal(actual.pids, 0);
	assert_string_equal(actual.cpuset, "");
	assert_ok(cgroup_remove(&host, root_name, 0, &err));
}

static void memory_limits_go_up_and_down_in_any_order(void **state)
{
	static const struct cgroup_limits steps[] = {
		{.memory = 64 << 20},
		{.memory = 512 << 20},
		{.memory = 16 << 20},
		{.memory = 16 << 20, .memory_swap = 16 << 20},
		{.memory = 128 << 20, .memory_swap = 256 << 20},
		{.memory = 512 << 20, .memory_swap = -1},
		{.memory = 8 << 20, .memory_swap = 9 << 20},
		{.memory = 0},
		{.memory = (8 << 20) + 1},
	};

	NEED_CGROUPS();
	assert_ok(cgroup_create(&host, path, NULL, &err));
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct cgroup_limits actual;

		assert_ok(cgroup_apply_limits(&host, path, &steps[i], &err));
		assert_ok(cgroup_read_limits(&host, path, &actual, &err));
		if (!cgroup_limits_equal(&host, &steps[i], &actual))
			fail_msg("step %zu: memory %lld swap %lld", i, (long long)actual.memory,
				 (long long)actual.memory_swap);
	}
	assert_ok(cgroup_remove(&host, root_name, 0, &err));
}

static void all_processes_are_killed(const struct cgroup_host *how)
{
	char below[160];
	pid_t one, two;
	bool populated;

	snprintf(below, sizeof(below), "%s/exec-1", path);
	assert_ok(cgroup_create(&host, path, NULL, &err));
	assert_ok(cgroup_create(&host, below, NULL, &err));
	one = spawn(path, true);
	two = spawn(below, false);
	assert_ok(cgroup_populated(how, path, &populated, &err));
	assert_true(populated);
	assert_int_equal(cgroup_remove(&host, path, 0, NULL), -EBUSY);
	assert_ok(cgroup_signal(how, path, SIGTERM, &err)); /* which they ignore */
	assert_ok(cgroup_kill(how, path, &err));
	assert_killed(one);
	assert_killed(two);
	wait_until_empty(how);
	assert_ok(cgroup_remove(&host, root_name, 2000, &err));
	assert_ok(cgroup_kill(how, path, &err));
}

static void killing_gets_every_process(void **state)
{
	NEED_CGROUPS();
	all_processes_are_killed(&host);
}

static void killing_works_without_a_v2_tree(void **state)
{
	struct cgroup_host legacy = host;

	NEED_CGROUPS();
	if (!host.n_v1)
		skip();
	legacy.has_unified = false;
	all_processes_are_killed(&legacy);
}

static void a_signal_reaches_only_that_cgroup(void **state)
{
	char other[160];
	pid_t inside, outside;

	NEED_CGROUPS();
	/* One name is the beginning of the other. */
	snprintf(other, sizeof(other), "%s0", path);
	assert_ok(cgroup_create(&host, path, NULL, &err));
	assert_ok(cgroup_create(&host, other, NULL, &err));
	inside = spawn(path, false);
	outside = spawn(other, false);
	assert_ok(cgroup_signal(&host, path, SIGKILL, &err));
	assert_killed(inside);
	assert_int_equal(waitpid(outside, NULL, WNOHANG), 0);
	assert_ok(cgroup_kill(&host, other, &err));
	assert_killed(outside);
	assert_ok(cgroup_remove(&host, root_name, 2000, &err));
}

static void stats_count(void **state)
{
	struct cgroup_stats stats;
	pid_t pid;

	NEED_CGROUPS();
	assert_ok(cgroup_create(&host, path, NULL, &err));
	pid = spawn(path, false);
	assert_ok(cgroup_read_stats(&host, path, &stats, &err));
	if (stats.pids_current != CGROUP_UNKNOWN)
		assert_int_equal(stats.pids_current, 1);
	assert_true(stats.cpu_usec > 0 && stats.cpu_usec < 10000000);
	if (stats.memory_current != CGROUP_UNKNOWN)
		assert_true(stats.memory_peak >= stats.memory_current);
	assert_ok(cgroup_kill(&host, path, &err));
	assert_killed(pid);
	assert_ok(cgroup_remove(&host, root_name, 2000, &err));
	assert_int_equal(cgroup_read_stats(&host, path, &stats, NULL), -ENOENT);
}

static void limits_out_of_range_are_refused(void **state)
{
	static const struct cgroup_limits bad[] = {
		{.memory = 1},		{.memory = -5},
		{.cpu_millis = 9},	{.cpu_millis = -1},
		{.cpu_shares = 1},	{.cpu_shares = 262145},
		{.pids = -2},		{.memory_swap = 1 << 20},
		{.cpuset = "0-"},	{.cpuset = "3-1"},
		{.cpuset = "a"},	{.memory = 2 << 20, .memory_swap = 1 << 20},
		{.cpuset = "0,"},	{.memory_reservation = -1},
		{.cpuset = "99999999"},
	};
	const struct cgroup_host nowhere = {.n_v1 = 0};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = ERR_INIT;
		int r = cgroup_create(&nowhere, "a/b", &bad[i], &err);

		if (r != -EINVAL || !err.msg[0])
			fail_msg("limits %zu: %d '%s'", i, r, err.msg);
	}
}

static void a_missing_controller_is_named(void **state)
{
	struct cgroup_host without = host;
	const struct cgroup_limits limits = {.pids = 7};
	struct err failure = ERR_INIT;

	NEED_CGROUPS();
	for (size_t i = 0; i < without.n_v1; i++)
		without.v1[i].controllers &= ~(1u << CGROUP_PIDS);
	without.unified.controllers &= ~(1u << CGROUP_PIDS);
	assert_int_equal(cgroup_create(&without, path, &limits, &failure), -EOPNOTSUPP);
	assert_non_null(strstr(failure.msg, "'pids' is not available"));
	/* Not asked for, it is not missed. */
	assert_ok(cgroup_create(&without, path, NULL, &err));
	assert_ok(cgroup_remove(&host, root_name, 0, &err));
}

static void names_that_the_kernel_has_are_refused(void **state)
{
	char file[128];
	struct err failure = ERR_INIT;

	NEED_CGROUPS();
	snprintf(file, sizeof(file), "%s/cgroup.procs", root_name);
	assert_int_equal(cgroup_create(&host, file, NULL, &failure), -EEXIST);
	assert_non_null(strstr(failure.msg, "choose another name"));
	assert_int_equal(cgroup_create(&host, "../x", NULL, NULL), -EINVAL);
	assert_int_equal(cgroup_create(&host, "a//b", NULL, NULL), -EINVAL);
	assert_int_equal(cgroup_remove(&host, "", 0, NULL), -EINVAL);
	assert_int_equal(cgroup_remove(&host, "a/..", 0, NULL), -EINVAL);
	assert_ok(cgroup_remove(&host, root_name, 0, &err));
}

static void shares_keep_their_proportions_on_v2(void **state)
{
	static const int64_t table[][2] = {{1024, 100}, {2, 1},	       {512, 50},	{2048, 200},
					   {80, 8},	{10240, 1000}, {262144, 10000}, {5, 1}};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		assert_int_equal(cgroup_weight_of_shares(table[i][0]), table[i][1]);
}

/* A made-up host below a temporary directory. */
struct fake {
	char dir[64];
	struct cgroup_host host;
};

static void fake_file(const struct fake *fake, const char *name, const char *text)
{
	char file[256];

	snprintf(file, sizeof(file), "%s/%s", fake->dir, name);
	assert_ok(fd_replace_file(AT_FDCWD, file, text, strlen(text), 0600, &err));
}

static void fake_text(const struct fake *fake, const char *name, const char *expected)
{
	CLEANUP_FREE char *text = NULL;
	char file[256];

	snprintf(file, sizeof(file), "%s/%s", fake->dir, name);
	assert_ok(fd_read_file(AT_FDCWD, file, 4096, &text, NULL, &err));
	assert_string_equal(text, expected);
}

static int fake_init(void **state)
{
	static struct fake fake;

	snprintf(fake.dir, sizeof(fake.dir), "/tmp/stack-cgroup-XXXXXX");
	if (!mkdtemp(fake.dir))
		return -1;
	fake.host = (struct cgroup_host){.has_unified = true};
	snprintf(fake.host.unified.base, sizeof(fake.host.unified.base), "%s", fake.dir);
	fake.host.unified.controllers =
		1u << CGROUP_CPU | 1u << CGROUP_MEMORY | 1u << CGROUP_PIDS | 1u << CGROUP_CPUSET;
	*state = &fake;
	return 0;
}

static int fake_release(void **state)
{
	struct fake *fake = *state;

	return fd_remove_tree(AT_FDCWD, fake->dir, NULL);
}

static void v2_files_say_the_limits_in_their_own_way(void **state)
{
	static const char *const files[] = {"memory.max", "memory.swap.max", "memory.low",
					    "cpu.max",	  "cpu.weight",	     "pids.max",
					    "cpuset.cpus"};
	static const char *const fresh[] = {"max\n", "max\n", "0\n", "max 100000\n",
					    "100\n", "max\n", "\n"};
	struct fake *fake = *state;
	struct cgroup_limits actual;
	char name[128];

	assert_ok(fd_mkdir_p((snprintf(name, sizeof(name), "%s/c", fake->dir), name), 0700, &err));
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(name, sizeof(name), "c/%s", files[i]);
		fake_file(fake, name, fresh[i]);
	}
	assert_ok(cgroup_read_limits(&fake->host, "c", &actual, &err));
	assert_true(cgroup_limits_equal(&fake->host, &(struct cgroup_limits){0}, &actual));

	actual = some_limits;
	snprintf(actual.cpuset, sizeof(actual.cpuset), "0-1");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		/* A write to the kernel replaces all; these are plain files. */
		snprintf(name, sizeof(name), "%s/c/%s", fake->dir, files[i]);
		assert_int_equal(truncate(name, 0), 0);
	}
	assert_ok(cgroup_apply_limits(&fake->host, "c", &actual, &err));
	fake_text(fake, "c/memory.max", "67108864");
	fake_text(fake, "c/memory.swap.max", "67108864");
	fake_text(fake, "c/memory.low", "33554432");
	fake_text(fake, "c/cpu.max", "50000");
	fake_text(fake, "c/cpu.weight", "50");
	fake_text(fake, "c/pids.max", "20");
	fake_text(fake, "c/cpuset.cpus", "0-1");
	assert_ok(cgroup_read_limits(&fake->host, "c", &actual, &err));
	assert_int_equal(actual.cpu_shares, 512);
	assert_int_equal(actual.memory_swap, 128 << 20);
	assert_string_equal(actual.cpuset, "0-1");
}

static void hosts_are_recognised(void **state)
{
	struct fake *fake = *state;
	char mountinfo[256], self[256], text[2048], name[256];
	struct cgroup_host found;

	assert_ok(fd_mkdir_p((snprintf(name, sizeof(name), "%s/uni fied/sub", fake->dir), name),
			     0700, &err));
	fake_file(fake, "uni fied/cgroup.controllers", "cpuset cpu io memory hugetlb pids misc\n");
	snprintf(mountinfo, sizeof(mountinfo), "%s/mountinfo", fake->dir);
	snprintf(self, sizeof(self), "%s/self", fake->dir);
	snprintf(text, sizeof(text),
		 "22 27 0:21 / /proc rw - proc proc rw\n"
		 "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
		 "32 31 0:29 / %s/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
		 "33 31 0:30 / %s/memory rw - cgroup cgroup rw,memory\n"
		 "34 31 0:30 / %s/memory-again rw - cgroup cgroup rw,memory\n"
		 "35 31 0:37 / %s/net rw - cgroup cgroup rw,net_cls,net_prio\n"
		 "40 31 0:37 / %s/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
		 "41 31 0:38 / %s/uni\\040fied rw - cgroup2 cgroup2 rw,nsdelegate\n",
		 fake->dir, fake->dir, fake->dir, fake->dir, fake->dir, fake->dir);
	fake_file(fake, "mountinfo", text);
	fake_file(fake, "self", "3:memory:/\n2:cpu,cpuacct:/\n1:name=systemd:/\n0::/\n");
	assert_ok(cgroup_host_init_from(&found, mountinfo, self, &err));
	assert_int_equal(found.n_v1, 2);
	assert_int_equal(found.v1[0].controllers, 1u << CGROUP_CPU | 1u << CGROUP_CPUACCT);
	assert_int_equal(found.v1[1].controllers, 1u << CGROUP_MEMORY);
	assert_true(found.has_unified);
	assert_false(found.delegated);
	/* What is on v1 is not on v2. */
	assert_int_equal(found.unified.controllers,
			 1u << CGROUP_CPUSET | 1u << CGROUP_PIDS | 1u << CGROUP_BLKIO);
	snprintf(name, sizeof(name), "%s/uni fied", fake->dir);
	assert_string_equal(found.unified.base, name);

	fake_file(fake, "mountinfo", "22 27 0:21 / /proc rw - proc proc rw\n");
	assert_int_equal(cgroup_host_init_from(&found, mountinfo, self, NULL), -ENOENT);
}

static void a_delegated_unit_is_the_base(void **state)
{
	struct fake *fake = *state;
	char mountinfo[256], self[256], text[512], name[256], unit[200];
	struct cgroup_host found;

	snprintf(unit, sizeof(unit), "%s/system.slice/stack.service", fake->dir);
	snprintf(name, sizeof(name), "%s/supervisor", unit);
	assert_ok(fd_mkdir_p(name, 0700, &err));
	fake_file(fake, "system.slice/stack.service/cgroup.controllers", "cpu memory\n");
	if (syscall(SYS_setxattr, unit, "trusted.delegate", "1", 1, 0) < 0)
		skip();
	snprintf(mountinfo, sizeof(mountinfo), "%s/mountinfo", fake->dir);
	snprintf(self, sizeof(self), "%s/self", fake->dir);
	snprintf(text, sizeof(text), "41 31 0:38 / %s rw - cgroup2 cgroup2 rw\n", fake->dir);
	fake_file(fake, "mountinfo", text);
	fake_file(fake, "self", "0::/system.slice/stack.service/supervisor\n");
	assert_ok(cgroup_host_init_from(&found, mountinfo, self, &err));
	assert_true(found.delegated);
	assert_string_equal(found.unified.base, unit);
	assert_int_equal(found.unified.controllers, 1u << CGROUP_CPU | 1u << CGROUP_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creating_twice_and_removing_twice_is_fine),
		cmocka_unit_test(limits_arrive_in_the_kernel_and_are_read_back),
		cmocka_unit_test(memory_limits_go_up_and_down_in_any_order),
		cmocka_unit_test(killing_gets_every_process),
		cmocka_unit_test(killing_works_without_a_v2_tree),
		cmocka_unit_test(a_signal_reaches_only_that_cgroup),
		cmocka_unit_test(stats_count),
		cmocka_unit_test(limits_out_of_range_are_refused),
		cmocka_unit_test(a_missing_controller_is_named),
		cmocka_unit_test(names_that_the_kernel_has_are_refused),
		cmocka_unit_test(shares_keep_their_proportions_on_v2),
		cmocka_unit_test_setup_teardown(v2_files_say_the_limits_in_their_own_way, fake_init,
						fake_release),
		cmocka_unit_test_setup_teardown(hosts_are_recognised, fake_init, fake_release),
		cmocka_unit_test_setup_teardown(a_delegated_unit_is_the_base, fake_init,
						fake_release),
	};

	return cmocka_run_group_tests(tests, start, finish);
}
