// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/shim/ending.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/container/sys.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* An init that is busy takes up to two seconds to reap. */
#define INQUIRE_TRIES	 500
#define INQUIRE_PAUSE_MS 10

#define REST_TRIES    100
#define REST_PAUSE_MS 10
#define PROCS_MAX     ((size_t)1 << 20)

/* Docker's "no idea". */
#define UNKNOWN_CODE 255

uint64_t ending_clock(int clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The line "oom_kill N": in memory.events of v2, in memory.oom_control of v1. */
uint64_t ending_count_ooms(const char *cgroup_memory)
{
	static const char *const files[] = {"memory.events", "memory.oom_control"};
	CLEANUP_FD int dir = -1;

	if (cgroup_memory)
		dir = open(cgroup_memory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; dir >= 0 && i < ARRAY_SIZE(files); i++) {
		CLEANUP_FREE char *text = NULL;
		const char *line;

		if (fd_read_file(dir, files[i], 4096, &text, NULL, NULL) < 0)
			continue;
		line = strstr(text, "\noom_kill ");
		return line ? strtoull(line + strlen("\noom_kill "), NULL, 10) : 0;
	}
	return 0;
}

void ending_wait(int pidfd, struct container_exit *ret_exit)
{
	siginfo_t info = {0};

	while (waitid(SYS_P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0)
		if (errno != EINTR)
			return;
	ret_exit->known = true;
	ret_exit->signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
	ret_exit->code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

void ending_inquire(int pidfd, struct container_exit *ret_exit)
{
	ret_exit->known = false;
	ret_exit->code = UNKNOWN_CODE;
	for (int i = 0; pidfd >= 0 && i < INQUIRE_TRIES; i++) {
		struct sys_pidfd_info info = {.mask = SYS_PIDFD_INFO_EXIT};

		/* ESRCH: reaped, and the kernel did not keep it. */
		if (sys_pidfd_get_info(pidfd, &info) < 0)
			return;
		if (info.mask & SYS_PIDFD_INFO_EXIT) {
			ret_exit->known = true;
			ret_exit->signal =
				WIFSIGNALED(info.exit_code) ? WTERMSIG(info.exit_code) : 0;
			ret_exit->code = ret_exit->signal ? 128 + ret_exit->signal
							  : WEXITSTATUS(info.exit_code);
			return;
		}
		poll(NULL, 0, INQUIRE_PAUSE_MS);
	}
}

const char *ending_rest(const struct container_spec *spec)
{
	if (!spec->pid_container && !(spec->host_namespaces & CLONE_NEWPID))
		return NULL;
	if (spec->cgroup_unified)
		return spec->cgroup_unified;
	return spec->cgroups ? spec->cgroups[0] : NULL;
}

static bool is_listed(int dir, pid_t pid)
{
	CLEANUP_FREE char *procs = NULL;
	char *save = NULL;

	if (fd_read_file(dir, "cgroup.procs", PROCS_MAX, &procs, NULL, NULL) < 0)
		return false;
	for (char *line = strtok_r(procs, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if ((pid_t)strtol(line, NULL, 10) == pid)
			return true;
	return false;
}

/* The pid may have become another process's since it was read: so it is read again. */
static void kill_listed(int dir, pid_t pid)
{
	CLEANUP_FD int pidfd = pid > 0 ? sys_pidfd_open(pid) : -1;

	if (pidfd >= 0 && is_listed(dir, pid))
		sys_pidfd_send_signal(pidfd, SIGKILL);
}

void ending_kill_rest(const char *cgroup)
{
	CLEANUP_FD int dir = -1;

	if (cgroup)
		dir = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; dir >= 0 && i < REST_TRIES; i++) {
		CLEANUP_FREE char *procs = NULL;
		char *save = NULL;

		if (fd_read_file(dir, "cgroup.procs", PROCS_MAX, &procs, NULL, NULL) < 0 ||
		    *procs == '\0')
			return;
		for (char *line = strtok_r(procs, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			kill_listed(dir, (pid_t)strtol(line, NULL, 10));
		poll(NULL, 0, REST_PAUSE_MS);
	}
}

int ending_write(int dirfd, struct container_exit *record, uint64_t started_boot_ns,
		 struct err *err)
{
	record->finished_ns = ending_clock(CLOCK_REALTIME);
	record->ran_ms = (ending_clock(CLOCK_BOOTTIME) - started_boot_ns) / 1000000;
	return exit_write(dirfd, record, err);
}
