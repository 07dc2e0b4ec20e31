// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/join.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/cgroupns.h"
#include "core/container/channel.h"
#include "core/container/launch.h"
#include "core/container/program.h"
#include "core/container/sys.h"
#include "core/container/terminal.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>

#define JOINED (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP)

static int enter(const struct join *join, struct err *err)
{
	char score[16];
	int r = cgroupns_enter(join->spec, err);

	if (r < 0)
		return r;
	snprintf(score, sizeof(score), "%d", join->spec->oom_score_adj);
	fd_write_control(AT_FDCWD, "/proc/self/oom_score_adj", score, NULL);
	/* One call, one process: the namespaces cannot be those of two containers. */
	if (setns(join->pidfd, JOINED) < 0 || sys_pidfd_send_signal(join->pidfd, 0) < 0)
		return errno == ESRCH ? err_set(err, ESRCH, "the container has ended")
				      : err_sys(err, errno, "enter the container's namespaces");
	return chdir("/") < 0 ? err_sys(err, errno, "enter the container's root") : 0;
}

static int open_terminal(const struct join *join, int *ret_slave, struct err *err)
{
	CLEANUP_FD int pts = terminal_find_pts(err), master = -1;
	int r = pts < 0 ? pts : terminal_open(pts, &master, ret_slave, err);

	return r < 0 ? r : channel_send_terminal(join->channel, master, err);
}

void join_run(const struct join *join)
{
	struct launch steps = {
		.spec = join->spec,
		.argv = join->argv,
		.envp = join->envp,
		.cwd = join->cwd,
		.user = join->user,
		.groups = join->spec->groups,
		.capabilities = join->capabilities,
		.stdio = {join->stdio[0], join->stdio[1], join->stdio[2]},
		.give_stdio = join->tty,
		.tty = join->tty,
		.channel = join->channel,
		.userns = join->spec->id_count ? join->pidfd : -1,
	};
	struct err err = ERR_INIT;
	int slave = -1, r;

	launch_prepare();
	r = enter(join, &err);
	if (r == 0 && join->tty)
		r = open_terminal(join, &slave, &err);
	if (r < 0)
		launch_fail(join->channel, PROGRAM_OURS_FAILED, &err);
	for (int i = 0; join->tty && i < 3; i++)
		steps.stdio[i] = slave;
	launch(&steps);
}
