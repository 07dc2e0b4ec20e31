// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_COMMANDS_H
#define STACK_CMD_CLI_COMMANDS_H

#include "cmd/cli/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli;
struct strbuf;

/*
 * Commands: a row each, in the order `stack help` shows them
 */
struct command {
	const char *name;
	const char *operands; /* "[SERVICE…]", for the usage line */
	const char *help;     /* one line */
	const struct option_spec *options;
	size_t n_options;
	size_t args_size; /* of the struct that the options fill */
	size_t min_operands, max_operands;
	bool first_operand_ends; /* what follows the first operand is no option of ours */
	bool foreign_options;	 /* another program's: even options are operands */

	/*
	 * ARGS is the filled struct.  Returns the exit status, or -errno with a
	 * sentence in ERR, which is then printed and makes the exit status 1.
	 */
	int (*run)(struct cli *cli, const void *args, char **operands, size_t n, struct err *err);
};

#define COMMAND_ANY SIZE_MAX /* max_operands: as many as one likes */

/* All of them, in the order in which help lists them. */
// clang-format off
#define COMMANDS(X) \
	X(up) \
	X(down) \
	X(ps) \
	X(logs) \
	X(exec) \
	X(cp) \
	X(run) \
	X(start) \
	X(stop) \
	X(restart) \
	X(kill) \
	X(rm) \
	X(pull) \
	X(push) \
	X(build) \
	X(commit) \
	X(export) \
	X(scale) \
	X(watch) \
	X(config) \
	X(check) \
	X(plan) \
	X(graph) \
	X(heal) \
	X(why) \
	X(image) \
	X(images) \
	X(login) \
	X(logout) \
	X(inspect) \
	X(ls) \
	X(port) \
	X(net) \
	X(hosts) \
	X(capture) \
	X(events) \
	X(enable) \
	X(disable) \
	X(supervisor) \
	X(version) \
	X(help)
// clang-format on

#define X(name) extern const struct command command_##name;
COMMANDS(X)
#undef X

/* NULL when there is none; *RET_SUGGESTION (may be NULL) is then a near name or NULL. */
const struct command *command_find(const char *name, const char **ret_suggestion);

/* Read ARGV, argv[0] being the command's name, and run it.  Returns the exit status. */
int commands_run(const struct command *command, struct cli *cli, int argc, char **argv);

/* The command's help text. */
void command_usage(const struct command *command, struct strbuf *out);

/* The list of all commands, a line each. */
void commands_list(struct strbuf *out);

#endif
