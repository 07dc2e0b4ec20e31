// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/subprocess.h"

#include "core/base/cleanup.h"
#include "core/container/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define EXEC_FAILED 127

static bool separate(const struct subprocess_command *command)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return false;
	return !command->over || mount(command->shown, command->over, NULL, MS_BIND, NULL) == 0 ||
	       errno == ENOENT;
}

/* Our environment with TMPDIR, the variable in ENTRY instead of ours. */
static char **environment(char *entry)
{
	size_t n = 0, out = 1;
	char **all;

	while (environ[n])
		n++;
	all = calloc(n + 2, sizeof(*all));
	if (!all)
		return NULL;
	all[0] = entry;
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "TMPDIR=", strlen("TMPDIR=")) != 0)
			all[out++] = environ[i];
	return all;
}

/* Nothing but system calls from here to the program. */
_Noreturn static void become(const struct subprocess_command *command, char *const *variables,
			     int output, int input)
{
	sigset_t none;

	sigemptyset(&none);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (command->flags & SUBPROCESS_APART && !separate(command))
		_exit(EXEC_FAILED);
	if (setsid() < 0 || chdir(command->directory) < 0 || dup2(input, STDIN_FILENO) < 0 ||
	    dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0 ||
	    sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		_exit(EXEC_FAILED);
	execve(command->argv[0], (char *const *)(uintptr_t)command->argv, variables);
	_exit(EXEC_FAILED);
}

int subprocess_start(const struct subprocess_command *command, struct subprocess *ret,
		     struct err *err)
{
	CLEANUP_FD int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CLEANUP_FD int read_end = -1, write_end = -1;
	uint64_t namespaces = 0;
	char temporary[PATH_MAX + sizeof("TMPDIR=")];
	CLEANUP_FREE char **variables = NULL;
	int ends[2], pidfd = -1;
	pid_t pid;

	if (command->temporary) {
		snprintf(temporary, sizeof(temporary), "TMPDIR=%s", command->temporary);
		variables = environment(temporary);
		if (!variables)
			return err_nomem(err);
	}
	if (input < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "create a pipe");
	read_end = ends[0];
	write_end = ends[1];
	if (command->flags & SUBPROCESS_APART)
		namespaces |= CLONE_NEWPID | CLONE_NEWNS;
	if (command->flags & SUBPROCESS_NO_NETWORK)
		namespaces |= CLONE_NEWNET;
	pid = sys_clone3(namespaces, -1, &pidfd);
	if (pid < 0)
		return err_sys(err, errno, "start '%s'", command->argv[0]);
	if (pid == 0)
		become(command, variables ? variables : environ, write_end, input);
	*ret = (struct subprocess){.pidfd = pidfd, .output = TAKE_FD(read_end)};
	return 0;
}

int subprocess_wait(struct subprocess *process)
{
	siginfo_t info = {.si_code = 0};

	while (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED) < 0 && errno == EINTR)
		;
	close(process->output);
	close(process->pidfd);
	*process = (struct subprocess)SUBPROCESS_INIT;
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

void subprocess_kill(const struct subprocess *process)
{
	if (process->pidfd >= 0)
		(void)pidfd_send_signal(process->pidfd, SIGKILL, NULL, 0);
}

void subprocess_release(struct subprocess *process)
{
	if (process->pidfd < 0)
		return;
	subprocess_kill(process);
	subprocess_wait(process);
}

int subprocess_find(const char *program, char *ret_path, size_t size)
{
	const char *path = getenv("PATH");

	for (path = path ? path : "/usr/bin:/bin"; *path;) {
		size_t len = strcspn(path, ":");
		int n = snprintf(ret_path, size, "%.*s/%s", (int)len, path, program);

		if (n > 0 && (size_t)n < size && *path == '/' && access(ret_path, X_OK) == 0)
			return 0;
		path += len + (path[len] == ':');
	}
	return -ENOENT;
}
