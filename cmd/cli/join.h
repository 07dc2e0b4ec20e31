// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_JOIN_H
#define STACK_CMD_CLI_JOIN_H

#include "cmd/cli/options.h"
#include "core/base/err.h"

#include <limits.h>

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

/* The options for those of them that are in a struct exec_args at OFFSET of the command's own. */
#define JOIN_OPTIONS(offset)                                                                       \
	{'i',	      "interactive",                                                               \
	 OPTION_FLAG, (offset) + offsetof(struct exec_args, interactive),                          \
	 NULL,	      "keep standard input open, as always unless -d"},                            \
		{'t',	      "tty",                                                               \
		 OPTION_FLAG, (offset) + offsetof(struct exec_args, tty),                          \
		 NULL,	      "allocate a terminal (done when input and output are one)"},         \
		{'T',	      "no-tty",                                                            \
		 OPTION_FLAG, (offset) + offsetof(struct exec_args, no_tty),                       \
		 NULL,	      "allocate no terminal"},                                             \
		{'u',                                                                              \
		 "user",                                                                           \
		 OPTION_STRING,                                                                    \
		 (offset) + offsetof(struct exec_args, user),                                      \
		 "USER[:GROUP]",                                                                   \
		 "who runs it"},                                                                   \
		{'w',		"workdir",                                                         \
		 OPTION_STRING, (offset) + offsetof(struct exec_args, workdir),                    \
		 "DIR",		"where it runs"},                                                  \
	{                                                                                          \
		'e', "env", OPTION_LIST, (offset) + offsetof(struct exec_args, env), "KEY=VALUE",  \
			"environment variable; repeat"                                             \
	}

/*
 * RET_ARGV, NULL-terminated, runs the N WORDS in the container whose directory is
 * DIRECTORY, by RET_PROGRAM.  It points to all of these.
 *
 * -ENOENT: stack-shim is not there.
 */
int join_command(const struct exec_args *args, const char *directory, char *const *words, size_t n,
		 char ret_program[PATH_MAX], struct string_list *ret_argv, struct err *err);

#endif
