// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_BASE_PATHS_H
#define STACK_CORE_BASE_PATHS_H

#include "core/base/err.h"

#include <stddef.h>

/*
 * Paths: where everything of `stack` lies, and what it is called
 *
 *	<run>/<project>/lock, control.sock, supervisor.log, desired.json
 *	<run>/<project>/containers/<container>/{record.json,spec,state,exit,stdout,stderr}
 *	<root>/images/		OCI image layout (index.json, blobs/sha256)
 *	<root>/layers/<hex>/	unpacked layers; <hex> is the diff id without "sha256:"
 *	<root>/projects/<project>/containers/<container>/{upper,work,etc}
 *	<root>/projects/<project>/logs/<container>.log[.N]
 *	<root>/volumes/<volume>/_data
 *
 * <root> is STACK_ROOT or /var/lib/stack and survives a reboot; <run> is
 * STACK_RUN or /run/stack and does not.  Kernel objects have no directory, so
 * their names carry a hash of <run> and the project: two trees on one host
 * never meet, and a second run finds what the first one made.
 */
struct paths {
	char root[256];
	char run[256];
};

/*
 * Take ROOT and RUN (NULL: from the environment, else the defaults).  Both are
 * made absolute.  -ENAMETOOLONG: over 200 bytes, which a socket's path cannot hold.
 */
int paths_init(struct paths *ret_paths, const char *root, const char *run, struct err *err);

#define PATHS_ID_LEN 8

/*
 * The name that kernel objects of PROJECT carry: PATHS_ID_LEN lower-case hex
 * digits of SHA-256 over <run> and the project's name, NUL-terminated.
 */
void paths_project_id(const struct paths *paths, const char *project,
		      char ret_id[PATHS_ID_LEN + 1]);

/*
 * The directory below each cgroup hierarchy's root that holds our cgroups:
 * "stack", or "stack-<8 hex>" when <run> is not the default.  The cgroup of a
 * container is <this>/<project>/<container>.
 */
void paths_cgroup_root(const struct paths *paths, char *ret_name, size_t size);

/* Like snprintf() into a PATH_MAX buffer: -ENAMETOOLONG instead of a cut path. */
int paths_join(char *ret_path, size_t size, struct err *err, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

#endif
