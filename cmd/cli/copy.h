// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_COPY_H
#define STACK_CMD_CLI_COPY_H

#include "core/base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * Copy: two ends with a pipe between them (core/container/tree.h)
 *
 * An end is a path of the host, which is read or written by us; one in a
 * container, by stack-shim in its mount namespace; or a tar archive on standard
 * input or output, by stack-image.
 */
enum copy_kind { COPY_HOST, COPY_CONTAINER, COPY_TAR };

struct copy_end {
	enum copy_kind kind;
	const char *path;      /* COPY_TAR: not used */
	const char *directory; /* COPY_CONTAINER: its run directory */
};

struct copy_options {
	bool archive, follow;
	bool everything; /* COPY_CONTAINER to COPY_TAR: all of tree.h, of the root file system alone
			  */
	const volatile sig_atomic_t *stop; /* not 0: give up */
};

/*
 * Copy FROM to TO.  1: it failed, and the program of that end has said why.
 *
 * -ECANCELED: *stop.  Blocks: until it is done.
 */
int copy(const struct copy_end *from, const struct copy_end *to, const struct copy_options *options,
	 struct err *err);

/* Have SIGINT and SIGTERM end copies: RET is for `stop`, and becomes the signal's number. */
const volatile sig_atomic_t *copy_interruptible(void);

/*
 * The program of END: it sends, or receives, through what RET_FD is the other end
 * of.  To be waited for with copy_wait() after that is closed.
 */
int copy_spawn(const struct copy_end *end, bool send, const struct copy_options *options,
	       pid_t *ret_pid, int *ret_fd, struct err *err);

/* 0, or 1 when it failed, after its sentence.  Blocks: for it. */
int copy_wait(pid_t pid, struct err *err);

#endif
