// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_MODULES_H
#define STACK_NET_MODULES_H

/*
 * Modules: what the kernel does not load by itself
 *
 * Load the modules NAMES (up to a NULL) with the kernel's own helper, the one
 * that kernel.modprobe names.  Whether it helped is for the caller to look at:
 * a kernel without modules may have it all built in, and this does nothing.
 *
 * Blocks: for the helper, some milliseconds.
 */
void modules_load(const char *const *names);

#endif
