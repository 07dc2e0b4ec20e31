// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_SHIM_COMMAND_H
#define STACK_CMD_SHIM_COMMAND_H

#include "core/container/spec.h"

#include <sys/types.h>

/*
 * What the commands of stack-shim share; core/container/shim.h is their manual.
 * A command gets the arguments behind its name and returns the exit status.
 */
int command_run(int argc, char **argv);
int command_adopt(int argc, char **argv);
int command_exec(int argc, char **argv);
int command_guard(int argc, char **argv);

struct err;

/*
 * Execute ourselves again through a read-only mount of our own file, unless
 * that is where we were started from.  What we become inside a container is to
 * be seen there as /proc/PID/exe, and a container's root must not be able to
 * write to the program that root of the host runs.  Does not return when it
 * executes; 0: it is safe already.
 */
int protect_executable(char **argv, struct err *err);

/*
 * What a process that stays in the background must not inherit: the
 * descriptors, session and signals of whoever started it.  Only the two
 * descriptors of shim.h are kept.
 */
void become_background(void);

/* The two answers on SHIM_REPORT_FD; both close it, and SHIM_START_FD before. */
void report_ok(pid_t pid, uint64_t start, uint64_t setup_us);
void report_error(const struct err *err);

/* A spec and the memory its strings are in. */
struct loaded_spec {
	struct container_spec spec;
	char *data;
};

/* Read DIRFD/spec.  To be released with loaded_spec_release(). */
int loaded_spec_read(int dirfd, struct loaded_spec *ret_loaded, struct err *err);
void loaded_spec_release(struct loaded_spec *loaded);

#endif
