// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/shim/command.h"
#include "cmd/shim/ending.h"
#include "core/base/cleanup.h"
#include "core/container/program.h"
#include "core/container/sys.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>

/* Docker's back-off for containers, which people know. */
#define FIRST_DELAY_MS 100
#define MAX_DELAY_MS   60000
#define STEADY_NS      UINT64_C(10000000000)

struct guard {
	char **argv;
	sigset_t signals, old_mask;
	int signalfd;
	bool stopping; /* somebody asked us to end; so the program does not start again */
	int delay_ms;
};

static pid_t start(struct guard *guard, int *ret_pidfd)
{
	pid_t pid = sys_clone3(0, -1, ret_pidfd);

	if (pid != 0)
		return pid;
	sigprocmask(SIG_SETMASK, &guard->old_mask, NULL);
	execv(guard->argv[0], guard->argv);
	fprintf(stderr, "stack-shim: execute '%s': %s\n", guard->argv[0], strerror(errno));
	_exit(errno == ENOENT ? PROGRAM_NOT_FOUND : PROGRAM_NOT_EXECUTABLE);
}

/* Wait for PIDFD (-1: nothing) or TIMEOUT_MS (-1: for ever), passing signals on to it. */
static void wait_for(struct guard *guard, int pidfd, int timeout_ms)
{
	struct pollfd polls[2] = {{pidfd, POLLIN, 0}, {guard->signalfd, POLLIN, 0}};
	struct signalfd_siginfo info;

	while (!polls[0].revents && !(pidfd < 0 && guard->stopping)) {
		if (poll(polls, 2, timeout_ms) == 0)
			return;
		if (!polls[1].revents || read(guard->signalfd, &info, sizeof(info)) <= 0)
			continue;
		guard->stopping = guard->stopping || info.ssi_signo != SIGHUP;
		if (pidfd >= 0)
			sys_pidfd_send_signal(pidfd, (int)info.ssi_signo);
	}
}

/* The program has them now: a pipe we kept open would never end for whoever reads it. */
static void close_others(const struct guard *guard, int pidfd)
{
	for (int fd = 3; fd < guard->signalfd; fd++)
		if (fd != pidfd)
			close(fd);
}

/* One life of the program; returns whether there is to be another one. */
static bool run_once(struct guard *guard, int *ret_code)
{
	uint64_t started = ending_clock(CLOCK_BOOTTIME);
	struct container_exit end = {.code = PROGRAM_OURS_FAILED};
	CLEANUP_FD int pidfd = -1;

	/* A fork that fails for want of memory or pids is tried again like the rest. */
	if (start(guard, &pidfd) > 0) {
		close_others(guard, pidfd);
		wait_for(guard, pidfd, -1);
		ending_wait(pidfd, &end);
	}
	*ret_code = end.code;
	if (guard->stopping || end.code == 0 || end.code == PROGRAM_NOT_FOUND ||
	    end.code == PROGRAM_NOT_EXECUTABLE || end.code == PROGRAM_MISCONFIGURED)
		return false;
	if (ending_clock(CLOCK_BOOTTIME) - started >= STEADY_NS)
		guard->delay_ms = FIRST_DELAY_MS;
	wait_for(guard, -1, guard->delay_ms);
	guard->delay_ms = guard->delay_ms * 2 < MAX_DELAY_MS ? guard->delay_ms * 2 : MAX_DELAY_MS;
	return !guard->stopping;
}

int command_guard(int argc, char **argv)
{
	struct guard guard = {.delay_ms = FIRST_DELAY_MS};
	int fd, code = PROGRAM_OURS_FAILED;

	if (argc < 3 || strcmp(argv[1], "--") != 0) {
		fputs("usage: stack-shim guard -- PROGRAM [ARG…]\n", stderr);
		return PROGRAM_OURS_FAILED;
	}
	guard.argv = argv + 2;
	sigemptyset(&guard.signals);
	sigaddset(&guard.signals, SIGTERM);
	sigaddset(&guard.signals, SIGINT);
	sigaddset(&guard.signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &guard.signals, &guard.old_mask);
	fd = signalfd(-1, &guard.signals, SFD_CLOEXEC);
	/* Above whatever the program inherits, see close_others(). */
	guard.signalfd = fcntl(fd, F_DUPFD_CLOEXEC, 512);
	if (fd < 0 || guard.signalfd < 0) {
		fprintf(stderr, "stack-shim: watch for signals: %s\n", strerror(errno));
		return PROGRAM_OURS_FAILED;
	}
	close(fd);
	while (run_once(&guard, &code))
		;
	return code;
}
