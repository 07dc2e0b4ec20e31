// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/again.h"

#include "cmd/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

static void add_option(struct string_list *argv, const char *option, const char *value)
{
	if (!value)
		return;
	string_list_add(argv, option);
	string_list_add(argv, value);
}

static void add_list(struct string_list *argv, const char *option, const struct string_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		add_option(argv, option, list->items[i]);
}

void again_arguments(const struct cli *cli, const char *project, struct string_list *argv)
{
	const struct cli_globals *globals = &cli->globals;

	string_list_add(argv, "stack");
	add_option(argv, "--root", cli->paths.root);
	add_option(argv, "--run", cli->paths.run);
	add_list(argv, "-f", &globals->files);
	add_list(argv, "--env-file", &globals->env_files);
	add_list(argv, "--profile", &globals->profiles);
	add_option(argv, "--project-directory", globals->project_directory);
	add_option(argv, "-p", project);
}

int again_start(const char *program, const struct string_list *argv, int *ret_pidfd,
		struct err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	pid_t pid;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	r = posix_spawn(&pid, program, &actions, &attributes, (char *const *)argv->items, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (r)
		return err_sys(err, r, "run '%s'", argv->items[0]);
	*ret_pidfd = pidfd_open(pid, 0);
	return *ret_pidfd < 0 ? err_sys(err, errno, "watch '%s'", argv->items[0]) : 0;
}

int again_look(int pidfd, struct err *err)
{
	siginfo_t info = {.si_pid = 0};

	if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) < 0)
		return err_sys(err, errno, "wait for a command");
	if (info.si_pid == 0)
		return -EAGAIN;
	return info.si_code == CLD_EXITED && info.si_status == 0 ? 0 : 1;
}
