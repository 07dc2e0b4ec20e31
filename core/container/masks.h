// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_MASKS_H
#define STACK_CORE_CONTAINER_MASKS_H

struct err;

/*
 * Masks: the parts of /proc and /sys that show or move the host
 *
 * Hide what Docker hides and make read-only what Docker makes read-only, below
 * ROOT; DEV is the container's /dev (see devices_open_null()).  What this
 * kernel does not have is left out; a link in such a place is an error.
 */
int masks_apply(int root, int dev, struct err *err);

#endif
