// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_SUPERVISOR_H
#define STACK_CORE_SUPERVISE_SUPERVISOR_H

#include <stdbool.h>
#include <uv.h>

#include "core/base/err.h"
#include "core/base/paths.h"
#include "core/converge/driver.h"

/*
 * Supervisor: keeps one project as its stack file says
 *
 * It owns a unit for every container, a control socket, and at most one
 * operation at a time; everything it knows is in the records and the kernel as
 * well, so that it may die at any moment and the next one goes on.
 */
struct supervisor;

struct supervisor_options {
	const char *project;
	const struct paths *paths;
	uv_loop_t *loop;
	struct driver driver;
	int run_fd;	     /* <run>/<project>, borrowed */
	bool boot;	     /* the service manager started us: bring up what was enabled */
	bool only_if_needed; /* nobody asked for it but the guard of a dead one */
};

/*
 * Read what the last supervisor left, adopt the containers that run, resume
 * restart policies, and listen on <run>/<project>/control.sock.
 *
 * -ENODATA: `only_if_needed`, and there is nothing of the project: it was taken
 * down meanwhile.  -EBADMSG: desired.json is not to be understood; the sentence says what to do.
 */
int supervisor_new(const struct supervisor_options *options, struct supervisor **ret_supervisor,
		   struct err *err);

/* Asked to end by the service manager: stop all in order, then the loop ends. */
void supervisor_rest(struct supervisor *supervisor);

/* It made room for another one, which somebody has to start. */
bool supervisor_has_left(const struct supervisor *supervisor);

/*
 * The project was taken down, and the loop was stopped for it.  False after any
 * other end of the loop.
 */
bool supervisor_is_down(const struct supervisor *supervisor);

/*
 * Stop listening and watching.  Containers run on.  The loop has to run once
 * more before it is closed.
 */
void supervisor_free(struct supervisor *supervisor);

#endif
