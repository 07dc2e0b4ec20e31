// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/helper.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

struct pipes {
	int in[2], out[2];
};

static void pipes_close(struct pipes *pipes)
{
	int *const fds[] = {&pipes->in[0], &pipes->in[1], &pipes->out[0], &pipes->out[1]};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		cleanup_close(fds[i]);
		*fds[i] = -1;
	}
}

static int spawn(char *const *argv, const struct pipes *pipes, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes->in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, pipes->out[1], STDOUT_FILENO);
	r = posix_spawnp(ret_pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* The question is short enough for any pipe, so nobody waits for the other. */
static int converse(struct pipes *pipes, const char *input, char *answer, struct err *err)
{
	ssize_t n;
	int r = fd_write_all(pipes->in[1], input, strlen(input));

	if (r < 0 && r != -EPIPE)
		return err_sys(err, -r, "write to it");
	close(TAKE_FD(pipes->in[1]));
	n = fd_read_full(pipes->out[0], answer, HELPER_ANSWER_MAX);
	if (n < 0)
		return err_sys(err, (int)-n, "read from it");
	if ((size_t)n == HELPER_ANSWER_MAX)
		return err_set(err, EIO, "its answer is too long");
	answer[n] = '\0';
	return 0;
}

static int end_of(pid_t pid, const char *answer, struct err *err)
{
	siginfo_t info = {.si_code = 0};

	while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "wait for it");
	if (info.si_code == CLD_EXITED && info.si_status == 0)
		return 0;
	/* The only failure that is none: credentials.NewErrCredentialsNotFound. */
	if (strstr(answer, "credentials not found"))
		return err_set(err, ENOENT, "it has no password for this registry");
	return err_set(err, EIO, "it failed: %.*s", (int)strcspn(answer, "\n"), answer);
}

int helper_run(const char *name, const char *verb, const char *input, char **ret_answer,
	       struct err *err)
{
	CLEANUP(pipes_close) struct pipes pipes = {.in = {-1, -1}, .out = {-1, -1}};
	CLEANUP_FREE char *answer = malloc(HELPER_ANSWER_MAX + 1);
	char program[sizeof("docker-credential-") + TEXT_NAME_MAX];
	char *argv[] = {program, (char *)(uintptr_t)verb, NULL};
	struct err ended = ERR_INIT;
	pid_t pid;
	int r;

	if (!answer)
		return err_nomem(err);
	if (!text_is_name(name, TEXT_NAME_MAX) || strlen(input) > PIPE_BUF)
		return err_set(err, EINVAL, "'%.64s' is no credential helper", name);
	snprintf(program, sizeof(program), "docker-credential-%s", name);
	if (pipe2(pipes.in, O_CLOEXEC) < 0 || pipe2(pipes.out, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	r = spawn(argv, &pipes, &pid);
	if (r != 0)
		return err_set(err, EIO, "the credential helper '%s' does not start: %s", program,
			       strerror(r));
	close(TAKE_FD(pipes.in[0]));
	close(TAKE_FD(pipes.out[1]));
	r = converse(&pipes, input, answer, err);
	pipes_close(&pipes);
	if (r < 0)
		answer[0] = '\0';
	if (end_of(pid, answer, r < 0 ? &ended : err) < 0 && r == 0)
		r = -err->code;
	if (r < 0)
		return err_wrap(err, "credential helper '%s'", program);
	*ret_answer = TAKE_PTR(answer);
	return 0;
}
