// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_DNS_RESOLV_H
#define STACK_NET_DNS_RESOLV_H

#include "net/dns.h"

#include <sys/stat.h>

/*
 * The resolvers of the host, as resolv.conf(5) names them
 */
struct dns_upstreams {
	union dns_endpoint list[DNS_UPSTREAMS_MAX];
	size_t n;
};

/* The `nameserver` lines of TEXT, IPv4 and IPv6, port 53; what is none is passed over. */
void dns_resolv_parse(const char *text, struct dns_upstreams *ret_upstreams);

struct dns_resolv {
	char *path; /* NULL: the upstreams stay as they are */
	struct stat seen;
	struct dns_upstreams upstreams;
};

/*
 * Take the upstreams of CONFIG, or the file it names.  Release with
 * dns_resolv_release().  -EINVAL: more than DNS_UPSTREAMS_MAX.
 */
int dns_resolv_init(struct dns_resolv *ret_resolv, const struct dns_config *config,
		    struct err *err);
void dns_resolv_release(struct dns_resolv *resolv);

/*
 * The resolvers to ask now: one stat(2), and the file again if it is another
 * one than before.  Without a readable file there are none.  Valid until the
 * next call.
 */
const struct dns_upstreams *dns_resolv_get(struct dns_resolv *resolv);

#endif
