// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_SHAPING_H
#define STACK_NET_SHAPING_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

struct err;
struct netlink;

/*
 * Shaping: how much a container may receive and send
 *
 * All of it is on the host, where a container cannot reach it, whatever its
 * capabilities are.  What comes to the container waits in a token bucket on
 * the host's end of its link.  What it sends is led from there to a link of its
 * own of kind ifb ("si" and the same hash), which has the bucket:
 *
 *	to it	 bridge ─▶ [netem ─▶] tbf ─▶ sv1f2e… ─▶ eth0
 *	from it	 eth0 ─▶ sv1f2e… ─ ingress, u32, mirred ─▶ si1f2e… ─▶ tbf ─▶ bridge
 *
 * Our queues have the handles 5354: and 5355:, which is how they are known again.
 * Source: tc-tbf(8), tc-netem(8), tc-mirred(8).
 */
struct shaping {
	uint64_t ingress, egress; /* bytes a second to the container and from it; 0: any */
	uint32_t burst;		  /* bytes; 0: what is good for the rate */
	uint32_t delay_ms;	  /* to the container */
	uint32_t loss;		  /* likewise, in parts of UINT32_MAX */
};

/* The link that is given to what the container behind LINK (endpoint_name()) sends. */
void shaping_link(const char *link, char ret_name[IFNAMSIZ]);

/*
 * Bring LINK to what WANTED says, which may be nothing.  Packets under way stay
 * under way when only numbers change.  GROUP is the project's (link_group()).
 *
 * -EOPNOTSUPP: the kernel lacks what it takes; the sentence says what.
 * -EEXIST: the host has a link of the ifb's name that is not ours.
 */
int shaping_apply(struct netlink *nl, const char *link, uint32_t group,
		  const struct shaping *wanted, struct err *err);

/* What is different from WANTED, for people; NULL: nothing. */
int shaping_check(struct netlink *nl, const char *link, const struct shaping *wanted,
		  const char **ret_wrong, struct err *err);

/*
 * LINK goes, or is gone: take away what does not go with it.
 *
 * Blocks: some 15 ms for the kernel's grace period, if there was a limit of egress.
 */
int shaping_remove(struct netlink *nl, const char *link, uint32_t group, struct err *err);

#endif
