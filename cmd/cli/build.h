// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_BUILD_H
#define STACK_CMD_CLI_BUILD_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct cli;
struct project;

/*
 * Build: images of services that say `build:`
 */

/*
 * Before the N SERVICES (0: all) of PROJECT come up: build the image of each of
 * them, and unless NO_DEPS of those they depend on, that has none in the store or
 * says 'pull_policy: build'.  ALWAYS: of all that say `build:`.
 *
 * Blocks: until it is built.
 */
int build_before_up(struct cli *cli, const struct project *project, char *const *services, size_t n,
		    bool no_deps, bool always, struct err *err);

#endif
