// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_SOURCE_H
#define STACK_STORE_REGISTRY_SOURCE_H

#include "core/base/err.h"
#include "store/registry/certificates.h"
#include "store/registry/credentials.h"
#include "store/registry/origin.h"

#include <stdbool.h>
#include <stddef.h>

struct registries;

/*
 * Source: where one image is to be had from, or to be sent to
 *
 * Its mirrors in the order of registries.conf, the registry that its name says
 * last.  Each is asked when the one before has failed.  What is sent goes to the
 * registry that its name says, and to no mirror.
 */
enum endpoint_scheme { SCHEME_UNKNOWN, SCHEME_HTTPS, SCHEME_HTTP };

struct endpoint {
	char host[ORIGIN_HOST_MAX]; /* with port */
	char *repository;	    /* "library/nginx" */
	bool insecure;		    /* http, or a certificate that nobody signed, will do */
	bool loopback;		    /* http will do */
	bool push;		    /* we want to write there, not only to read */
	struct credentials credentials;
	struct certificates certificates;

	/* What has been found out. */
	enum endpoint_scheme scheme;
	char *authorization; /* the header's value; NULL: none yet */
};

struct source {
	char *reference; /* normalised */
	char *name;	 /* as people write it */
	char *tag;	 /* tag or digest: what is asked for */
	struct endpoint *endpoints;
	size_t n_endpoints;
	size_t current; /* the endpoint that had what was asked for last */
	bool failed;	/* something of it is not to be had */
};

/*
 * For the normalised REFERENCE, with passwords and certificates of each
 * endpoint.  May run credential helpers and reads files of the user, so it
 * comes before anything else.
 *
 * -EPERM: registries.conf has it blocked.  Blocks: for a helper.
 */
int source_init(struct source *ret_source, const struct registries *registries,
		const char *reference, struct err *err);
void source_release(struct source *source);

/* The same to push to.  -EINVAL: REFERENCE has a digest, which is no name to be given. */
int source_init_push(struct source *ret_source, const struct registries *registries,
		     const char *reference, struct err *err);

/* Just the registry HOST, as `login` asks it. */
int source_init_host(struct source *ret_source, const struct registries *registries,
		     const char *host, struct err *err);

#endif
