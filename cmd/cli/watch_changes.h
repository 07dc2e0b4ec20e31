// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_WATCH_CHANGES_H
#define STACK_CMD_CLI_WATCH_CHANGES_H

#include <stddef.h>
#include <stdint.h>

/*
 * Watch changes: paths that have changed, until it is time to act
 *
 * A save is several events, a checkout of another branch thousands: what comes
 * without a pause of WATCH_QUIET_MS is one change, but for no longer than
 * WATCH_BURST_MS, so that who never stops writing is served as well.  Times are the
 * caller's, of clock_ms().
 */
#define WATCH_QUIET_MS 100
#define WATCH_BURST_MS 2000

struct watch_paths {
	char **items; /* relative, sorted; "" is all; none is below another one */
	size_t n;
};

struct watch_changes {
	struct watch_paths paths; /* all that have changed */
	struct watch_paths gone;  /* of these: were deleted or moved away, and may be there again */
	int64_t first_ms, last_ms;
};

/* Add PATH, copied: not again, and not what a directory that has changed contains. */
void watch_changes_add(struct watch_changes *changes, const char *path, int64_t now_ms);

/* The same of one that was deleted, or moved away. */
void watch_changes_remove(struct watch_changes *changes, const char *path, int64_t now_ms);

/* How long to wait still before acting on CHANGES: 0: now; -1: there are none. */
int64_t watch_changes_wait_ms(const struct watch_changes *changes, int64_t now_ms);

/* All of them, for the caller to clear; what comes from now on is for the next time. */
struct watch_changes watch_changes_take(struct watch_changes *changes);

/* There are none any more. */
void watch_changes_clear(struct watch_changes *changes);

#endif
