// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_SCALE_H
#define STACK_CMD_CLI_SCALE_H

#include <jansson.h>
#include <stddef.h>

#include "core/base/err.h"

/*
 * Read N texts "SERVICE=NUMBER" into RET_SCALE, an object the caller owns.
 *
 * -EINVAL: one is not of that form.
 */
int scale_parse(char *const *texts, size_t n, json_t **ret_scale, struct err *err);

#endif
