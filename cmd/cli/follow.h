// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_FOLLOW_H
#define STACK_CMD_CLI_FOLLOW_H

#include <jansson.h>
#include <stddef.h>

#include "core/base/err.h"

struct cli;
struct uses;

/*
 * What a supervisor needs to follow the files of USES (control.h, "follow"): how
 * this command was called, with OPTIONS behind `up`, and where.  An object that
 * the caller owns.
 */
int follow_options(const struct cli *cli, const struct uses *uses, const char *project,
		   const char *const *options, size_t n, json_t **ret_follow, struct err *err);

#endif
