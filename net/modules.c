// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/modules.h"

#include "core/base/cleanup.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define HELPER_FILE "/proc/sys/kernel/modprobe"
#define NAMES_MAX   8

static bool find_helper(char *ret_path, size_t size)
{
	CLEANUP_FD int fd = open(HELPER_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, ret_path, size - 1) : -1;

	if (n <= 0)
		return false;
	ret_path[n] = '\0';
	ret_path[strcspn(ret_path, "\n")] = '\0';
	return ret_path[0] == '/';
}

void modules_load(const char *const *names)
{
	static char quiet[] = "-qa", end_of_options[] = "--",
		    path_of_tools[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char helper[256], *arguments[NAMES_MAX + 4], *environment[] = {path_of_tools, NULL};
	CLEANUP_FD int pidfd = -1;
	siginfo_t info;
	size_t n = 0;
	pid_t pid;

	if (!find_helper(helper, sizeof(helper)))
		return;
	arguments[n++] = helper;
	arguments[n++] = quiet;
	arguments[n++] = end_of_options;
	for (; *names && n < NAMES_MAX + 3; names++)
		arguments[n++] = (char *)*names;
	arguments[n] = NULL;
	if (posix_spawn(&pid, helper, NULL, NULL, arguments, environment) != 0)
		return;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd >= 0)
		(void)waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED);
}
