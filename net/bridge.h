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
	const char *link;	/* its name; NULL or "": bridge_name() */
	unsigned int mtu;	/* 0: the kernel's */
};

/* The link's name, at most 14 letters: "sb" and a hash. */
void bridge_name(const char *project_id, const char *network, char ret_name[IFNAMSIZ]);

/* The name that the link of BRIDGE has, or is to have. */
void bridge_link(const struct bridge *bridge, char ret_name[IFNAMSIZ]);

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

/* A bridge that somebody else made. */
struct bridge_found {
	int ifindex;
	char link[IFNAMSIZ]; /* its name */
	struct cidr gateway; /* its first IPv4 address */
	uint32_t group;
	char project[64], network[128]; /* of a stack that made it; "" when none did */
};

/*
 * Find the bridge NAME: its own name, or an alternative one, as those of every
 * stack's networks are.
 *
 * -ENODEV: there is no link of that name.  -ENOTSUP: it is no bridge.
 * -EADDRNOTAVAIL: it has no IPv4 address.
 */
int bridge_find(struct netlink *nl, const char *name, struct bridge_found *ret, struct err *err);

/* The index of the link NAME.  -ENODEV: there is none. */
int bridge_parent(struct netlink *nl, const char *name, int *ret_ifindex, struct err *err);

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
