// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_SHIM_EXEC_OPTIONS_H
#define STACK_CMD_SHIM_EXEC_OPTIONS_H

#include "core/container/spec.h"

struct err;

/* The command line of `stack-shim exec`; see core/container/shim.h. */
struct exec_options {
	bool tty, interactive, privileged, detach;
	const char *user, *cwd; /* NULL: as the container */
	spec_strings variables; /* KEY=VALUE or KEY, malloc'ed */
	int timeout_ms;		/* -1: none */
	const char *dir;
	spec_strings argv;
};

/* -EINVAL: not a valid command line. */
int exec_options_parse(int argc, char **argv, struct exec_options *ret_options, struct err *err);

/*
 * The container's environment BASE with the options' variables set in it; KEY
 * alone takes its value from our own environment.  malloc'ed, never freed.
 */
int exec_options_environment(const struct exec_options *options, spec_strings base,
			     spec_strings *ret_envp, struct err *err);

#endif
