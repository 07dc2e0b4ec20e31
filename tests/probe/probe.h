// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_TESTS_PROBE_H
#define STACK_TESTS_PROBE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Probe: a container's sandbox, looked at from inside
 *
 * A static program that asserts what the documentation promises of a
 * container, item by item, one line each: "ok …" or "not ok …: expected …,
 * got …".  What differs between containers comes as arguments, see probe.c.
 * It runs in containers of any engine, so that two can be compared.
 */

struct expected {
	uint64_t capabilities; /* the bounding set */
	long uid;
	bool privileged;
	bool seccomp; /* a filter is there */
	bool no_new_privs;
	bool read_only; /* the root file system */
	bool terminal;	/* standard streams are one */
	bool console;	/* the container's own, /dev/console is there */
	bool user_namespace;
	bool host_network;
	long pids;     /* pids.max; 0: not looked at */
	long shm_size; /* bytes */
};

/* One line; returns GOOD.  WHAT is a format. */
bool check(bool good, const char *what, ...) __attribute__((format(printf, 2, 3)));

/* Something that cannot be looked at here, and why. */
void skipped(const char *what, ...) __attribute__((format(printf, 1, 2)));

/* The first line of FILE that starts with KEY, behind KEY and white space; "" when there is none.
 */
const char *line_of(const char *file, const char *key);

/* Open FILE with FLAGS and close it again: 0 or errno. */
int open_error(const char *file, int flags);

void probe_calls(const struct expected *expected);
void probe_paths(const struct expected *expected);
void probe_mounts(const struct expected *expected);
void probe_devices(const struct expected *expected);
void probe_process(const struct expected *expected);

#endif
