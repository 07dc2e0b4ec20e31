// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The supervisor is started below a guard (shim.h), in a session of its own, so
 * that neither the end of the terminal nor a crash leaves a project alone.  It
 * tells by one line on a pipe that it listens, or why it does not:
 *
 *	ready
 *	error SENTENCE
 *
 * Two commands may start one at the same moment.  The second supervisor finds
 * the lock taken, says "ready" when the first one listens, and ends.
 */
#include "cmd/cli/launch.h"

#include "cmd/cli/cli.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/program.h"
#include "core/supervise/control.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READY_FD	 3
#define READY_TIMEOUT_MS 20000
#define TRIES		 5 /* a supervisor that leaves costs one */

/*
 * Open <run>/<project>/supervisor.log for the supervisor's output, making the directory,
 * which one that is just leaving may remove in between.
 */
static int open_log(const struct paths *paths, const char *project, char *ret_path, size_t size,
		    int *ret_fd, struct err *err)
{
	char directory[PATH_MAX];
	int fd = -1, r;

	r = paths_join(directory, sizeof(directory), err, "%s/%s", paths->run, project);
	if (r == 0)
		r = paths_join(ret_path, size, err, "%s/supervisor.log", directory);
	for (int i = 0; r == 0 && fd < 0 && i < TRIES; i++) {
		r = fd_mkdir_p(directory, 0700, err);
		if (r < 0)
			return r;
		fd = open(ret_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 && errno != ENOENT)
			break;
	}
	if (r == 0 && fd < 0)
		r = err_sys(err, errno, "open '%s'", ret_path);
	*ret_fd = fd;
	return r;
}

static int spawn_detached(char **argv, int log_fd, int ready_fd, struct err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	pid_t pid;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, log_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, log_fd, STDERR_FILENO);
	posix_spawn_file_actions_adddup2(&actions, ready_fd, READY_FD);
	posix_spawn_file_actions_addchdir_np(&actions, "/");
	r = posix_spawn(&pid, argv[0], &actions, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return r ? err_sys(err, r, "start '%s'", argv[0]) : 0;
}

/* Read the supervisor's one line. */
static int wait_ready(int fd, const char *log, struct err *err)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char line[1024];
	size_t len = 0;

	while (len < sizeof(line) - 1 && !memchr(line, '\n', len)) {
		int r = poll(&poll_fd, 1, READY_TIMEOUT_MS);
		ssize_t n;

		if (r < 0 && errno == EINTR)
			continue;
		if (r == 0)
			return err_set(err, ETIMEDOUT,
				       "the supervisor did not become ready; '%s' may tell why",
				       log);
		n = read(fd, line + len, sizeof(line) - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (strcmp(line, "ready") == 0)
		return 0;
	if (strncmp(line, "error ", strlen("error ")) == 0)
		return err_set(err, EIO, "%s", line + strlen("error "));
	return err_set(err, EIO, "the supervisor ended before it was ready; '%s' may tell why",
		       log);
}

static int start_supervisor(const struct paths *paths, const char *project, struct err *err)
{
	char shim[PATH_MAX], supervisor[PATH_MAX], log[PATH_MAX];
	char *argv[] = {shim,
			(char *)"guard",
			(char *)"--",
			supervisor,
			(char *)"--project",
			(char *)project,
			(char *)"--root",
			(char *)paths->root,
			(char *)"--run",
			(char *)paths->run,
			(char *)"--ready-fd",
			(char *)"3",
			NULL};
	CLEANUP_FD int log_fd = -1, read_fd = -1, write_fd = -1;
	int r, ends[2];

	r = program_find("stack-shim", shim, sizeof(shim), err);
	if (r == 0)
		r = program_find("stack-supervisor", supervisor, sizeof(supervisor), err);
	if (r == 0)
		r = open_log(paths, project, log, sizeof(log), &log_fd, err);
	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "create a pipe");
	read_fd = ends[0];
	write_fd = ends[1];
	r = spawn_detached(argv, log_fd, write_fd, err);
	if (r < 0)
		return r;
	close(TAKE_FD(write_fd));
	return wait_ready(read_fd, log, err);
}

/*
 * A supervisor that ends in good order removes the directory.  One that died,
 * perhaps before it knew what to run, is followed by another one, which does.
 */
static bool was_up(const struct paths *paths, const char *project)
{
	char path[PATH_MAX];

	return paths_join(path, sizeof(path), NULL, "%s/%s", paths->run, project) == 0 &&
	       access(path, F_OK) == 0;
}

int launch_connect(const struct paths *paths, const char *project, bool start, int *ret_fd,
		   struct err *err)
{
	int r;

	r = cli_need_root(err);
	if (r < 0)
		return r;
	/* One that is just leaving is there when another one is to be started, and then gone. */
	for (int i = 0; r == 0; i++) {
		r = control_connect(paths, project, ret_fd, err);
		if (i == TRIES || (r != -ENOENT && r != -ECONNREFUSED))
			return r;
		if (!start && !was_up(paths, project))
			return err_set(err, ENOENT, "project '%s' is not up", project);
		r = start_supervisor(paths, project, err);
	}
	return r;
}
