// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_BESIDE_H
#define STACK_NET_BESIDE_H

#include "net/endpoint.h"

/*
 * Beside: links that have a link of the host as their parent
 *
 * macvlan and ipvlan, for endpoint.c: a container in the network that the parent
 * is in.  The link is born in the container's namespace, down and under NAME, for
 * the kernel asks for names where the request comes from; then it gets its own.
 */

/*
 * Make the link of ENDPOINT, or find that it is there.
 *
 * -EEXIST: the container has an interface of that name which leads elsewhere.
 * -EOPNOTSUPP: the kernel has no such links.  -EBUSY: the parent is in use otherwise.
 */
int beside_create(struct netlink *nl, const struct endpoint *endpoint, const char *name,
		  const uint8_t mac[ENDPOINT_MAC_LEN], uint32_t group, struct err *err);

/* Remove the interface IFNAME of the namespace; gone already is success. */
int beside_remove(const char *project_id, int netns_fd, const char *ifname, struct err *err);

#endif
