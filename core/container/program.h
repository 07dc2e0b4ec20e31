// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_PROGRAM_H
#define STACK_CORE_CONTAINER_PROGRAM_H

#include "core/container/spec.h"

struct err;

/*
 * Program: working directory, environment and execve, inside the container
 */

/* What a shell calls these cases, and docker after it. */
#define PROGRAM_OURS_FAILED    125
#define PROGRAM_NOT_EXECUTABLE 126
#define PROGRAM_NOT_FOUND      127

/* EX_CONFIG of <sysexits.h>: a file has to be put right first, so no guard starts it again. */
#define PROGRAM_MISCONFIGURED 78

/*
 * Change to CWD (NULL: "/").  It must be below the root: a descriptor of the
 * host that somebody left open is no way out.
 */
int program_enter_dir(const char *cwd, struct err *err);

/*
 * ENVP (NULL: empty) with PATH, HOME, HOSTNAME and, on a terminal, TERM added
 * where they are missing.  The array is malloc'ed and lives as long as the process.
 */
int program_environment(spec_strings envp, const char *home, const char *hostname, bool tty,
			spec_strings *ret_envp, struct err *err);

/*
 * Execute ARGV[0], looked up in the PATH of ENVP unless it has a slash.  Returns
 * only on failure, with one of the codes above.
 */
int program_exec(spec_strings argv, spec_strings envp, struct err *err);

#endif
