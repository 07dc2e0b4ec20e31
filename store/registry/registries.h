// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_REGISTRIES_H
#define STACK_STORE_REGISTRY_REGISTRIES_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Registries: containers-registries.conf(5), which of them are elsewhere than
 * their names say, and which are insecure
 *
 *	[[registry]]
 *	prefix = "docker.io"
 *	location = "docker.io"
 *	[[registry.mirror]]
 *	location = "mirror.example:5000/docker"
 *	insecure = true
 *
 * Read from STACK_REGISTRIES_CONF, or /etc/containers/registries.conf and the
 * files in registries.conf.d beside it, of which a later one wins.  What is about
 * short names has no meaning here, for those mean docker.io; it is passed over.
 */
enum mirror_use { MIRROR_ALL, MIRROR_DIGEST_ONLY, MIRROR_TAG_ONLY };

struct registry_location {
	char *location; /* "host:port/some/path" */
	bool insecure;
	enum mirror_use use;
};

struct registry {
	char *prefix;		      /* "host", "host/path", "*.host" */
	struct registry_location own; /* its location is NULL where the name stays as it is */
	bool blocked, mirror_by_digest_only;
	struct registry_location *mirrors;
	size_t n_mirrors;
};

struct registries {
	struct registry *items;
	size_t n;
};

/* -EINVAL: a file is no such file; the sentence has path and line. */
int registries_load(struct registries *ret_registries, struct err *err);
void registries_release(struct registries *registries);

/* Add what LEN bytes of TEXT say. */
int registries_parse(struct registries *registries, const char *text, size_t len, struct err *err);

/*
 * The entry for NAME, "host/path" without tag: the one with the longest prefix, or NULL.
 */
const struct registry *registries_find(const struct registries *registries, const char *name);

/*
 * NAME as it is called at LOCATION: the prefix of REGISTRY replaced by it.  To be freed;
 * NULL when memory ran out.
 */
char *registry_rewrite(const struct registry *registry, const char *location, const char *name);

#endif
