// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/again.h"

#include "cmd/cli/cli.h"
#include "cmd/cli/copy.h"

#include <fcntl.h>
#include <spawn.h>
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

int again_run(const char *program, const struct string_list *argv, struct err *err)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	r = posix_spawn(&pid, program, &actions, NULL, (char *const *)argv->items, environ);
	posix_spawn_file_actions_destroy(&actions);
	return r ? err_sys(err, r, "run '%s'", argv->items[0]) : copy_wait(pid, err);
}
