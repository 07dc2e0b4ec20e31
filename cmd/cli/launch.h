// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_LAUNCH_H
#define STACK_CMD_CLI_LAUNCH_H

#include "core/base/err.h"
#include "core/base/paths.h"

#include <stdbool.h>

/*
 * Launch: a supervisor where one is needed
 */

/*
 * Connect to PROJECT's supervisor, and start one first if none listens and
 * either START is true or the project is up (it has a desired.json, so its
 * supervisor died and is wanted back).
 *
 * -ENOENT: START is false and the project is not up.  -EPERM: not root.
 * Blocks: until the supervisor has taken over what runs and listens.
 */
int launch_connect(const struct paths *paths, const char *project, bool start, int *ret_fd,
		   struct err *err);

#endif
