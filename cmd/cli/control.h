// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_CONTROL_H
#define STACK_CMD_CLI_CONTROL_H

#include <jansson.h>

struct cli;
struct err;

/*
 * Send MESSAGE (taken over; NULL: memory ran out) to the supervisor of PROJECT,
 * showing progress until it is done; DONE and NOTHING as in progress_end().
 *
 * -ENOENT: the project is not up.
 */
int control_request(struct cli *cli, const char *project, json_t *message, const char *done,
		    const char *nothing, struct err *err);

#endif
