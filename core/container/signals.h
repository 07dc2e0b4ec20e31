// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_SIGNALS_H
#define STACK_CORE_CONTAINER_SIGNALS_H

#include <stdbool.h>

/*
 * Signals by name, and whether they are heard
 *
 * SIGRTMIN is 34 here whatever the C library reserves (glibc 34, musl 35): it
 * is what the programs inside mean, and the supervisor and the musl shim have
 * to agree.  SIGRTMAX is 64.  signal(7).
 */
#define SIGNAL_NAME_MAX 16

/*
 * The number of "SIGTERM", "TERM", "15", "RTMIN+3" or "RTMAX-2", upper or lower
 * case.  -EINVAL: no such signal.
 */
int signal_parse(const char *text);

/* "SIGTERM", "SIGRTMIN+3"; "signal 99" for what is none. */
void signal_name(int signo, char ret_name[SIGNAL_NAME_MAX]);

/*
 * Is SIGNO lost on the process that STATUS, the text of its /proc/PID/status,
 * is about?  The kernel drops what the first process of a pid namespace does not
 * handle, where any other process would end (pid_namespaces(7)).  One that
 * ignores it, or blocks it to ask for it later, has decided so itself.
 */
bool signal_is_lost(const char *status, int signo);

#endif
