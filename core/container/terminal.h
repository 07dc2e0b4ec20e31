// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_TERMINAL_H
#define STACK_CORE_CONTAINER_TERMINAL_H

struct err;

/*
 * Terminal: a pseudo-terminal of the container's own devpts
 */

/*
 * Open a new pair in PTS, a descriptor of a devpts mount.  The slave is got
 * from the master itself: the name "/dev/pts/N" could be anything.
 */
int terminal_open(int pts, int *ret_master, int *ret_slave, struct err *err);

/* Make SLAVE the /dev/console of the container whose /dev is DEV. */
int terminal_bind_console(int dev, int slave, struct err *err);

/* The devpts at /dev/pts of the caller's root; an error when it is none. */
int terminal_find_pts(struct err *err);

#endif
