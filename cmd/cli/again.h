// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_AGAIN_H
#define STACK_CMD_CLI_AGAIN_H

#include "cmd/cli/options.h"

struct cli;

/*
 * Again: another command of ours, about the same project
 */

/*
 * Put "stack" and what this command was told before its name into ARGV: files,
 * profiles, directories, and PROJECT.  The strings stay the command line's.
 */
void again_arguments(const struct cli *cli, const char *project, struct string_list *argv);

/*
 * Start PROGRAM with ARGV, which a NULL ends, without standard input, and with the
 * signals as a shell has them, whatever we do with ours.
 */
int again_start(const char *program, const struct string_list *argv, int *ret_pidfd,
		struct err *err);

/* How it ended: 0, or 1 when it failed, which it has said why; -EAGAIN: it runs. */
int again_look(int pidfd, struct err *err);

/* Our own program, as PROGRAM. */
#define AGAIN_SELF "/proc/self/exe"

#endif
