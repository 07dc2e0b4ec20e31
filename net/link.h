// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_LINK_H
#define STACK_NET_LINK_H

#include "net/cidr.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

struct err;
struct netlink;
struct netlink_batch;
struct nl_msg;

/*
 * Links: what bridges and endpoints have in common
 *
 * Everything here is for bridge.c and endpoint.c; others use those.
 */
#define LINK_MAC_LEN   6
#define LINK_ALIAS_MAX 256 /* the kernel's IFALIASZ */

struct link_info {
	int ifindex;
	char name[IFNAMSIZ];
	uint32_t group;
	int peer; /* IFLA_LINK: a veth's other end, numbered in that one's namespace */
	int master;
	bool up; /* set up by somebody; IFF_UP */
	uint8_t mac[LINK_MAC_LEN];
	char kind[IFNAMSIZ]; /* "bridge", "veth"; "" for hardware */
	char alias[LINK_ALIAS_MAX];
};

/* The link NAME, which may be an alternative name.  -ENODEV: there is none. */
int link_query(struct netlink *nl, const char *name, struct link_info *ret_info, struct err *err);

/*
 * A message of TYPE about the link IFINDEX, or NAME where IFINDEX is 0; with
 * UP it brings the link up as well.
 */
struct nl_msg *link_message(int type, int flags, int ifindex, const char *name, bool up);

/*
 * Add to BATCH what gives the link NAME the alternative name ALTNAME.  If some
 * other link has it already, the link goes without: it is for people only.
 */
void link_add_altname(struct netlink_batch *batch, const char *name, const char *altname);

/*
 * Add to BATCH what gives the link IFINDEX, called NAME, the address ADDRESS and
 * takes all others of its family away, which an earlier configuration, or somebody
 * else, left there; link-local ones of IPv6 stay.  Of length 0: nothing.
 */
int link_set_address(struct netlink *nl, struct netlink_batch *batch, int ifindex, const char *name,
		     const struct cidr *address, struct err *err);

/* Add to BATCH what gives the link IFINDEX, called NAME, one more address. */
void link_add_address(struct netlink_batch *batch, int ifindex, const char *name,
		      const struct cidr *address);

/* Has the link IFINDEX this very address, with its length? */
bool link_has_address(struct netlink *nl, int ifindex, const char *name,
		      const struct cidr *address);

/*
 * The first IPv4 address of the link IFINDEX.  -EADDRNOTAVAIL: it has none.
 */
int link_address(struct netlink *nl, int ifindex, const char *name, struct cidr *ret_address,
		 struct err *err);

/* Remove the link NAME if its group is GROUP; gone already is success.  -EEXIST: it is not ours. */
int link_remove(struct netlink *nl, const char *name, uint32_t group, struct err *err);

/* The sentence for a link that has our name and is not ours.  Returns -EEXIST. */
int err_foreign_link(struct err *err, const char *name);

#endif
