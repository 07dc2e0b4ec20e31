// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_ORIGIN_H
#define STACK_STORE_REGISTRY_ORIGIN_H

#include <stdbool.h>

/*
 * Origin: scheme, host and port of a URL, which is whom a password is for
 *
 * CVE-2020-15157: what is meant for one origin is never sent to another.
 */
#define ORIGIN_HOST_MAX 256

struct origin {
	bool https;
	char host[ORIGIN_HOST_MAX]; /* lower case; an IPv6 address in brackets */
	unsigned int port;
};

/* -EINVAL: no http or https URL, or one with a user or password in it. */
int origin_parse(const char *url, struct origin *ret_origin);

bool origin_equal(const struct origin *a, const struct origin *b);

/* Is HOST, with or without port, this machine: localhost, 127.0.0.0/8, [::1]? */
bool origin_is_loopback(const char *host);

#endif
