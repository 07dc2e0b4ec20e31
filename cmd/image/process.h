// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_IMAGE_PROCESS_H
#define STACK_CMD_IMAGE_PROCESS_H

#include "cmd/image/events.h"
#include "core/base/err.h"

/*
 * Process: a part of stack-image with fewer rights than the rest
 *
 *	r = process_start(&process, &out, err);
 *	if (r == 0)
 *		_exit(role_…(…, out));		the new process
 *	…					r > 0: the old one reads process.events
 *	r = process_wait(&process, "downloads", err);
 */
struct process {
	int pidfd;
	struct events events;
};

#define PROCESS_INIT                                                                               \
	{                                                                                          \
		.pidfd = -1, .events = EVENTS_INIT                                                 \
	}

/*
 * 0 in the new process, whose events go into RET_OUT; 1 in the old one.  The new one gets
 * SIGKILL when the old one ends.
 */
int process_start(struct process *process, int *ret_out, struct err *err);

/* Send it SIGNAL, unless it is gone. */
void process_signal(const struct process *process, int signal);

/* -EIO: it was ended; WHAT it does is for the sentence.  Blocks: until it is gone. */
int process_wait(struct process *process, const char *what, struct err *err);
void process_release(struct process *process);

/* A pipe that takes much before its writer has to wait. */
int process_pipe(int ret_fds[2], struct err *err);

#endif
