// SPDX-License-Identifier: GPL-2.0-or-later
/* What of /proc and /sys is hidden or cannot be written. */
#include "tests/probe/probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const char *const masked[] = {
	"/proc/acpi",	     "/proc/asound",  "/proc/interrupts",
	"/proc/kcore",	     "/proc/keys",    "/proc/latency_stats",
	"/proc/sched_debug", "/proc/scsi",    "/proc/timer_list",
	"/proc/timer_stats", "/sys/firmware", "/sys/devices/virtual/powercap",
};

static const char *const read_only[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	int n = -2;

	if (!dir)
		return -1;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void masked_directory(const char *path)
{
	struct statvfs fs = {0};
	char inside[256];

	check(count_entries(path) == 0, "%s is empty", path);
	statvfs(path, &fs);
	check(fs.f_flag & ST_RDONLY, "%s is mounted read-only", path);
	snprintf(inside, sizeof(inside), "%s/x", path);
	check(mkdir(inside, 0700) < 0, "%s takes no entry", path);
}

static void masked_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char byte;
	ssize_t n = fd < 0 ? -1 : read(fd, &byte, 1);

	check(n <= 0, "%s gives nothing to read: %s", path, n ? strerror(errno) : "end of file");
	if (fd >= 0)
		close(fd);
}

static void is_masked(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		check(errno == ENOENT || errno == ENOTDIR, "%s is not there: %s", path,
		      strerror(errno));
	else if (S_ISDIR(st.st_mode))
		masked_directory(path);
	else
		masked_file(path);
}

/* Who owns files of the kernel is told that they are read-only, others before that. */
static bool is_refusal(int code, const struct expected *expected)
{
	return code == (expected->uid || expected->user_namespace ? EACCES : EROFS);
}

static void is_read_only(const char *path, const struct expected *expected)
{
	struct statvfs fs = {0};
	struct stat st;
	int code;

	if (stat(path, &st) < 0) {
		check(errno == ENOENT, "%s is not there: %s", path, strerror(errno));
		return;
	}
	statvfs(path, &fs);
	check(fs.f_flag & ST_RDONLY, "%s is mounted read-only", path);
	check((fs.f_flag & (ST_NOSUID | ST_NODEV | ST_NOEXEC)) ==
		      (ST_NOSUID | ST_NODEV | ST_NOEXEC),
	      "%s is nosuid, nodev, noexec", path);
	if (S_ISDIR(st.st_mode))
		return;
	code = open_error(path, O_WRONLY);
	check(is_refusal(code, expected), "%s cannot be opened for writing: %s", path,
	      strerror(code));
}

static void cannot_write(const char *path, const struct expected *expected)
{
	int code = open_error(path, O_WRONLY);

	check(code == EROFS || code == ENOENT || is_refusal(code, expected),
	      "%s cannot be opened for writing: %s", path, strerror(code));
}

static void cpus(void)
{
	char path[128];
	struct stat st;

	for (int cpu = 0; cpu < 4096; cpu++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d", cpu);
		if (stat(path, &st) < 0)
			return;
		strcat(path, "/thermal_throttle");
		is_masked(path);
	}
}

void probe_paths(const struct expected *expected)
{
	static const char *const dangerous[] = {
		"/proc/sys/kernel/core_pattern",
		"/proc/sys/kernel/modprobe",
		"/proc/sys/kernel/hostname",
		"/proc/sys/vm/panic_on_oom",
		"/proc/sys/fs/binfmt_misc/register",
		"/sys/kernel/uevent_helper",
		"/sys/kernel/mm/transparent_hugepage/enabled",
		"/sys/power/state",
	};

	if (expected->privileged) {
		int code = open_error("/proc/kcore", O_RDONLY);

		check(code == 0 || code == ENOENT || code == EPERM, "/proc/kcore is there: %s",
		      strerror(code));
		return;
	}
	for (size_t i = 0; i < sizeof(masked) / sizeof(*masked); i++)
		is_masked(masked[i]);
	cpus();
	for (size_t i = 0; i < sizeof(read_only) / sizeof(*read_only); i++)
		is_read_only(read_only[i], expected);
	for (size_t i = 0; i < sizeof(dangerous) / sizeof(*dangerous); i++)
		cannot_write(dangerous[i], expected);
}
