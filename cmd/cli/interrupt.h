// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_INTERRUPT_H
#define STACK_CMD_CLI_INTERRUPT_H

#include "core/base/paths.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Interrupt: Ctrl-C in front of a running project
 *
 * The first Ctrl-C (or SIGTERM) has the supervisor stop the containers in
 * order, the second one kills them.  The signals are blocked and read from a
 * descriptor, so nothing happens in a handler.
 */
struct interrupt {
	int fd; /* readable: call interrupt_serve(); -1: not initialised */
	unsigned int count;
	int stop_fd; /* where the answer to "stop" comes; -1: not asked yet */
	const struct paths *paths;
	const char *project;
	char *const *services; /* what is stopped; n_services 0: everything */
	size_t n_services;
	int64_t timeout_s; /* -1: what the stack file says */
};

#define INTERRUPT_INIT                                                                             \
	{                                                                                          \
		.fd = -1, .stop_fd = -1, .timeout_s = -1                                           \
	}

/* Block SIGINT and SIGTERM and open the descriptor; the other fields are the caller's to fill. */
int interrupt_init(struct interrupt *interrupt, struct err *err);

/* Restores the default treatment of the signals. */
void interrupt_release(struct interrupt *interrupt);

/* A signal is there: ask for the stop, or for the kill. */
void interrupt_serve(struct interrupt *interrupt);

/* Ask for the stop as if Ctrl-C had been pressed. */
void interrupt_stop(struct interrupt *interrupt);

#endif
