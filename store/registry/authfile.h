// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_AUTHFILE_H
#define STACK_STORE_REGISTRY_AUTHFILE_H

#include "core/base/err.h"

#include <limits.h>
#include <stddef.h>

/*
 * Auth file: the format and the places of credentials.h
 *
 *	{"auths": {"host": {"auth": "<base64 of user:password>"}},
 *	 "credHelpers": {"host": "name"}, "credsStore": "name"}
 */
#define AUTHFILE_MAX	   ((size_t)1 << 20)
#define AUTHFILE_PATHS_MAX 3

/* The files that may be there, first the one that wins.  Returns how many. */
size_t authfile_paths(char ret_paths[AUTHFILE_PATHS_MAX][PATH_MAX]);

/* The one that `login` writes. */
int authfile_to_change(char ret_path[PATH_MAX], struct err *err);

/* -ENOENT: it is not there. */
int authfile_read(const char *path, char **ret_text, size_t *ret_len, struct err *err);

/*
 * The file's TEXT with USER and PASSWORD for HOST, or without HOST where USER is NULL.
 * Where it names a helper for HOST, RET_HELPER is that and RET_TEXT is not set: to be freed.
 *
 * -EINVAL: no such file.  -ENOENT: there is nothing to take away.
 */
int authfile_change(const char *text, size_t len, const char *host, const char *user,
		    const char *password, char **ret_helper, char **ret_text, struct err *err);

#endif
