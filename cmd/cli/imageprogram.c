// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/imageprogram.h"

#include "cmd/cli/cli.h"
#include "core/base/cleanup.h"
#include "core/base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

int imageprogram_environment(const struct cli *cli, struct err *err)
{
	if (setenv("STACK_ROOT", cli->paths.root, 1) < 0 ||
	    setenv("STACK_RUN", cli->paths.run, 1) < 0)
		return err_nomem(err);
	return 0;
}

int imageprogram_find(const struct cli *cli, char ret_program[PATH_MAX],
		      struct string_list *ret_argv, struct err *err)
{
	int r = program_find("stack-image", ret_program, PATH_MAX, err);

	if (r == 0)
		r = imageprogram_environment(cli, err);
	if (r < 0)
		return r;
	string_list_add(ret_argv, ret_program);
	return 0;
}

void imageprogram_add_progress(const struct cli *cli, bool quiet, struct string_list *argv)
{
	static const char *const names[] = {[PROGRESS_AUTO] = "auto",
					    [PROGRESS_TTY] = "tty",
					    [PROGRESS_PLAIN] = "plain",
					    [PROGRESS_JSON] = "json",
					    [PROGRESS_QUIET] = "quiet"};

	string_list_add(argv, "--progress");
	string_list_add(argv, names[quiet ? PROGRESS_QUIET : cli->progress]);
}

int imageprogram_exec(const struct cli *cli, char *const *words, size_t n, struct err *err)
{
	CLEANUP(string_list_release) struct string_list argv = {.items = NULL};
	char program[PATH_MAX];
	int r = imageprogram_find(cli, program, &argv, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		string_list_add(&argv, words[i]);
	string_list_add(&argv, NULL);
	execv(argv.items[0], (char *const *)argv.items);
	return err_sys(err, errno, "run '%s'", argv.items[0]);
}

int imageprogram_run(const struct string_list *argv, int *ret_status, struct err *err)
{
	posix_spawn_file_actions_t actions;
	CLEANUP_FD int pidfd = -1;
	siginfo_t info = {.si_code = 0};
	pid_t pid;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	r = posix_spawn(&pid, argv->items[0], &actions, NULL, (char *const *)argv->items, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		return err_sys(err, r, "run '%s'", argv->items[0]);
	pidfd = pidfd_open(pid, 0);
	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "wait for '%s'", argv->items[0]);
	if (info.si_code != CLD_EXITED) {
		raise(info.si_status);
		return err_set(err, EINTR, "'%s' was ended by a signal", argv->items[0]);
	}
	*ret_status = info.si_status;
	return 0;
}
