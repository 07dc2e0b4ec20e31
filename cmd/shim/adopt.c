// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/shim/command.h"
#include "cmd/shim/ending.h"
#include "cmd/shim/streams.h"
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/program.h"
#include "core/container/state.h"
#include "core/container/sys.h"

#include <errno.h>

/*
 * What a dead shim leaves: the container, which writes to FIFOs it holds open
 * itself, and the records.  Its terminal, if it had one, died with the shim.
 */
struct adopted {
	int dir, pidfd;
	struct loaded_spec loaded;
	struct streams streams;
	struct container_state state;
};

static int take_over(struct adopted *adopted, const char *path, struct err *err)
{
	CLEANUP_FD int shim = -1;
	struct container_exit old;
	int r;

	adopted->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (adopted->dir < 0)
		return err_sys(err, errno, "open container directory '%s'", path);
	r = loaded_spec_read(adopted->dir, &adopted->loaded, err);
	if (r == 0)
		r = state_read(adopted->dir, &adopted->state, err);
	if (r < 0)
		return r;
	if (exit_read(adopted->dir, &old, NULL) == 0)
		return err_set(err, ESRCH, "it has ended, and its exit is on record");
	state_open(&adopted->state, &adopted->pidfd, &shim);
	if (shim >= 0)
		return err_set(err, EBUSY, "its shim, process %d, is alive", adopted->state.shim);
	r = streams_open(&adopted->streams, adopted->dir, &adopted->loaded.spec, false, err);
	if (r < 0)
		return r;
	adopted->state.shim = getpid();
	adopted->state.shim_start = state_start_time(-1);
	return state_write(adopted->dir, &adopted->state, err);
}

int command_adopt(int argc, char **argv)
{
	struct adopted adopted = {.dir = -1, .pidfd = -1, .streams = STREAMS_INIT};
	struct container_exit record = {0};
	struct err err = ERR_INIT;
	uint64_t ooms;

	become_background();
	if (argc != 2)
		err_set(&err, EINVAL, "usage: stack-shim adopt DIR");
	else if (take_over(&adopted, argv[1], &err) < 0)
		err_wrap(&err, "adopt the container in '%s'", argv[1]);
	if (err.code) {
		report_error(&err);
		return PROGRAM_OURS_FAILED;
	}
	ooms = ending_count_ooms(adopted.loaded.spec.cgroup_memory);
	report_ok(adopted.state.pid, adopted.state.pid_start, 0);
	streams_log_until_end(&adopted.streams, adopted.pidfd, adopted.dir);
	ending_inquire(adopted.pidfd, &record);
	ending_kill_rest(ending_rest(&adopted.loaded.spec));
	record.oom_killed = ending_count_ooms(adopted.loaded.spec.cgroup_memory) > ooms;
	ending_write(adopted.dir, &record, adopted.state.started_boot_ns, NULL);
	return 0;
}
