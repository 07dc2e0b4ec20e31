// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_LAUNCH_H
#define STACK_CORE_CONTAINER_LAUNCH_H

#include "core/container/spec.h"

struct err;

/*
 * Launch: the last steps of a process before it is a container's program
 *
 * The same for the first process of a container and for one that joins it.
 * When it is called the process is in all namespaces and cgroups, its root is
 * the container's, and it is root with all capabilities.
 */
struct launch {
	const struct container_spec *spec; /* sandbox, hostname */
	spec_strings argv, envp;
	const char *cwd, *user;
	spec_strings groups;
	uint64_t capabilities;
	int stdio[3];	 /* become 0, 1 and 2 */
	bool give_stdio; /* FIFOs and terminals among them become the user's, who may open
			    /dev/stdout then */
	bool tty;	 /* stdio[0] becomes the controlling terminal */
	bool init;	 /* with a reaper in front */
	bool keep;	 /* with nothing but one */
	char *title;	 /* see reaper_fork() */
	size_t title_len;
	uint64_t set_up_ns; /* for channel_send_ready() */
	int channel;	    /* channel.h; what happens is told there */
	int userns;	    /* for idmap_enter(); -1: none */
};

/*
 * The start of each process that will be launched: nobody inside may look into
 * it, signals are as a program expects them, it dies when its parent does.
 */
void launch_prepare(void);

_Noreturn void launch(const struct launch *launch);

/* Tell CHANNEL about a failure of ours, and end. */
_Noreturn void launch_fail(int channel, int exit_code, const struct err *err);

#endif
