// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/shim.h"
#include "core/container/spec.h"
#include "core/container/state.h"
#include "core/container/sys.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/*
 * Real containers, from a layer that holds busybox.  Needs root, a static
 * busybox and stack-shim (in $STACK_BUILD, or beside the directory of this test).
 */
#define BUSYBOX	    "/bin/busybox"
#define DOCKER_CAPS UINT64_C(0xa80425fb)

static char shim_path[4096];
static char place[64];

static const char *in_place(const char *name)
{
	static char paths[64][256];
	static int next;
	char *path = paths[next++ % 64];

	snprintf(path, sizeof(paths[0]), "%s/%s", place, name);
	return path;
}

static void run_program(const char *const *argv)
{
	pid_t pid = fork();
	siginfo_t info;

	if (pid == 0) {
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	assert_int_equal(info.si_status, 0);
}

static void write_file(const char *path, const char *text)
{
	assert_int_equal(fd_replace_file(AT_FDCWD, path, text, strlen(text), 0644, NULL), 0);
}

static int make_layer(void **state)
{
	static const char *const dirs[] = {"layers/base/bin",
					   "layers/base/etc",
					   "layers/base/data/sub",
					   "layers/base/tmp",
					   "run",
					   "state",
					   "volume"};

	static const char *const applets[] = {"sh",   "id",	"grep",	 "ls",	  "tr",
					      "stat", "wc",	"mount", "sleep", "hostname",
					      "rm",   "printf", "cat",	 "true"};
	char link_path[64];

	snprintf(place, sizeof(place), "/tmp/stack-shim-XXXXXX");
	assert_non_null(mkdtemp(place));
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(fd_mkdir_p(in_place(dirs[i]), 0755, NULL), 0);
	run_program((const char *const[]){BUSYBOX, "cp", BUSYBOX,
					  in_place("layers/base/bin/busybox"), NULL});
	for (size_t i = 0; i < ARRAY_SIZE(applets); i++) {
		snprintf(link_path, sizeof(link_path), "layers/base/bin/%s", applets[i]);
		assert_int_equal(symlink("busybox", in_place(link_path)), 0);
	}
	write_file(in_place("layers/base/etc/passwd"),
		   "root:x:0:0::/root:/bin/sh\nwww:x:33:33::/www:/bin/sh\n");
	write_file(in_place("layers/base/etc/group"), "www:x:33:\nextra:x:77:www\n");
	write_file(in_place("layers/base/data/one"), "one\n");
	assert_int_equal(link(in_place("layers/base/data/one"), in_place("layers/base/data/two")),
			 0);
	assert_int_equal(symlink("/etc/passwd", in_place("layers/base/data/link")), 0);
	assert_int_equal(chown(in_place("layers/base/data"), 33, 33), 0);
	return 0;
}

static int remove_layer(void **state)
{
	fd_remove_tree(AT_FDCWD, place, NULL);
	return 0;
}

struct container {
	struct container_spec spec;
	char dir[96];
	int report;
	pid_t shim;
	char line[600]; /* its report */
};

static spec_strings lowers = (const char *[]){"base", NULL};

static void spawn(struct container *c, const char *command)
{
	int pipes[2];
	ssize_t n;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	c->shim = fork();
	if (c->shim == 0) {
		dup2(pipes[1], SHIM_REPORT_FD);
		execl(shim_path, "stack-shim", command, c->dir, NULL);
		_exit(127);
	}
	close(pipes[1]);
	n = fd_read_full(pipes[0], c->line, sizeof(c->line) - 1);
	c->line[n > 0 ? n : 0] = '\0';
	close(pipes[0]);
}

static struct container_spec sh(const char *script)
{
	static const char *argv[4];

	argv[0] = "sh";
	argv[1] = "-c";
	argv[2] = script;
	return (struct container_spec){.name = "test",
				       .argv = argv,
				       .hostname = "inside",
				       .lowers = lowers,
				       .capabilities = DOCKER_CAPS};
}

static void start(struct container *c, struct container_spec spec)
{
	static int number;
	char name[32];
	size_t len;
	void *data;
	int dir;

	memset(c, 0, sizeof(*c));
	snprintf(name, sizeof(name), "run/%d", ++number);
	snprintf(c->dir, sizeof(c->dir), "%s", in_place(name));
	assert_int_equal(fd_mkdir_p(c->dir, 0700, NULL), 0);
	fd_remove_tree(AT_FDCWD, in_place("state"), NULL);
	assert_int_equal(fd_mkdir_p(in_place("state/upper"), 0755, NULL), 0);
	assert_int_equal(fd_mkdir_p(in_place("state/work"), 0755, NULL), 0);
	unlink(in_place("log"));
	spec.layers_dir = in_place("layers");
	spec.upper = in_place("state/upper");
	spec.work = in_place("state/work");
	spec.log_path = in_place("log");
	c->spec = spec;
	assert_int_equal(container_spec_encode(&spec, &data, &len, NULL), 0);
	dir = open(c->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fd_replace_file(dir, "spec", data, len, 0600, NULL), 0);
	close(dir);
	free(data);
	spawn(c, "run");
}

static void wait_for_shim(const struct container *c)
{
	siginfo_t info;

	assert_int_equal(waitid(P_PID, (id_t)c->shim, &info, WEXITED), 0);
}

static struct container_exit ending(const struct container *c)
{
	struct container_exit end = {.code = -1};
	int dir = open(c->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	wait_for_shim(c);
	exit_read(dir, &end, NULL);
	close(dir);
	return end;
}

/* The log's text, without what the format puts in front. */
static const char *output(void)
{
	static char out[65536];
	CLEANUP_FREE char *text = NULL;
	char *save = NULL;

	out[0] = '\0';
	if (fd_read_file(AT_FDCWD, in_place("log"), sizeof(out) / 2, &text, NULL, NULL) < 0)
		return "";
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		strcat(strcat(out, l + strlen("2026-11-23T21:55:00.123456789Z stdout F ")), "|");
	return out;
}

static void assert_runs(struct container_spec spec, int code, const char *expected)
{
	struct container c;
	struct container_exit end;

	start(&c, spec);
	if (strncmp(c.line, "ok ", 3) != 0)
		fail_msg("it did not start: %s", c.line);
	end = ending(&c);
	assert_true(end.known);
	if (expected)
		assert_string_equal(output(), expected);
	assert_int_equal(end.code, code);
}

static void assert_refused(struct container_spec spec, const char *sentence)
{
	struct container c;
	struct stat st;
	char path[128];

	start(&c, spec);
	wait_for_shim(&c);
	assert_string_equal(c.line, sentence);
	snprintf(path, sizeof(path), "%s/stdout", c.dir);
	assert_int_equal(stat(path, &st), -1);
	snprintf(path, sizeof(path), "%s/state", c.dir);
	assert_int_equal(stat(path, &st), -1);
}

static void exit_codes_and_output_are_exact(void **state)
{
	struct container_spec spec;

	assert_runs(sh("echo out; echo err >&2"), 0, NULL);
	assert_runs(sh("exit 3"), 3, "");
	spec = sh("kill -SEGV $$");
	spec.init = true;
	assert_runs(spec, 139, "");
	spec = sh("printf 'a\\nb\\n'; hostname; exit 255");
	assert_runs(spec, 255, "a|b|inside|");
}

static void programs_that_cannot_run_are_told_apart(void **state)
{
	struct container_spec spec = sh("");

	spec.argv = (const char *[]){"nosuch", NULL};
	assert_refused(spec, "error 2 container 'test': exec 'nosuch': no such program in the "
			     "container's PATH\n");
	spec.argv = (const char *[]){"/etc/passwd", NULL};
	assert_refused(spec, "error 13 container 'test': exec '/etc/passwd': Permission denied\n");
	spec.init = true;
	assert_refused(spec, "error 13 container 'test': exec '/etc/passwd': Permission denied\n");
	spec.user = "nobody";
	assert_refused(spec, "error 2 container 'test': there is no user 'nobody' in the image's "
			     "/etc/passwd\n");
}

static void a_user_gets_his_groups_and_no_capabilities(void **state)
{
	struct container_spec spec = sh("id; echo $HOME; grep -E 'Cap(Inh|Eff|Bnd|Amb)' "
					"/proc/self/status; echo x > /dev/stdout");

	spec.user = "www";
	assert_runs(spec, 0,
		    "uid=33(www) gid=33(www) groups=33(www),77(extra)|/www|"
		    "CapInh:\t0000000000000000|CapEff:\t0000000000000000|"
		    "CapBnd:\t00000000a80425fb|CapAmb:\t0000000000000000|x|");
}

static void no_descriptor_of_ours_is_inside(void **state)
{
	struct container_spec spec = sh("");

	/* 3 is the directory that ls reads: with one more of ours, that would be another. */
	spec.argv = (const char *[]){"ls", "/proc/self/fd", NULL};
	assert_runs(spec, 0, "0|1|2|3|");
	spec = sh("true");
	spec.cwd = "/proc/self/fd/5";
	assert_refused(spec, "error 2 container 'test': enter the working directory "
			     "'/proc/self/fd/5': No such file or directory\n");
}

static void read_only_root_leaves_volumes_writable(void **state)
{
	struct spec_mount mounts[] = {
		{.type = SPEC_MOUNT_TMPFS, .target = "/tmp"},
		{.type = SPEC_MOUNT_BIND,
		 .source = in_place("layers/base/etc"),
		 .target = "/made/for/it",
		 .flags = MS_RDONLY},
	};
	struct container_spec spec =
		sh("(: > /x) 2>&-; echo $?; (: > /made/for/it/x) 2>&-; echo $?; "
		   ": > /tmp/x; echo $?; : > /dev/shm/x; echo $?");

	spec.mounts = mounts;
	spec.n_mounts = ARRAY_SIZE(mounts);
	spec.read_only = true;
	assert_runs(spec, 0, "1|1|0|0|");
}

static void an_empty_volume_gets_the_images_files(void **state)
{
	struct spec_mount mount = {
		.type = SPEC_MOUNT_VOLUME, .source = in_place("volume"), .target = "/data"};
	struct container_spec spec = sh("stat -c '%n %u %h %F' /data /data/*; rm /data/one 2>&-");
	const char *all = "/data 33 3 directory|/data/link 0 1 symbolic link|"
			  "/data/one 0 2 regular file|/data/sub 0 2 directory|"
			  "/data/two 0 2 regular file|";

	spec.mounts = &mount;
	spec.n_mounts = 1;
	assert_runs(spec, 0, all);
	/* Not empty any more: what was removed stays so. */
	assert_runs(spec, 1,
		    "/data 33 3 directory|/data/link 0 1 symbolic link|"
		    "/data/sub 0 2 directory|/data/two 0 1 regular file|");
}

static void mounts_stay_out_of_proc_and_root(void **state)
{
	struct spec_mount mount = {.type = SPEC_MOUNT_TMPFS, .target = "/proc/sys"};
	struct container_spec spec = sh("true");

	spec.mounts = &mount;
	spec.n_mounts = 1;
	assert_refused(spec, "error 1 container 'test': mount '/proc/sys': nothing can be mounted "
			     "in /proc\n");
	mount.target = "/etc/..";
	assert_refused(spec,
		       "error 22 container 'test': mount '/etc/..': the root of the container "
		       "cannot be mounted over\n");
}

static void the_host_is_out_of_reach(void **state)
{
	struct container_spec spec = sh(
		"for f in /proc/sys/kernel/domainname /proc/irq/x /sys/fs/cgroup/x /sys/x; do "
		"(echo x > $f) 2>&-; echo $?; done; wc -c < /proc/keys; ls /sys/firmware | wc -l; "
		"mount -t tmpfs x /tmp 2>&-; echo $?");

	assert_runs(spec, 0, "1|1|1|1|0|0|1|");
}

/* What a dead shim leaves is complete again after adopt, and the status is known. */
static void a_container_survives_its_shim(void **state)
{
	struct container_spec spec = sh("echo one; sleep 0.3; echo two; sleep 0.5; exit 42");
	struct container_state record;
	struct container_exit end;
	struct container c;
	int dir, pidfd;

	start(&c, spec);
	dir = open(c.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(state_read(dir, &record, NULL), 0);
	assert_int_equal(record.shim, c.shim);
	poll(NULL, 0, 100);
	pidfd = sys_pidfd_open(c.shim);
	assert_int_equal(sys_pidfd_send_signal(pidfd, SIGKILL), 0);
	close(pidfd);
	wait_for_shim(&c);
	poll(NULL, 0, 300); /* "two" is written while nobody reads */
	spawn(&c, "adopt");
	assert_true(!strncmp(c.line, "ok ", 3));
	assert_int_equal(state_read(dir, &record, NULL), 0);
	assert_int_equal(record.shim, c.shim);
	close(dir);
	end = ending(&c);
	assert_string_equal(output(), "one|two|");
	/* Known where the kernel keeps the status of a reaped process. */
	assert_int_equal(end.code, end.known ? 42 : 255);
}

static int exec_in(const struct container *c, const char *option, const char *value,
		   const char *script)
{
	pid_t pid = fork();
	siginfo_t info;

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(null, 2);
		execl(shim_path, "stack-shim", "exec", option, value, c->dir, "--", "sh", "-c",
		      script, NULL);
		_exit(99);
	}
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	return info.si_status;
}

static void exec_has_the_same_sandbox_and_its_own_status(void **state)
{
	struct container_spec spec = sh("sleep 60");
	struct container_state record;
	struct container c;
	int dir, pidfd, shim;

	spec.user = "www";
	start(&c, spec);
	assert_int_equal(exec_in(&c, "-e", "A=1", "test \"$A$(id -u)$HOSTNAME\" = 133inside"), 0);
	assert_int_equal(
		exec_in(&c, "-u", "0", "grep -q CapEff:.00000000a80425fb /proc/self/status"), 0);
	assert_int_equal(exec_in(&c, "-w", "/data", "test $(pwd) = /data; exit 7"), 7);
	assert_int_equal(exec_in(&c, "-e", "A=1", "kill -9 $$"), 137);
	assert_int_equal(exec_in(&c, "-u", "nobody", "true"), 125);
	assert_int_equal(exec_in(&c, "-e", "PATH=/nowhere", "true"), 127);
	assert_int_equal(exec_in(&c, "--timeout", "100", "sleep 60"), 124);
	dir = open(c.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(state_read(dir, &record, NULL), 0);
	close(dir);
	state_open(&record, &pidfd, &shim);
	assert_int_equal(sys_pidfd_send_signal(pidfd, SIGKILL), 0);
	close(pidfd);
	close(shim);
	assert_int_equal(ending(&c).signal, SIGKILL);
	assert_int_equal(exec_in(&c, "-u", "0", "true"), 125);
}

static bool find_shim(void)
{
	const char *build = getenv("STACK_BUILD");
	ssize_t n = readlink("/proc/self/exe", shim_path, sizeof(shim_path) - 64);

	if (build) {
		snprintf(shim_path, sizeof(shim_path), "%s/stack-shim", build);
	} else {
		shim_path[n > 0 ? n : 0] = '\0';
		for (int up = 0; up < 2 && strrchr(shim_path, '/'); up++)
			*strrchr(shim_path, '/') = '\0';
		strcat(shim_path, "/stack-shim");
	}
	return access(shim_path, X_OK) == 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exit_codes_and_output_are_exact),
		cmocka_unit_test(programs_that_cannot_run_are_told_apart),
		cmocka_unit_test(a_user_gets_his_groups_and_no_capabilities),
		cmocka_unit_test(no_descriptor_of_ours_is_inside),
		cmocka_unit_test(read_only_root_leaves_volumes_writable),
		cmocka_unit_test(an_empty_volume_gets_the_images_files),
		cmocka_unit_test(mounts_stay_out_of_proc_and_root),
		cmocka_unit_test(the_host_is_out_of_reach),
		cmocka_unit_test(a_container_survives_its_shim),
		cmocka_unit_test(exec_has_the_same_sandbox_and_its_own_status),
	};

	if (geteuid() != 0 || access(BUSYBOX, X_OK) != 0 || !find_shim()) {
		puts("1..0 # SKIP needs root, a static " BUSYBOX " and stack-shim");
		return 0;
	}
	return cmocka_run_group_tests(tests, make_layer, remove_layer);
}
