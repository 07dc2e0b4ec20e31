// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_SUBPROCESS_H
#define STACK_CMD_CLI_SUBPROCESS_H

#include "core/base/err.h"

#include <stddef.h>

/*
 * Subprocess: another program that works for us, with what it says on a pipe
 *
 * It dies with us, however we end.  One that is APART has its own process ids
 * and mounts besides, so that with it all it has started and mounted is gone.
 */
struct subprocess {
	int pidfd; /* -1: none */
	int output;
};

#define SUBPROCESS_INIT                                                                            \
	{                                                                                          \
		.pidfd = -1, .output = -1                                                          \
	}

enum subprocess_flags {
	SUBPROCESS_APART = 1,
	SUBPROCESS_NO_NETWORK = 2,
};

struct subprocess_command {
	const char *const *argv; /* NULL-terminated, argv[0] being the program's path */
	const char *directory;	 /* where it runs */
	unsigned int flags;	 /* those above */
	const char *temporary;	 /* its TMPDIR; NULL: ours */
	/* Of one that is APART: the directory that it sees in the place of another, if that exists.
	 */
	const char *shown, *over; /* NULL: none */
};

/*
 * Start COMMAND in a session of its own, with standard output and error on
 * ret->output.
 */
int subprocess_start(const struct subprocess_command *command, struct subprocess *ret,
		     struct err *err);

/* Its exit status; 128 and the signal's number where that ended it.  Blocks: until it ends. */
int subprocess_wait(struct subprocess *process);

/* End it at once; what has ended is left alone. */
void subprocess_kill(const struct subprocess *process);

/* Ends and awaits one that still runs. */
void subprocess_release(struct subprocess *process);

/*
 * The path of PROGRAM by the directories in PATH.  -ENOENT: none has it.
 */
int subprocess_find(const char *program, char *ret_path, size_t size);

#endif
