// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/help.h"

#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <stdlib.h>

#define GLOBAL(field) offsetof(struct cli_globals, field)

const struct option_spec help_global_options[] = {
	{'f', "file", OPTION_LIST, GLOBAL(files), "FILE", "stack file; again for one on top"},
	{'p', "project-name", OPTION_STRING, GLOBAL(project_name), "NAME", "name of the project"},
	{0, "project-directory", OPTION_STRING, GLOBAL(project_directory), "DIR",
	 "where relative paths of the file start"},
	{0, "env-file", OPTION_LIST, GLOBAL(env_files), "FILE", "variables, instead of .env"},
	{0, "profile", OPTION_LIST, GLOBAL(profiles), "NAME", "a profile to activate"},
	{0, "progress", OPTION_STRING, GLOBAL(progress), "auto|tty|plain|json|quiet",
	 "how progress is shown"},
	{0, "ansi", OPTION_STRING, GLOBAL(ansi), "auto|never|always", "colours"},
	{0, "root", OPTION_STRING, GLOBAL(root), "DIR", "images, volumes, logs (/var/lib/stack)"},
	{0, "run", OPTION_STRING, GLOBAL(run), "DIR", "sockets and records (/run/stack)"},
	{0, "log-level", OPTION_STRING, GLOBAL(log_level), "error|warn|info|debug",
	 "how much is said about what goes on"},
	{0, "version", OPTION_FLAG, GLOBAL(version), NULL, "print the version"},
};
const size_t help_n_global_options = ARRAY_SIZE(help_global_options);

int help_print(void)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	strbuf_puts(&text, "Usage: stack [GLOBAL OPTION…] COMMAND [OPTION…] [ARGUMENT…]\n\n"
			   "Runs the services of a stack file (stack.yml, compose.yaml) as "
			   "containers.\n\nCommands:\n");
	commands_list(&text);
	strbuf_puts(&text, "\nGlobal options:\n");
	options_help(help_global_options, help_n_global_options, &text);
	strbuf_puts(&text, "\n'stack help COMMAND' tells more about a command.\n");
	return cli_output(&text, NULL);
}

static int help_run(struct cli *cli, const void *args, char **operands, size_t n, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const struct command *command;
	const char *suggestion = NULL;

	(void)cli;
	(void)args;
	if (n == 0)
		return help_print();
	command = command_find(operands[0], &suggestion);
	if (!command)
		return cli_usage_error("no command '%s'%s%s%s", operands[0],
				       suggestion ? "; did you mean '" : "",
				       suggestion ? suggestion : "", suggestion ? "'?" : "");
	command_usage(command, &text);
	return cli_output(&text, err);
}

const struct command command_help = {
	.name = "help",
	.operands = "[COMMAND]",
	.help = "Tell how a command is used",
	.max_operands = 1,
	.run = help_run,
};
