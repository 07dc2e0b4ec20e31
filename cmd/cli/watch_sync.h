// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_WATCH_SYNC_H
#define STACK_CMD_CLI_WATCH_SYNC_H

#include "core/base/err.h"

#include <signal.h>

struct watch_changes;
struct watch_item;

/*
 * Bring the CHANGES of ITEM into the container whose run directory is DIRECTORY, by
 * what `stack cp` does it with: what is there is copied, what is not there any more
 * is removed, a directory that was gone meanwhile is made anew.  1: it failed, and
 * why has been said.
 *
 * -ECANCELED: *STOP.  Blocks: until it is there.
 */
int watch_sync(const struct watch_item *item, const struct watch_changes *changes,
	       const char *directory, const volatile sig_atomic_t *stop, struct err *err);

#endif
