// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_IMAGE_INTERRUPT_H
#define STACK_CMD_IMAGE_INTERRUPT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Interrupt: Ctrl-C for what has to tidy up first
 *
 * From interrupt_catch() on, the first of SIGINT, SIGTERM and SIGHUP is only
 * noted, and a call that waits returns with EINTR (signal(7)); the second one ends
 * the process as ever.  Signals that are ignored stay so.
 */
void interrupt_catch(void);

/* Has one come?  For struct stream_progress; DATA is nobody's. */
bool interrupted(void *data);

/* poll(2) without a timeout that no signal slips past: -1 and EINTR when one has come. */
int interrupt_poll(struct pollfd *fds, size_t n);

/* Where one has come, end the process by it, so that the parent sees what it was; else return. */
void interrupt_end(void);

#endif
