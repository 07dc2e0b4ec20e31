// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/help.h"
#include "core/base/cleanup.h"

#include <stdlib.h>

static int run(struct cli *cli, int argc, char **argv)
{
	const struct command *command;
	const char *suggestion = NULL;
	struct err err = ERR_INIT;
	int r;

	r = cli_init(cli, &err);
	if (r < 0)
		return cli_usage_error("%s", err.msg);
	if (r > 0)
		return r;
	if (cli->globals.version)
		return commands_run(&command_version, cli, 1, (char *[]){"version", NULL});
	if (argc == 0)
		return help_print(), CLI_USAGE;
	command = command_find(argv[0], &suggestion);
	if (!command && suggestion)
		return cli_usage_error("unknown command '%s'; did you mean '%s'?", argv[0],
				       suggestion);
	if (!command)
		return cli_usage_error("unknown command '%s'; see 'stack help'", argv[0]);
	return commands_run(command, cli, argc, argv);
}

int main(int argc, char **argv)
{
	struct cli cli = {.progress = PROGRESS_AUTO};
	struct err err = ERR_INIT;
	int first = 0, r;

	r = options_parse(help_global_options, help_n_global_options, true, argc, argv,
			  &cli.globals, &first, &err);
	if (r < 0)
		r = cli_usage_error("%s; see 'stack help'", err.msg);
	else if (r > 0)
		r = help_print() < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	else
		r = run(&cli, argc - first, argv + first);
	options_release(help_global_options, help_n_global_options, &cli.globals);
	return r;
}
