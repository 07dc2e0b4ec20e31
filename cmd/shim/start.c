// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/shim/command.h"
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/shim.h"
#include "core/container/sys.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>

int protect_executable(char **argv, struct err *err)
{
	CLEANUP_FD int exe = open("/proc/self/exe", O_PATH | O_CLOEXEC), mount = -1;
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	struct statvfs fs;

	if (exe < 0 || fstatvfs(exe, &fs) < 0)
		return err_sys(err, errno, "look at our own executable");
	if (fs.f_flag & ST_RDONLY) {
		/* An executable that has no name leaves the process without one too. */
		prctl(PR_SET_NAME, "stack-shim", 0, 0, 0);
		return 0;
	}
	mount = sys_open_tree(exe, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (mount < 0 || sys_mount_setattr(mount, 0, &attr) < 0)
		return err_sys(err, errno, "mount our own executable read-only (are you root?)");
	sys_execveat(mount, "", argv, environ, AT_EMPTY_PATH);
	return err_sys(err, errno, "execute ourselves again");
}

void become_background(void)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3; fd++)
		if (null != fd)
			dup3(null, fd, 0);
	/* Nobody gave us one of these: then nothing else may get its number. */
	for (int fd = SHIM_REPORT_FD; fd <= SHIM_START_FD; fd++) {
		if (null != fd && fcntl(fd, F_GETFD) < 0)
			dup3(null, fd, O_CLOEXEC);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	sys_close_range(SHIM_START_FD + 1, ~0U, 0);
	setsid();
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &ignore, NULL);
}

static void report(const char *line)
{
	close(SHIM_START_FD);
	fd_write_all(SHIM_REPORT_FD, line, strlen(line));
	close(SHIM_REPORT_FD);
}

void report_ok(pid_t pid, uint64_t start, uint64_t setup_us)
{
	char line[80];

	snprintf(line, sizeof(line), "ok %d %" PRIu64 " %" PRIu64 "\n", (int)pid, start, setup_us);
	report(line);
}

void report_error(const struct err *err)
{
	char line[sizeof(err->msg) + 32];

	snprintf(line, sizeof(line), "error %d %s\n", err->code, err->msg);
	/* The protocol is one line; the sentence may quote a name that holds a newline. */
	for (char *p = line; p[0] && p[1]; p++)
		if (*p == '\n')
			*p = ' ';
	report(line);
}

int loaded_spec_read(int dirfd, struct loaded_spec *ret_loaded, struct err *err)
{
	CLEANUP_FREE char *data = NULL;
	size_t len = 0;
	int r;

	r = fd_read_file(dirfd, "spec", SPEC_MAX, &data, &len, err);
	if (r == 0)
		r = container_spec_decode(data, len, &ret_loaded->spec, err);
	if (r == 0)
		ret_loaded->data = TAKE_PTR(data);
	return r;
}

void loaded_spec_release(struct loaded_spec *loaded)
{
	container_spec_release(&loaded->spec);
	free(loaded->data);
	loaded->data = NULL;
}
