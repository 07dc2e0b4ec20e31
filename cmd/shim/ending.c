// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/shim/ending.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/container/sys.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

/* An init that is busy takes up to two seconds to reap. */
#define INQUIRE_TRIES	 500
#define INQUIRE_PAUSE_MS 10

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

int ending_write(int dirfd, struct container_exit *record, uint64_t started_boot_ns,
		 struct err *err)
{
	record->finished_ns = ending_clock(CLOCK_REALTIME);
	record->ran_ms = (ending_clock(CLOCK_BOOTTIME) - started_boot_ns) / 1000000;
	return exit_write(dirfd, record, err);
}
