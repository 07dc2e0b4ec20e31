// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/join.h"

#include "core/base/program.h"

#include <limits.h>
#include <unistd.h>

/* The shim's own options and operands (core/container/shim.h). */
static void add_options(struct string_list *argv, const struct exec_args *args)
{
	bool tty = args->tty || (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO));

	string_list_add(argv, "exec");
	if (args->detach)
		string_list_add(argv, "-d");
	else
		string_list_add(argv, "-i");
	if (tty && !args->no_tty && !args->detach)
		string_list_add(argv, "-t");
	if (args->privileged)
		string_list_add(argv, "--privileged");
	if (args->user) {
		string_list_add(argv, "-u");
		string_list_add(argv, args->user);
	}
	if (args->workdir) {
		string_list_add(argv, "-w");
		string_list_add(argv, args->workdir);
	}
	for (size_t i = 0; i < args->env.n; i++) {
		string_list_add(argv, "-e");
		string_list_add(argv, args->env.items[i]);
	}
}

int join_command(const struct exec_args *args, const char *directory, char *const *words, size_t n,
		 char ret_program[PATH_MAX], struct string_list *ret_argv, struct err *err)
{
	int r = program_find("stack-shim", ret_program, PATH_MAX, err);

	if (r < 0)
		return r;
	string_list_add(ret_argv, ret_program);
	add_options(ret_argv, args);
	string_list_add(ret_argv, directory);
	string_list_add(ret_argv, "--");
	for (size_t i = 0; i < n; i++)
		string_list_add(ret_argv, words[i]);
	string_list_add(ret_argv, NULL);
	return 0;
}
