// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/commands.h"

#include "cmd/cli/cli.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/base/text.h"

#include <stdlib.h>
#include <string.h>

static const struct command *const commands[] = {
#define X(name) &command_##name,
	COMMANDS(X)
#undef X
};

const struct command *command_find(const char *name, const char **ret_suggestion)
{
	const char *names[ARRAY_SIZE(commands)];

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
		names[i] = commands[i]->name;
	}
	if (ret_suggestion)
		*ret_suggestion = text_suggest(name, names, ARRAY_SIZE(names));
	return NULL;
}

void commands_list(struct strbuf *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		strbuf_printf(out, "  %-10s %s\n", commands[i]->name, commands[i]->help);
}

void command_usage(const struct command *command, struct strbuf *out)
{
	strbuf_printf(out, "Usage: stack [GLOBAL OPTION…] %s [OPTION…]%s%s\n\n%s.\n\nOptions:\n",
		      command->name, command->operands ? " " : "",
		      command->operands ? command->operands : "", command->help);
	options_help(command->options, command->n_options, out);
}

static int wrong_operands(const struct command *command, size_t n, char **operands)
{
	if (n > command->max_operands)
		return cli_usage_error("%s: unexpected '%s'; see 'stack help %s'", command->name,
				       operands[command->max_operands], command->name);
	return cli_usage_error("usage: stack %s %s; see 'stack help %s'", command->name,
			       command->operands, command->name);
}

static int run_parsed(const struct command *command, struct cli *cli, const void *args,
		      char **operands, size_t n)
{
	struct err err = ERR_INIT;
	int r;

	if (n < command->min_operands || n > command->max_operands)
		return wrong_operands(command, n, operands);
	r = command->run(cli, args, operands, n, &err);
	if (r >= 0)
		return r;
	cli_say("%s", err.msg);
	return EXIT_FAILURE;
}

int commands_run(const struct command *command, struct cli *cli, int argc, char **argv)
{
	CLEANUP_FREE void *args = calloc(1, command->args_size + 1);
	CLEANUP(strbuf_release) struct strbuf usage = STRBUF_INIT;
	struct err err = ERR_INIT;
	int first = 0, r;

	if (!args)
		abort();
	if (command->foreign_options)
		return run_parsed(command, cli, args, argv + 1, (size_t)(argc - 1));
	r = options_parse(command->options, command->n_options, command->first_operand_ends, argc,
			  argv, args, &first, &err);
	if (r < 0) {
		r = cli_usage_error("%s: %s", command->name, err.msg);
	} else if (r > 0) {
		command_usage(command, &usage);
		r = cli_output(&usage, &err) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	} else {
		r = run_parsed(command, cli, args, argv + first, (size_t)(argc - first));
	}
	options_release(command->options, command->n_options, args);
	return r;
}
