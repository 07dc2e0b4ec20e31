// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_WATCH_ACT_H
#define STACK_CMD_CLI_WATCH_ACT_H

#include "core/base/err.h"

#include <signal.h>

struct cli;
struct watch_item;

/*
 * Do what ITEM's rule says about its changes, in each container of its service
 * that runs, and say so.  What goes wrong is said, and not an error: the file may be
 * saved again.
 *
 * -ECANCELED: *STOP.  Blocks: until it is done.
 */
int watch_act(struct cli *cli, const char *project, struct watch_item *item,
	      const volatile sig_atomic_t *stop, struct err *err);

#endif
