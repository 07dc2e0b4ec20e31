// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_FIREWALL_H
#define STACK_NET_FIREWALL_H

#include "net/cidr.h"

struct err;
struct firewall_backend;

/*
 * Firewall: published ports, the way out, and who may not talk to whom
 *
 * The caller says what a project publishes and which networks it has; the
 * packet filter's rules for that are worked out here.  They lie in chains of
 * the project's own, so removing a project is removing its chains, and each
 * carries "stack:<project>:<service or network>" as a comment.
 *
 * What they do:
 *  - a published port reaches its container from other hosts, from this host
 *    by any of its addresses (127.0.0.1 included) and from containers, its own
 *    included; a port published on 127.x from this host only.  ::1 is not
 *    translated, as no packet from there can leave: net/relay.h serves it;
 *  - containers reach the outside under the host's address, unless their
 *    network is internal: that one reaches nothing and is reached by nobody;
 *  - nothing else enters a network: neither from another network or project
 *    nor by a route to a container's own address.  What was translated to an
 *    address in it was published, by whichever project: rules of several
 *    projects do not depend on who came first;
 *  - a filter chain is for the administrator.  It comes first and nothing in it
 *    is ever touched.  It is made with the first project's rules and goes with
 *    the last one's if it is empty.
 *
 * Two packet filters of the kernel can carry them:
 *
 *	legacy	iptables, as `iptables-legacy` shows it; the administrator's
 *		chain is STACK-USER of the table filter
 *	nft	nftables; the administrator's chain is `user` of the table
 *		`inet stack`, where a drop is final and an accept goes on to the
 *		projects' rules
 *
 * Rules act in the calling thread's network namespace.
 */

/*
 * Which packet filter to use: legacy iptables if the kernel has it, else
 * nftables; STACK_FIREWALL=legacy|nft in the environment forces one.  It is
 * chosen once in a process.
 *
 * Blocks: some milliseconds when the module ip_tables has to be loaded.
 *
 * -EINVAL: STACK_FIREWALL is something else.
 */
int firewall_choose(const struct firewall_backend **ret_firewall, struct err *err);

/* "legacy", "nft" */
const char *firewall_name(const struct firewall_backend *firewall);

struct firewall_network {
	const char *name;   /* for the comments */
	const char *bridge; /* bridge_name() */
	struct cidr subnet; /* a network with subnets of both families is there twice */
	/*
	 * `subnet` is one container (/32) of ours in a bridge that is somebody else's:
	 * what it may is let pass, and nobody else is shut out.
	 */
	bool guest;
	bool internal;
	bool isolated;	   /* its containers may not talk to each other */
	bool keeps_source; /* they leave under their own addresses */
};

/*
 * A port may lead into a network of another project, whose rules are for all that
 * are in it: that network is not in this project's list.
 *
 * Several with the same host port share its new connections, at random and evenly.
 */
struct firewall_port {
	const char *service;   /* for the comments */
	const char *bridge;    /* of the network that `addr` is in */
	uint8_t protocol;      /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	struct cidr host_addr; /* length 0: every local address of `addr`'s family */
	uint16_t host_port;    /* the first; host byte order, as all ports here */
	struct cidr addr;      /* of the container */
	uint16_t port;	       /* the first */
	uint16_t count;	       /* how many consecutive ports, at least 1 */
};

struct firewall_rules {
	const char *project;
	const struct firewall_network *networks;
	size_t n_networks;
	const struct firewall_port *ports;
	size_t n_ports;
};

#define FIREWALL_LOCK_MS 10000

/* The lock's file: whoever changes rules opens it first, and closes it when done. */
const char *firewall_lock_file(void);

/*
 * Make the rules of PROJECT_ID exactly RULES.  Without networks and ports, no
 * trace of the project stays.  Everybody else's rules stay as they are.  Each
 * table changes in one step, so packets meet the old rules or the new ones and
 * open connections go on; a table that is right already is left alone.
 * Interrupted, it is finished by calling it again.  What the project has on the
 * other packet filter, from a time when that one was used, goes.
 *
 * Blocks: up to FIREWALL_LOCK_MS, for the lock that all users of the packet
 * filter share (/run/xtables.lock).  Run it from the pool.
 *
 * -EBUSY: another program kept the lock.
 * -EOPNOTSUPP: this kernel does not have this packet filter, or not for IPv6 where
 * RULES need it.
 */
int firewall_sync(const struct firewall_backend *firewall, const char *project_id,
		  const struct firewall_rules *rules, struct err *err);

/*
 * Are the rules of PROJECT_ID still exactly RULES?  RET_INTACT says so.  Reads
 * only and takes no lock; some tenths of a millisecond.
 */
int firewall_check(const struct firewall_backend *firewall, const char *project_id,
		   const struct firewall_rules *rules, bool *ret_intact, struct err *err);

/*
 * Does somebody else's firewall drop what RULES let through?  A packet has to
 * be accepted by every base chain of nftables there is for forwarded packets,
 * those of iptables-nft, ufw and firewalld included.  RET_SENTENCE says which
 * chain it is and what opens it, to be freed; NULL: there is none.  Reads only.
 */
int firewall_obstacle(const struct firewall_rules *rules, char **ret_sentence, struct err *err);

/*
 * A descriptor that becomes readable when somebody has changed rules, ours or
 * others'.  Reading it empty, until it fails, is all that can be done with it;
 * it is the caller's.  RET_FD is -1 when a change shows only in the use of
 * firewall_lock_file().
 */
int firewall_events(const struct firewall_backend *firewall, int *ret_fd, struct err *err);

/*
 * Can rules of FAMILY (AF_INET, AF_INET6) be made here?  Reads only.
 *
 * -EOPNOTSUPP: the kernel cannot; the sentence says what to try.
 */
int firewall_supports(const struct firewall_backend *firewall, uint8_t family, struct err *err);

#endif
