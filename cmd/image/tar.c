// SPDX-License-Identifier: GPL-2.0-or-later
/* tar: a tar archive on one side, what `stack cp` speaks on the other. */
#include "cmd/image/command.h"
#include "cmd/image/harden.h"
#include "store/import/tree_tar.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int run(const struct paths *paths, int argc, char **argv, struct err *err)
{
	bool send = argc == 2 && strcmp(argv[1], "send") == 0;
	int r;

	if (!send && (argc != 2 || strcmp(argv[1], "receive") != 0)) {
		fputs("stack: usage: stack image tar send|receive\n", stderr);
		return COMMAND_USAGE;
	}
	r = harden(paths, -1, err);
	if (r < 0)
		return r;
	return send ? tree_tar_read(STDIN_FILENO, STDOUT_FILENO, err)
		    : tree_tar_write(STDIN_FILENO, STDOUT_FILENO, err);
}

const struct command command_tar = {
	.name = "tar",
	.operands = "send|receive",
	.help = "    for 'stack cp', which reads and writes '-' by it",
	.run = run,
};
