// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_WATCH_ACT_H
#define STACK_CMD_CLI_WATCH_ACT_H

#include "core/base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

struct cli;
struct watch_files;
struct watch_item;

/*
 * Watch act: what a rule says, done
 *
 * A build takes minutes, and the kernel keeps only so many events: while a program
 * is at work they are read, and noted for the next time.
 */
struct watch_actor {
	struct cli *cli;
	const char *project;
	struct watch_files *files;
	const sigset_t *outside;	   /* to wait with: lets Ctrl-C in */
	const volatile sig_atomic_t *stop; /* how many times that came */
	bool quiet, prune;		   /* watch's options */
};

/*
 * Do what ITEM's rule says about its changes, in each container of its service,
 * and say so.  They are taken: what changes meanwhile is for the next time.  What
 * goes wrong is said, and not an error: the file may be saved again.
 *
 * -ECANCELED: *stop.  Blocks: until it is done.
 */
int watch_act(const struct watch_actor *actor, struct watch_item *item, struct err *err);

/*
 * `up -d` of the N SERVICES, 0: all.  1: it failed, which it has said why.
 *
 * -ECANCELED: *stop.  Blocks: until they are up.
 */
int watch_bring_up(const struct watch_actor *actor, char *const *services, size_t n,
		   struct err *err);

#endif
