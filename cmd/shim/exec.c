// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/shim/command.h"
#include "cmd/shim/ending.h"
#include "cmd/shim/exec_options.h"
#include "cmd/shim/relay.h"
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/channel.h"
#include "core/container/join.h"
#include "core/container/program.h"
#include "core/container/sys.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>

/* As timeout(1). */
#define TIMED_OUT 124

/* rmdir of a cgroup is refused until the kernel is through with its last process. */
#define RMDIR_TRIES    100
#define RMDIR_PAUSE_MS 5

struct exec {
	struct exec_options options;
	struct loaded_spec loaded;
	int container; /* pidfd of its first process */
	int cgroup;    /* where the program starts; -1: there is no v2 cgroup */
	int parent;    /* of a cgroup of our own, named below; -1: we have none */
	char name[32];
	int pidfd, master;
};

static int find_container(struct exec *exec, struct err *err)
{
	int r = container_open(exec->options.dir, &exec->loaded, NULL, &exec->container, err);

	if (r == 0 && exec->container < 0)
		return err_set(err, ESRCH, "container '%s' is not running", exec->loaded.spec.name);
	return r;
}

/*
 * With a time limit the program gets a cgroup below the container's, so that
 * all it started can be killed, whatever sessions and groups they made.
 */
static int open_cgroup(struct exec *exec, struct err *err)
{
	const char *path = exec->loaded.spec.cgroup_unified;
	int fd;

	if (!path)
		return 0;
	exec->cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (exec->cgroup < 0)
		return err_sys(err, errno, "open cgroup '%s'", path);
	if (exec->options.timeout_ms < 0)
		return 0;
	snprintf(exec->name, sizeof(exec->name), "exec-%d", (int)getpid());
	if (mkdirat(exec->cgroup, exec->name, 0755) < 0)
		return 0;
	fd = openat(exec->cgroup, exec->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		exec->parent = exec->cgroup;
		exec->cgroup = fd;
	}
	return 0;
}

static void remove_cgroup(const struct exec *exec)
{
	for (int i = 0; exec->parent >= 0 && i < RMDIR_TRIES; i++) {
		if (unlinkat(exec->parent, exec->name, AT_REMOVEDIR) == 0 || errno != EBUSY)
			return;
		poll(NULL, 0, RMDIR_PAUSE_MS);
	}
}

/* By its cgroup all of it goes; without a v2 tree only the program itself does. */
static void kill_all(const struct exec *exec)
{
	if (exec->parent >= 0)
		(void)fd_write_control(exec->cgroup, "cgroup.kill", "1", NULL);
	sys_pidfd_send_signal(exec->pidfd, SIGKILL);
}

static int open_stdio(const struct exec *exec, int stdio[3], struct err *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return err_sys(err, errno, "open '/dev/null'");
	for (int i = 0; i < 3; i++) {
		bool ours = !exec->options.detach && (i > 0 || exec->options.interactive);

		stdio[i] = ours && fcntl(i, F_GETFD) >= 0 ? i : null;
	}
	return 0;
}

/* Clone the program; returns its pid, and our end of its channel. */
static pid_t clone_program(struct exec *exec, int *ret_channel, struct err *err)
{
	const struct container_spec *spec = &exec->loaded.spec;
	const struct exec_options *options = &exec->options;
	struct join join = {
		.spec = spec,
		.pidfd = exec->container,
		.argv = options->argv,
		.cwd = options->cwd ? options->cwd : spec->cwd,
		.user = options->user ? options->user : spec->user,
		.capabilities = options->privileged ? ~UINT64_C(0) : spec->capabilities,
		.tty = options->tty,
	};
	CLEANUP_FD int ours = -1, theirs = -1;
	pid_t pid;
	int r;

	r = exec_options_environment(options, spec->envp, &join.envp, err);
	if (r == 0)
		r = open_stdio(exec, join.stdio, err);
	if (r == 0)
		r = channel_open(&ours, &theirs, err);
	if (r < 0)
		return r;
	/* Only for children: we ourselves stay outside, unseen. */
	if (setns(exec->container, CLONE_NEWPID) < 0)
		return err_sys(err, errno, "enter the container's pid namespace");
	join.channel = theirs;
	pid = sys_clone3(0, exec->cgroup, &exec->pidfd);
	if (pid == 0)
		join_run(&join);
	if (pid < 0)
		return err_sys(err, errno, "create a process in the container");
	*ret_channel = TAKE_FD(ours);
	return pid;
}

static int attend(struct exec *exec)
{
	const struct relay relay = {
		.pidfd = exec->pidfd,
		.master = exec->master,
		.interactive = exec->options.interactive,
		.timeout_ms = exec->options.timeout_ms,
	};
	struct container_exit end = {.code = PROGRAM_OURS_FAILED};
	bool in_time = relay_run(&relay);

	if (!in_time)
		kill_all(exec);
	ending_wait(exec->pidfd, &end);
	return in_time ? end.code : TIMED_OUT;
}

static int run(struct exec *exec, struct err *err)
{
	CLEANUP_FD int channel = -1;
	struct container_exit ignored;
	int r, code = PROGRAM_OURS_FAILED;
	uint64_t set_up_ns;
	sigset_t old;
	pid_t pid;

	r = find_container(exec, err);
	if (r == 0)
		r = open_cgroup(exec, err);
	if (r < 0)
		return code;
	relay_block_signals(&old);
	pid = clone_program(exec, &channel, err);
	if (pid < 0)
		return code;
	r = channel_wait(channel, &exec->master, &code, &set_up_ns, err);
	if (r < 0) {
		sys_pidfd_send_signal(exec->pidfd, SIGKILL);
		ending_wait(exec->pidfd, &ignored);
		return code;
	}
	return exec->options.detach ? 0 : attend(exec);
}

int command_exec(int argc, char **argv)
{
	struct exec exec = {.container = -1, .cgroup = -1, .parent = -1, .pidfd = -1, .master = -1};
	int code = PROGRAM_OURS_FAILED;
	struct err err = ERR_INIT;

	sys_close_range(3, ~0U, 0);
	if (exec_options_parse(argc, argv, &exec.options, &err) == 0 &&
	    protect_executable(argv - 1, &err) == 0) {
		code = run(&exec, &err);
		remove_cgroup(&exec);
	}
	if (err.code)
		say(err.msg);
	return code;
}
