// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_ENDPOINT_H
#define STACK_NET_ENDPOINT_H

#include "net/cidr.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct netlink;

/*
 * Endpoint: a container's place in a network
 *
 * A veth pair: one end in the network's bridge, the other, `ifname`, in the
 * container's network namespace with its address and route.  The host's end
 * carries the project as its group, an alias and the container's name as an
 * alternative name, so `ip link show shop-web-1` finds it.
 */

/*
 * ENDPOINT_PAIR is a veth pair with its other end in a bridge.  The others are one
 * link in the container's namespace, with a link of the host as its parent: it is in
 * the network that this one is in, and no packet of it passes the host's own stack.
 */
enum endpoint_kind { ENDPOINT_PAIR, ENDPOINT_MACVLAN, ENDPOINT_IPVLAN };

struct endpoint {
	const char *container; /* "shop-web-1" */
	const char *network;   /* "shop_default" */
	const char *ifname;    /* in the container: "eth0" */
	int netns_fd;	       /* netns_create(); stays the caller's */
	int bridge_ifindex;    /* bridge_ensure(); of others than ENDPOINT_PAIR the parent's */
	struct cidr address;   /* with the subnet's length */
	struct cidr address6;  /* length 0: the network has no IPv6 */
	struct cidr gateway;   /* the default route; length 0: none (internal networks, and
				  all networks of a container but one) */
	struct cidr gateway6;
	const struct cidr *link_local; /* further addresses */
	size_t n_link_local;
	const uint8_t *mac; /* 6 bytes; NULL: derived from the address, 02:42:… as docker */
	enum endpoint_kind kind;
	const char *mode; /* macvlan, ipvlan: as in ip-link(8); NULL: bridge, l2 */
	unsigned int mtu; /* 0: the kernel's */
	bool isolated;	  /* it cannot talk to the other isolated ones in the bridge */
};

#define ENDPOINT_MAC_LEN 6
/* The derived MAC: 02:42 and the four bytes of ADDR. */
void endpoint_mac(struct in_addr addr, uint8_t ret_mac[ENDPOINT_MAC_LEN]);

/* "02:42:ac:11:00:02"; false: it is none. */
bool endpoint_mac_parse(const char *text, uint8_t ret_mac[ENDPOINT_MAC_LEN]);

/* The name of the host's end, at most 15 letters: "sv" and a hash. */
void endpoint_name(const char *project_id, const char *container, const char *network,
		   char ret_name[IFNAMSIZ]);

/*
 * Attach N containers of the project at once, with few messages for all of
 * them.  What is there already stays and is put right; a pair whose far end
 * has gone (with a container's old namespace) is made anew.  On failure the
 * others are attached nevertheless; calling again finishes the rest.
 *
 * -EEXIST: the host has a link of that name which is not this project's, or
 * the container has an interface `ifname` that is none of ours.
 * -EXFULL: the bridge has as many ports as the kernel lets one have.
 * -EOPNOTSUPP: the kernel has no links of that kind.
 */
int endpoints_attach(struct netlink *nl, const char *project, const char *project_id,
		     const struct endpoint *endpoints, size_t n, struct err *err);

/* Take one container out of one network; gone already is success.
 * Blocks: some 15 ms, for the kernel's grace period. */
int endpoint_detach(struct netlink *nl, const char *project_id, const char *container,
		    const char *network, struct err *err);

/* The link group that a project's links carry: its id as a number, never 0. */
uint32_t link_group(const char *project_id);

/*
 * Remove every link of the project, bridges and veth pairs, by one request.
 * None there is success.
 *
 * Blocks: some 35 ms for 50 pairs, for the kernel's grace period.
 */
int links_remove_group(struct netlink *nl, const char *project_id, struct err *err);

#endif
