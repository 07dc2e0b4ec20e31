// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/image/process.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_BYTES (1 << 20)

int process_pipe(int ret_fds[2], struct err *err)
{
	if (pipe2(ret_fds, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	(void)fcntl(ret_fds[1], F_SETPIPE_SZ, PIPE_BYTES);
	return 0;
}

static void end_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

int process_start(struct process *process, int *ret_out, struct err *err)
{
	pid_t parent = getpid(), pid;
	int pipes[2], r = process_pipe(pipes, err);

	if (r < 0)
		return r;
	pid = fork();
	if (pid == 0) {
		end_with(parent);
		close(pipes[0]);
		*ret_out = pipes[1];
		return 0;
	}
	close(pipes[1]);
	process->events.fd = pipes[0];
	if (pid < 0)
		return err_sys(err, errno, "start a process");
	process->pidfd = pidfd_open(pid, 0);
	return process->pidfd < 0 ? err_sys(err, errno, "watch a process") : 1;
}

void process_signal(const struct process *process, int signal)
{
	if (process->pidfd >= 0)
		(void)pidfd_send_signal(process->pidfd, signal, NULL, 0);
}

int process_wait(struct process *process, const char *what, struct err *err)
{
	siginfo_t info = {.si_code = 0};

	if (process->pidfd < 0)
		return 0;
	while (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "wait for a process");
	if (info.si_code == CLD_EXITED)
		return 0;
	return err_set(err, EIO, "the process that %s was ended by signal %d (%s)", what,
		       info.si_status, strsignal(info.si_status));
}

void process_release(struct process *process)
{
	events_release(&process->events);
	cleanup_close(&process->pidfd);
	process->pidfd = -1;
}
