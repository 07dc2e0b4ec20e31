// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/shim/command.h"
#include "core/base/cleanup.h"
#include "core/container/program.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"run", command_run},	  {"adopt", command_adopt}, {"exec", command_exec},
	{"guard", command_guard}, {"cp", command_cp},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	fputs("stack-shim is started by stack; its commands are run, adopt, exec, guard and cp\n",
	      stderr);
	return PROGRAM_OURS_FAILED;
}
