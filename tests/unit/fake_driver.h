// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_TESTS_UNIT_FAKE_DRIVER_H
#define STACK_TESTS_UNIT_FAKE_DRIVER_H

#include "core/converge/driver.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Fake driver: a host in memory, that fails where a test wants it to
 *
 * Containers are flags; a pidfd is an eventfd that becomes readable when the
 * "process" ends.  Every operation that could fail on a real host counts one
 * step, and step number `fail_at` fails with EIO.
 */
#define FAKE_MAX 32

struct fake_container {
	struct container_record record;
	bool there, started, running;
	bool ignores_term, frozen;
	unsigned int late; /* the look at which a shim that is at it is through; 0: none is */
	int exit_code;	   /* of the next end */
	int end_fd;	   /* eventfd; write to it and the shim has ended; -1 */
	struct container_exit exit;
	unsigned int starts; /* how often it was started */
};

struct fake {
	struct fake_container containers[FAKE_MAX];
	char networks[FAKE_MAX][64];
	char network_hashes[FAKE_MAX][65];
	char volumes[FAKE_MAX][64];
	size_t n_networks, n_volumes;
	size_t n_online; /* published ports after the last commit */
	size_t commits;
	bool torn_down; /* the last commit left nothing */
	bool removed;	/* project_remove() was called */
	int probe_status;
	const char *wrong;	     /* what is wrong with every container, until it is mended */
	size_t connections;	     /* what connections_count() says */
	bool host_names;	     /* the host is answered */
	unsigned int steps, fail_at; /* 0: never */
	char log[8192];		     /* "create:web-1 start:web-1 …" */
};

extern const struct driver_ops fake_driver_ops;

/* NULL: no such container was ever made. */
struct fake_container *fake_find(struct fake *fake, const char *name);

/* The process of CONTAINER ends by itself. */
void fake_end(struct fake_container *container, int code);

/* Does the log have FIRST before SECOND? */
bool fake_happened_before(const struct fake *fake, const char *first, const char *second);

void fake_release(struct fake *fake);

#endif
