// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_WATCH_H
#define STACK_CMD_CLI_WATCH_H

#include "core/base/err.h"

#include <stddef.h>

struct cli;
struct project;

struct watch;

/*
 * For `up --watch`: note from now on what changes below what PROJECT's N SERVICES (0:
 * all) say; nothing is done about it yet.  PROJECT and SERVICES are borrowed.
 *
 * -EINVAL: none of them says what to watch.
 */
int watch_new(struct cli *cli, const struct project *project, char **services, size_t n,
	      struct watch **ret_watch, struct err *err);
void watch_free(struct watch *watch);
void watch_cleanup(struct watch **watch); /* for CLEANUP() */

/* Do it in a child process, which goes when we do.  RET_PIDFD is for watch_end(). */
int watch_start(struct watch *watch, int *ret_pidfd, struct err *err);

/* End it, and close PIDFD; -1: there is none.  Blocks: until it has ended. */
void watch_end(int pidfd);

#endif
