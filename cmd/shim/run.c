// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/shim/command.h"
#include "cmd/shim/ending.h"
#include "cmd/shim/streams.h"
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/channel.h"
#include "core/container/child.h"
#include "core/container/idmap.h"
#include "core/container/program.h"
#include "core/container/state.h"
#include "core/container/sys.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>

struct run {
	char **argv; /* of the whole process */
	int dir;
	struct loaded_spec loaded;
	struct streams streams;
	int pidfd;
	struct container_state state;
	uint64_t ooms; /* before we started */
	uint64_t setup_us;
};

/* Our children see the processes of the container in DIR; we ourselves stay outside. */
static int enter_processes(const char *path, struct err *err)
{
	CLEANUP_FD int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FD int pidfd = -1, shim = -1;
	struct container_state state;

	if (dir >= 0 && state_read(dir, &state, NULL) == 0)
		state_open(&state, &pidfd, &shim);
	if (pidfd < 0)
		return err_set(err, ESRCH,
			       "the container whose processes it is to see does not run");
	if (setns(pidfd, CLONE_NEWPID) < 0)
		return err_sys(err, errno, "enter the other container's pid namespace");
	return 0;
}

/* Clone the child; returns its pid, and our end of its channel. */
static pid_t clone_child(struct run *run, int *ret_channel, struct err *err)
{
	const struct container_spec *spec = &run->loaded.spec;
	CLEANUP_FD int cgroup = -1, ours = -1, theirs = -1, userns = -1;
	struct child child = {
		.spec = spec,
		.title = run->argv[0],
		/* The kernel puts them one behind the other. */
		.title_len = (size_t)(run->argv[2] + strlen(run->argv[2]) - run->argv[0]),
		.stdio = {-1, -1, -1},
	};
	pid_t pid;
	int r;

	if (spec->cgroup_unified) {
		cgroup = open(spec->cgroup_unified, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (cgroup < 0)
			return err_sys(err, errno, "open cgroup '%s'", spec->cgroup_unified);
	}
	r = streams_open_other_ends(run->dir, spec, child.stdio, err);
	if (r == 0)
		r = idmap_open(spec, &userns, err);
	if (r == 0)
		r = channel_open(&ours, &theirs, err);
	if (r == 0 && spec->pid_container)
		r = enter_processes(spec->pid_container, err);
	if (r == 0) {
		child.channel = theirs;
		child.userns = userns;
		pid = sys_clone3(child_namespaces(spec), cgroup, &run->pidfd);
		if (pid == 0)
			child_run(&child);
		r = pid < 0 ? err_sys(err, errno, "create the container's first process") : pid;
	}
	for (int i = 0; i < 3; i++)
		cleanup_close(&child.stdio[i]);
	if (r > 0)
		*ret_channel = TAKE_FD(ours);
	return r;
}

static void kill_child(struct run *run)
{
	struct container_exit ignored;

	sys_pidfd_send_signal(run->pidfd, SIGKILL);
	ending_wait(run->pidfd, &ignored);
}

static int record_start(struct run *run, pid_t pid, struct err *err)
{
	struct container_state *state = &run->state;
	int r;

	state->pid = pid;
	state->pid_start = state_start_time(pid);
	state->shim = getpid();
	state->shim_start = state_start_time(-1);
	state->started_boot_ns = ending_clock(CLOCK_BOOTTIME);
	r = state_boot_id(state->boot_id, err);
	return r < 0 ? r : state_write(run->dir, state, err);
}

static int start(struct run *run, struct err *err)
{
	CLEANUP_FD int channel = -1;
	uint64_t began_ns = ending_clock(CLOCK_MONOTONIC), set_up_ns = 0;
	int master = -1, ignored, r;
	pid_t pid;

	run->ooms = ending_count_ooms(run->loaded.spec.cgroup_memory);
	r = streams_open(&run->streams, run->dir, &run->loaded.spec, true, err);
	if (r < 0)
		return r;
	/* Before it can write: a line of its log belongs to this start when it is not older. */
	run->state.started_ns = ending_clock(CLOCK_REALTIME);
	pid = clone_child(run, &channel, err);
	if (pid < 0)
		return pid;
	r = channel_wait(channel, &master, &ignored, &set_up_ns, err);
	if (set_up_ns > began_ns)
		run->setup_us = (set_up_ns - began_ns) / 1000;
	if (master >= 0)
		streams_set_terminal(&run->streams, master);
	if (r == 0)
		r = record_start(run, pid, err);
	if (r < 0)
		kill_child(run);
	return r;
}

static int open_container(struct run *run, const char *path, struct err *err)
{
	static const char *const stale[] = {"state", "exit"};

	run->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run->dir < 0)
		return err_sys(err, errno, "open container directory '%s'", path);
	for (size_t i = 0; i < ARRAY_SIZE(stale); i++)
		if (unlinkat(run->dir, stale[i], 0) < 0 && errno != ENOENT)
			return err_sys(err, errno, "remove the old '%s' record", stale[i]);
	return loaded_spec_read(run->dir, &run->loaded, err);
}

static void stay(struct run *run)
{
	CLEANUP_FREE char *cgroup_memory = NULL, *rest = NULL;
	struct container_exit record = {0};

	if (run->loaded.spec.cgroup_memory)
		cgroup_memory = strdup(run->loaded.spec.cgroup_memory);
	if (ending_rest(&run->loaded.spec))
		rest = strdup(ending_rest(&run->loaded.spec));
	loaded_spec_release(&run->loaded);
	streams_log_until_end(&run->streams, run->pidfd, run->dir);
	ending_wait(run->pidfd, &record);
	ending_kill_rest(rest);
	record.oom_killed = ending_count_ooms(cgroup_memory) > run->ooms;
	ending_write(run->dir, &record, run->state.started_boot_ns, NULL);
}

int command_run(int argc, char **argv)
{
	struct run run = {.argv = argv - 1, .dir = -1, .pidfd = -1, .streams = STREAMS_INIT};
	struct err err = ERR_INIT;
	int r;

	r = protect_executable(argv - 1, &err);
	become_background();
	if (r == 0 && argc != 2)
		r = err_set(&err, EINVAL, "usage: stack-shim run DIR");
	if (r == 0)
		r = open_container(&run, argv[1], &err);
	if (r == 0) {
		r = start(&run, &err);
		if (r < 0) {
			err_wrap(&err, "container '%s'", run.loaded.spec.name);
			streams_remove(run.dir);
		}
	}
	if (r < 0) {
		report_error(&err);
		return PROGRAM_OURS_FAILED;
	}
	report_ok(run.state.pid, run.state.pid_start, run.setup_us);
	stay(&run);
	return 0;
}
