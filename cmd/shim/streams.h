// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_SHIM_STREAMS_H
#define STACK_CMD_SHIM_STREAMS_H

#include "core/container/logfile.h"

#include <stdbool.h>

struct container_spec;

/*
 * Streams: a container's output, from its pipes to its log
 *
 * The pipes are FIFOs <dir>/stdout and <dir>/stderr, opened for reading and
 * writing on both sides: whoever dies, the other neither gets SIGPIPE nor an
 * end of file, and what is in the pipe waits for the next reader.
 */
struct streams {
	int fds[2];    /* stdout, stderr, or one terminal; -1 */
	int keep_open; /* a terminal's other end, so that it is never hung up */
	struct logfile log;
};

#define STREAMS_INIT                                                                               \
	{                                                                                          \
		.fds = {-1, -1}, .keep_open = -1, .log = LOGFILE_INIT                              \
	}

/* Open the log of SPEC and the FIFOs below DIRFD; made anew with CREATE.  With a
 * terminal, or without a log, there are no FIFOs. */
int streams_open(struct streams *streams, int dirfd, const struct container_spec *spec, bool create,
		 struct err *err);

/* The container's ends: stdin, stdout and stderr; -1 where it is to have /dev/null. */
int streams_open_other_ends(int dirfd, const struct container_spec *spec, int ret_stdio[3],
			    struct err *err);

/* Read from the terminal MASTER, which becomes the streams', too. */
void streams_set_terminal(struct streams *streams, int master);

/*
 * Log until the process of PIDFD (-1: gone already) has ended and nothing of
 * its output is left.  At SIGHUP, how large the log may be is read again from
 * the spec below DIRFD.
 *
 * Blocks: as long as that runs.
 */
void streams_log_until_end(struct streams *streams, int pidfd, int dirfd);

/* Remove the FIFOs. */
void streams_remove(int dirfd);

void streams_release(struct streams *streams);

#endif
