// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_SHOWN_H
#define STACK_STORE_REGISTRY_SHOWN_H

#include <stdbool.h>
#include <stdint.h>

/* Shown: what a watcher was told last of a blob; zeros at first */
struct shown {
	const char *action; /* static */
	uint64_t bytes;
};

/* Is this something new?  Then it is what is shown now. */
bool shown_update(struct shown *shown, const char *action, uint64_t bytes);

#endif
