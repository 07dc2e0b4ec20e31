// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_ATTACH_H
#define STACK_CMD_CLI_ATTACH_H

#include "cmd/cli/logview.h"

#include <stdbool.h>

struct cli;
struct interrupt;

/*
 * Attach: show the logs of a project, and stay as long as it has something to say
 *
 * Following ends when no selected container is alive any more, when the project
 * is taken down, or when a stop that Ctrl-C asked for is done.  The death of
 * the supervisor ends nothing: a new one is connected to.
 */
struct attach_options {
	struct log_view_options view; /* `wanted` and `data` are filled in here */
	char *const *services;	      /* n_services 0: all */
	size_t n_services;
	struct interrupt *interrupt; /* NULL: Ctrl-C just ends the command */
	bool abort_on_exit;	     /* the first container that ends stops the others */
	const char *exit_code_from;  /* the service whose exit status is ours; NULL */
};

/*
 * Returns the exit status of the command, or:
 *
 * -ENOENT: the project is not up, or there is no such service.
 */
int attach(const struct cli *cli, const char *project, const struct attach_options *options,
	   struct err *err);

#endif
