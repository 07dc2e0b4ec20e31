// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_RUN_H
#define STACK_CORE_SUPERVISE_RUN_H

#include "core/converge/driver.h"

struct unit;

/*
 * Run: a program of ours inside a container, on the loop
 *
 * Health checks and hooks are such programs.  What one prints is read along,
 * and the end of it is kept for whoever has to say why it failed.
 */
struct run;

struct run_result {
	int code;	  /* exit status, 128 + signal; 124: the time limit, as timeout(1) */
	const char *last; /* the end of what it printed, without blanks behind; valid in DONE */
};

/*
 * Start PROBE in the container of UNIT; DONE is called once, when it has ended,
 * and the run is gone then.  NULL: it could not be started, and ERR says why.
 */
struct run *run_start(struct unit *unit, const struct probe *probe,
		      void (*done)(void *data, const struct run_result *result), void *data,
		      struct err *err);

/*
 * Lose interest: DONE is not called.  The program ends by its own time limit,
 * or with the container.  NULL is fine.
 */
void run_free(struct run *run);

#endif
