// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/reaper.h"

#include "core/base/err.h"
#include "core/container/sys.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Reap all that is dead; does not return when PID is among it. */
static void reap(pid_t pid)
{
	for (;;) {
		siginfo_t info = {0};

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
			return;
		if (info.si_pid == pid)
			_exit(info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status);
	}
}

/* What others see of us, and what they may do with us. */
static void become_init(int channel, char *title, size_t title_len)
{
	/* Becoming another user has set this anew. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NAME, "init", 0, 0, 0);
	if (title_len > strlen("init")) {
		memset(title, '\0', title_len);
		memcpy(title, "init", strlen("init"));
	}
	close(channel);
}

void reaper_stay(int channel, char *title, size_t title_len)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	become_init(channel, title, title_len);
	for (;;) {
		switch (sigwaitinfo(&all, NULL)) {
		case SIGCHLD:
			reap(-1);
			break;
		case SIGTERM:
		case SIGINT:
		case SIGQUIT:
		case SIGHUP:
			_exit(0);
		default:
			break;
		}
	}
}

int reaper_fork(int channel, char *title, size_t title_len, struct err *err)
{
	sigset_t all, none;
	int pidfd = -1;
	pid_t pid;

	/* Blocked, so that none is lost between the fork and the loop. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	/* Not clone3(2): the seccomp filter is loaded, and says that there is none. */
	pid = fork();
	if (pid < 0)
		return err_sys(err, errno, "fork the container's program");
	if (pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		return 0;
	}
	pidfd = sys_pidfd_open(pid);
	become_init(channel, title, title_len);
	for (;;) {
		int signal = sigwaitinfo(&all, NULL);

		if (signal == SIGCHLD)
			reap(pid);
		else if (signal > 0)
			sys_pidfd_send_signal(pidfd, signal);
	}
}
