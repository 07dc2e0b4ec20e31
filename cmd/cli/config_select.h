// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_CONFIG_SELECT_H
#define STACK_CMD_CLI_CONFIG_SELECT_H

#include "core/base/err.h"

#include <stddef.h>

struct project;

/*
 * Leave only the N services NAMES in PROJECT, and those they depend on; all of
 * them when N is 0.  -ENOENT: there is no such service.
 */
int config_select(struct project *project, char **names, size_t n, struct err *err);

#endif
