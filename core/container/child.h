// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_CHILD_H
#define STACK_CORE_CONTAINER_CHILD_H

#include <stddef.h>
#include <stdint.h>

struct container_spec;

/*
 * Child: from clone3 to the program, in the first process of a container
 */

struct child {
	const struct container_spec *spec;
	char *title; /* our own argv, one block of memory, for the reaper to overwrite */
	size_t title_len;
	int channel;  /* channel.h */
	int userns;   /* idmap_open() */
	int stdio[3]; /* -1: the container's /dev/null.  With spec->tty none is used */
};

/* The flags for clone3(2): the namespaces that the container of SPEC has for itself. */
uint64_t child_namespaces(const struct container_spec *spec);

/* For the child of a clone3 with these, single-threaded. */
_Noreturn void child_run(const struct child *child);

#endif
