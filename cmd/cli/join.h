// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_JOIN_H
#define STACK_CMD_CLI_JOIN_H

#include "cmd/cli/options.h"
#include "core/base/err.h"

/*
 * Join: the command line of `stack-shim exec`, for `exec` and `run`
 */
#define JOIN_FAILED 125 /* exit status, as docker's: it was not the program that failed */

struct exec_args {
	bool detach, interactive, tty, no_tty, privileged;
	const char *user, *workdir;
	struct string_list env;
	int64_t index;
};

/*
 * RET_ARGV, NULL-terminated, runs the N WORDS in the container whose directory is
 * DIRECTORY; the first of it is the program to execute.
 *
 * -ENOENT: stack-shim is not there.
 */
int join_command(const struct exec_args *args, const char *directory, char *const *words, size_t n,
		 struct string_list *ret_argv, struct err *err);

#endif
