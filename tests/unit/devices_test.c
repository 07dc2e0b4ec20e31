// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/devices_cgroup.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <cmocka.h>

static struct cgroup_host host;
static char path[64], node[64];
static bool usable;

#define assert_ok(call)                                                                            \
	do {                                                                                       \
		struct err err = ERR_INIT;                                                         \
		int r_ = (call);                                                                   \
		if (r_ < 0)                                                                        \
			fail_msg("%s: %d, '%s'", #call, r_, err.msg);                              \
	} while (0)

static int start(void **state)
{
	snprintf(path, sizeof(path), "stack-unit-dev-%d", getpid());
	snprintf(node, sizeof(node), "/tmp/stack-dev-%d", getpid());
	usable = geteuid() == 0 && cgroup_host_init(&host, NULL) == 0 &&
		 cgroup_create(&host, path, NULL, NULL) == 0;
	return 0;
}

static int finish(void **state)
{
	unlink(node);
	return usable ? cgroup_remove(&host, path, 2000, NULL) : 0;
}

/* errno of making (access DEVICE_MKNOD) or opening a node, tried inside the cgroup; 0: it works. */
static int try_device(char type, unsigned int major_number, unsigned int minor_number,
		      unsigned int access)
{
	mode_t mode = (type == 'c' ? S_IFCHR : S_IFBLK) | 0600;
	dev_t device = makedev(major_number, minor_number);
	CLEANUP(cgroup_paths_release) struct cgroup_paths paths = CGROUP_PATHS_INIT;
	char file[CGROUP_PATH_MAX + 16];
	int status;
	pid_t pid;

	assert_ok(cgroup_paths(&host, path, &paths, &err));
	unlink(node);
	if (!(access & DEVICE_MKNOD))
		assert_int_equal(mknod(node, mode, device), 0);
	pid = fork();
	if (pid == 0) {
		int fd, flags = access == DEVICE_READ	 ? O_RDONLY
				: access == DEVICE_WRITE ? O_WRONLY
							 : O_RDWR;

		for (char **directory = paths.tasks; *directory; directory++) {
			snprintf(file, sizeof(file), "%s/tasks", *directory);
			if (fd_write_control(AT_FDCWD, file, "0", NULL) < 0)
				_exit(200);
		}
		snprintf(file, sizeof(file), "%s/cgroup.procs", paths.unified ? paths.unified : "");
		if (paths.unified && fd_write_control(AT_FDCWD, file, "0", NULL) < 0)
			_exit(201);
		if (access & DEVICE_MKNOD)
			_exit(mknod(node, mode, device) < 0 ? errno : 0);
		fd = open(node, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		_exit(fd < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void check_default_list(void)
{
	/* In containers without them the kernel says ENXIO after the filter said yes. */
	static const unsigned int allowed[][2] = {{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}};

	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		assert_int_equal(
			try_device('c', allowed[i][0], allowed[i][1], DEVICE_READ | DEVICE_WRITE),
			0);
	assert_int_not_equal(try_device('c', 10, 200, DEVICE_READ | DEVICE_WRITE), EPERM);
	assert_int_not_equal(try_device('c', 136, 4000, DEVICE_READ), EPERM);
	assert_int_equal(try_device('c', 10, 229, DEVICE_READ), EPERM); /* fuse */
	assert_int_equal(try_device('c', 1, 1, DEVICE_READ), EPERM);	/* mem */
	assert_int_equal(try_device('c', 1, 11, DEVICE_WRITE), EPERM);	/* kmsg */
	assert_int_equal(try_device('b', 1, 3, DEVICE_READ), EPERM);
	assert_int_equal(try_device('b', 254, 0, DEVICE_READ), EPERM);
	assert_int_equal(try_device('c', 1, 1, DEVICE_MKNOD), 0);
	assert_int_equal(try_device('b', 254, 0, DEVICE_MKNOD), 0);
}

/* With the default list, then an extra rule in its place, then everything, and back. */
static void check_filters(const struct cgroup_host *how)
{
	const struct device_rule kmsg = {'c', 1, 11, DEVICE_READ};
	CLEANUP(device_filter_release) struct device_filter standard = DEVICE_FILTER_INIT;
	CLEANUP(device_filter_release) struct device_filter extra = DEVICE_FILTER_INIT;
	CLEANUP(device_filter_release) struct device_filter all = DEVICE_FILTER_INIT;

	assert_ok(device_filter_init(&standard, NULL, 0, false, &err));
	assert_ok(device_filter_init(&extra, &kmsg, 1, false, &err));
	assert_ok(device_filter_init(&all, NULL, 0, true, &err));

	assert_ok(device_filter_apply(&standard, how, path, &err));
	check_default_list();
	assert_int_equal(try_device('c', 1, 11, DEVICE_READ), EPERM);
	assert_ok(device_filter_apply(&extra, how, path, &err));
	assert_int_equal(try_device('c', 1, 11, DEVICE_READ), 0);
	assert_int_equal(try_device('c', 1, 11, DEVICE_READ | DEVICE_WRITE), EPERM);
	assert_int_equal(try_device('c', 1, 12, DEVICE_READ), EPERM);
	assert_ok(device_filter_apply(&all, how, path, &err));
	assert_int_equal(try_device('c', 1, 11, DEVICE_READ | DEVICE_WRITE), 0);
	assert_ok(device_filter_apply(&standard, how, path, &err));
	assert_ok(device_filter_apply(&standard, how, path, &err));
	check_default_list();
	assert_int_equal(try_device('c', 1, 11, DEVICE_READ), EPERM);
	assert_ok(device_filter_apply(&all, how, path, &err));
}

static void bpf_filters_devices(void **state)
{
	if (!usable || !host.has_unified)
		skip();
	check_filters(&host);
}

static void v1_filters_devices(void **state)
{
	struct cgroup_host legacy = host;

	if (!usable || !host.n_v1)
		skip();
	legacy.has_unified = false;
	check_filters(&legacy);
}

static void malformed_rules_are_refused(void **state)
{
	static const struct device_rule bad[] = {{'a', 1, 1, DEVICE_READ},
						 {'c', -2, 1, DEVICE_READ},
						 {'c', 1, 1, 0},
						 {'b', 1, 1, 8}};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct device_filter filter = DEVICE_FILTER_INIT;

		assert_int_equal(device_filter_init(&filter, &bad[i], 1, false, NULL), -EINVAL);
	}
}

static void rules_as_text(void **state)
{
	static const char *const bad[] = {"",
					  "c",
					  "c 1",
					  "c 1:3",
					  "c 1:3 ",
					  "d 1:3 r",
					  "c 1:3 rx",
					  "c -1:3 r",
					  "c 1:3  r",
					  "c1:3 r",
					  "c 1:3 r ",
					  "c **:3 r",
					  "c 123456789:3 r"};
	struct device_rule rule;

	assert_int_equal(device_rule_parse("c 10:229 rw", &rule), 0);
	assert_int_equal(rule.type, 'c');
	assert_int_equal(rule.major_number, 10);
	assert_int_equal(rule.minor_number, 229);
	assert_int_equal(rule.access, DEVICE_READ | DEVICE_WRITE);
	assert_int_equal(device_rule_parse("a *:* m", &rule), 0);
	assert_int_equal(rule.type, 'a');
	assert_int_equal(rule.major_number, DEVICE_ANY);
	assert_int_equal(rule.minor_number, DEVICE_ANY);
	assert_int_equal(rule.access, DEVICE_MKNOD);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(device_rule_parse(bad[i], &rule), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bpf_filters_devices),
		cmocka_unit_test(v1_filters_devices),
		cmocka_unit_test(malformed_rules_are_refused),
		cmocka_unit_test(rules_as_text),
	};

	return cmocka_run_group_tests(tests, start, finish);
}
