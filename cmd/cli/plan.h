// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_PLAN_H
#define STACK_CMD_CLI_PLAN_H

#include <jansson.h>
#include <stdbool.h>

struct cli;
struct err;

/*
 * Send the "plan" REQUEST to PROJECT's supervisor and print what it answers.
 * Returns like a command: 0 nothing would change, 3 something would.
 */
int plan_print(struct cli *cli, const char *project, const json_t *request, bool as_json,
	       struct err *err);

#endif
