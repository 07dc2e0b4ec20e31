// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_IPAM_H
#define STACK_NET_IPAM_H

#include "net/cidr.h"

struct netlink;
struct paths;

/*
 * IPAM: which subnet a network gets, and which address a container
 *
 * Both are chosen by hashing the name of what they are for and going on from
 * there to the first free one.  So a network that is removed and made again
 * usually gets its old subnet, and nothing has to remember anything: what is
 * taken is read from the kernel.
 *
 *	CLEANUP_FD int lock = -1;
 *	ipam_lock(paths, &lock, err);
 *	ipam_pool(getenv("STACK_POOL"), &pool, err);
 *	ipam_taken(nl, &taken, err);
 *	ipam_choose_subnet(&pool, &taken, id, network->name, &subnet, err);
 *	bridge_ensure(…);		now it is taken, for everybody
 *					the lock goes when the descriptor is closed
 */
#define IPAM_POOL_DEFAULT "10.192.0.0/12"
#define IPAM_SUBNET_LEN	  24
#define IPAM_SUBNET6_LEN  64
#define IPAM_ADDRESSES6	  65536 /* how many of a subnet's are given out, the first ones */

/*
 * The pool that TEXT names, "a.b.c.d/len[,…]"; NULL or "" is the default.
 * Parts longer than IPAM_SUBNET_LEN are refused: no subnet would fit.
 *
 * -EINVAL: TEXT is no such list.
 */
int ipam_pool(const char *text, struct cidr_list *ret_pool, struct err *err);

/*
 * Every prefix of both families that the host, in the network namespace of NL, has
 * an address in or a route to, in any routing table; default routes do not count.
 */
int ipam_taken(struct netlink *nl, struct cidr_list *ret_taken, struct err *err);

/*
 * Add every IPv4 address that the host has met through the link IFINDEX, as its
 * table of neighbours says, and its own ones there.
 */
int ipam_neighbours(struct netlink *nl, int ifindex, struct cidr_list *list, struct err *err);

/*
 * A subnet of IPAM_SUBNET_LEN out of POOL for NETWORK of the project
 * PROJECT_ID that overlaps nothing in TAKEN.  Pure.
 *
 * -ENOSPC: all are taken; the sentence says how to give more.
 */
int ipam_choose_subnet(const struct cidr_list *pool, const struct cidr_list *taken,
		       const char *project_id, const char *network, struct cidr *ret_subnet,
		       struct err *err);

/*
 * An IPv6 subnet of IPAM_SUBNET6_LEN, out of the unique local addresses, fd00::/8,
 * for the same.  Pure.
 *
 * -ENOSPC: they are taken as a whole.
 */
int ipam_choose_subnet6(const struct cidr_list *taken, const char *project_id, const char *network,
			struct cidr *ret_subnet, struct err *err);

/* The subnet that is thought of at the ATTEMPT-th time, from 0. */
struct cidr ipam_subnet6(const char *project_id, const char *network, unsigned int attempt);

/*
 * An address of SUBNET for CONTAINER, with SUBNET's length, that is none of the
 * N in USED (the gateway is the caller's to list there), nor the subnet's first
 * or, of IPv4, last address.  RANGE (NULL or of length 0: all of SUBNET) narrows
 * the choice.  Pure.
 *
 * -ENOSPC: all are used.
 */
int ipam_choose_address(const struct cidr *subnet, const struct cidr *range,
			const struct cidr *used, size_t n, const char *container,
			struct cidr *ret_addr, struct err *err);

/* The gateway when the file names none: the first address of SUBNET. */
struct cidr ipam_gateway(const struct cidr *subnet);

/*
 * Take the lock of the directory <run>, held from ipam_taken() until the bridge has
 * its address, so that two projects starting together cannot choose the same
 * subnet.  RET_FD is the caller's; closing it gives the lock back.
 *
 * Blocks: while another project chooses, which takes milliseconds; at most
 * IPAM_LOCK_MS, then -EBUSY.
 */
#define IPAM_LOCK_MS 10000
int ipam_lock(const struct paths *paths, int *ret_fd, struct err *err);

#endif
