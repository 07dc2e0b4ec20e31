// SPDX-License-Identifier: GPL-2.0-or-later
/* image: become stack-image, the only program that reads foreign archives. */
#include "cmd/cli/commands.h"
#include "cmd/cli/imageprogram.h"

static int image_run(struct cli *cli, const void *args, char **operands, size_t n, struct err *err)
{
	(void)args;
	return imageprogram_exec(cli, operands, n, err);
}

const struct command command_image = {
	.name = "image",
	.operands = "pull|push|import|ls|df|save|tag|rm|prune [ARGUMENT…]",
	.help = "Pull, push, import, list, save and remove images; 'stack image --help' tells more",
	.max_operands = COMMAND_ANY,
	.first_operand_ends = true,
	.foreign_options = true,
	.run = image_run,
};
