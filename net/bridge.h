// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_BRIDGE_H
#define STACK_NET_BRIDGE_H

#include "net/cidr.h"

#include <net/if.h>

struct err;
struct netlink;

/*
 * Bridge: the network of a project on the host
 *
 * A bridge carries its owner in the link group (the project's id as a number),
 * its alias ("stack:<project>:<network>") and an alternative name (the
 * network's), so `ip link show shop_default` finds it.  Its own name and MAC
 * are hashes of project and network.
 *
 * All of these act in the network namespace of NL, and write the sysctls of
 * the calling thread's namespace, which has to be the same.
 */
struct bridge {
	const char *project;	/* its name, for the alias */
	const char *project_id; /* paths_project_id() */
	const char *network;	/* the network's name, "shop_default" */
	struct cidr gateway;	/* the bridge's own address, with the subnet's length */
	struct cidr gateway6;	/* the same for IPv6; length 0: it is off */
};

/* The link's name, at most 14 letters: "sb" and a hash. */
void bridge_name(const char *project_id, const char *network, char ret_name[IFNAMSIZ]);

/*
 * Make the bridge as BRIDGE says and bring it up; where it is there already,
 * put right what differs.  IPv4 forwarding is switched on if it is off, IPv6
 * forwarding if there is a `gateway6` (net/forwarding.h).  On the bridge itself:
 * packets of 127.0.0.0/8 may pass (for ports published there), source addresses
 * are checked, no router and no redirect is believed.
 *
 * -EEXIST: a link of that name is there and is not this project's.
 */
int bridge_ensure(struct netlink *nl, const struct bridge *bridge, int *ret_ifindex,
		  struct err *err);

/*
 * The address that the bridge NAME has: which subnet this network got when it
 * was made.
 *
 * -ENODEV: no such link.  -EADDRNOTAVAIL: it has no address.
 */
int bridge_address(struct netlink *nl, const char *name, struct cidr *ret_gateway, struct err *err);

/*
 * Remove the project's bridge NAME; gone already is success.  All links of a
 * project go faster together: links_remove_group() in endpoint.h.
 *
 * -EEXIST: the link is not this project's.
 *
 * Blocks: some 40 ms, for the kernel's grace period.
 */
int bridge_remove(struct netlink *nl, const char *project_id, const char *name, struct err *err);

#endif
