// SPDX-License-Identifier: GPL-2.0-or-later
/* image: become stack-image, the only program that reads foreign archives. */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "core/base/cleanup.h"
#include "core/base/program.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static int image_run(struct cli *cli, const void *args, char **operands, size_t n, struct err *err)
{
	CLEANUP(string_list_release) struct string_list argv = {.items = NULL};
	char program[PATH_MAX];
	int r;

	(void)args;
	r = program_find("stack-image", program, sizeof(program), err);
	if (r < 0)
		return r;
	if (setenv("STACK_ROOT", cli->paths.root, 1) < 0 ||
	    setenv("STACK_RUN", cli->paths.run, 1) < 0)
		return err_nomem(err);
	string_list_add(&argv, program);
	for (size_t i = 0; i < n; i++)
		string_list_add(&argv, operands[i]);
	string_list_add(&argv, NULL);
	execv(program, (char *const *)argv.items);
	return err_sys(err, errno, "run '%s'", program);
}

const struct command command_image = {
	.name = "image",
	.operands = "import|ls|df|save|tag|rm|prune [ARGUMENT…]",
	.help = "Import, list, save and remove images; 'stack image --help' tells more",
	.max_operands = COMMAND_ANY,
	.first_operand_ends = true,
	.foreign_options = true,
	.run = image_run,
};
