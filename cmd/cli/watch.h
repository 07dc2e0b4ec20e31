// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_WATCH_H
#define STACK_CMD_CLI_WATCH_H

#include "core/base/err.h"

#include <stddef.h>

struct cli;
struct project;

/*
 * For `up --watch`: watch the files of PROJECT's N SERVICES (0: all) in a child
 * process, which goes when we do.  RET_PIDFD is for watch_end().
 *
 * -EINVAL: none of them says what to watch.
 */
int watch_start(struct cli *cli, const struct project *project, char **services, size_t n,
		int *ret_pidfd, struct err *err);

/* End it, and close PIDFD; -1: there is none.  Blocks: until it has ended. */
void watch_end(int pidfd);

#endif
