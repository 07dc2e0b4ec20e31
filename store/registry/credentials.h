// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_CREDENTIALS_H
#define STACK_STORE_REGISTRY_CREDENTIALS_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Credentials: who one is at a registry
 *
 * Read from where docker and podman keep them (containers-auth.json(5)):
 * REGISTRY_AUTH_FILE if it is set, else ${XDG_RUNTIME_DIR}/containers/auth.json
 * (/run/containers/<uid>/auth.json without it), ${XDG_CONFIG_HOME}/containers/auth.json
 * and docker's config.json in DOCKER_CONFIG or ~/.docker.  A file that knows the
 * registry wins over those behind it, and in it the most specific key:
 * "host/namespace/name" before "host".  A credential helper that the file names
 * for the host is asked first: docker-credential-<name>, executed directly.
 */
struct credentials {
	char *user, *password; /* NULL: anonymous */
	char *identity_token;  /* an OAuth2 refresh token in place of the two */
};

void credentials_release(struct credentials *credentials);

/*
 * For REPOSITORY ("" : none) at HOST, which has its port.  Nobody having any is no failure.
 *
 * -EINVAL: a file is damaged.  -EIO: a helper failed.  Blocks: for a helper.
 */
int credentials_find(const char *host, const char *repository, struct credentials *ret_credentials,
		     struct err *err);

/* What one file of the above, LEN bytes of TEXT, says about HOST and REPOSITORY. */
struct credentials_entry {
	struct credentials credentials;
	char *helper; /* "pass": ask docker-credential-pass; NULL: none */
};

/* -EINVAL: no such file.  An entry with nothing in it: the file does not know. */
int credentials_parse(const char *text, size_t len, const char *host, const char *repository,
		      struct credentials_entry *ret_entry, struct err *err);
void credentials_entry_release(struct credentials_entry *entry);

/*
 * Keep USER and PASSWORD for HOST, or with USER NULL forget them: in the helper that the
 * file names, else in the file, which is replaced as a whole, 0600.  The file is
 * REGISTRY_AUTH_FILE or docker's config.json.  RET_PLACE, to be freed, names the one or the other.
 *
 * -ENOENT: there was nothing to forget.  Blocks: for a helper and the disk.
 */
int credentials_store(const char *host, const char *user, const char *password, char **ret_place,
		      struct err *err);

/* The key that the files have for HOST; docker.io has one of old. */
const char *credentials_key(const char *host);

#endif
