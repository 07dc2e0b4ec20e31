// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_FIREWALL_PLAN_H
#define STACK_NET_FIREWALL_PLAN_H

#include "net/firewall.h"
#include "net/packet_rule.h"

/*
 * Firewall plan: what a project publishes, worked out to packet rules
 *
 * Pure, and the same for every packet filter: chains with rules in them, and
 * the hooks, the places that jump to those chains.  Each family has a plan of its
 * own, of the same chains.  A chain without rules does
 * not exist, and neither do the hooks that would jump to it; so a project that
 * has nothing leaves nothing.
 */
enum firewall_table { TABLE_RAW, TABLE_FILTER, TABLE_NAT, TABLE_COUNT };

enum firewall_chain_role {
	CHAIN_RAW,	  /* what may not even begin to enter */
	CHAIN_FILTER,	  /* what may pass into the project's networks */
	CHAIN_FILTER_OUT, /* what may leave them, once nobody's CHAIN_FILTER objects */
	CHAIN_NAT,	  /* published ports */
	CHAIN_NAT_POST,	  /* whose name packets go under */
	CHAIN_COUNT,
};

struct firewall_chain {
	enum firewall_table table;
	char name[PACKET_CHAIN_SIZE];
	struct packet_rule *rules;
	size_t n, size;
};

struct firewall_plan {
	uint8_t family; /* AF_INET, AF_INET6 */
	struct firewall_chain chains[CHAIN_COUNT];
};

#define FIREWALL_PLAN_INIT                                                                         \
	{                                                                                          \
		.chains = { [0] = {.n = 0} }                                                       \
	}

/* The part of RULES that is of FAMILY; with nothing in it, the chains are empty. */
void firewall_plan_compute(const char *project_id, const struct firewall_rules *rules,
			   uint8_t family, struct firewall_plan *ret_plan);
bool firewall_plan_is_empty(const struct firewall_plan *plan);
void firewall_plan_release(struct firewall_plan *plan);

/*
 * Filter chains that all projects share: FORWARD jumps to the administrator's
 * chain, then to ours, which jumps to every project's CHAIN_FILTER and only
 * then to every project's CHAIN_FILTER_OUT.  Otherwise what one project lets
 * out would get into another one's network without being asked about there.
 */
#define FIREWALL_SHARED_CHAIN "STACK"
#define FIREWALL_USER_CHAIN   "STACK-USER"

struct firewall_hook {
	enum firewall_chain_role role;
	const char *base; /* the chain that jumps */
	bool first;	  /* before the others in `base`, not behind them */
	bool dst_local;	  /* only for packets to this host's own addresses: a published port
			     must not catch what merely passes through */
};

extern const struct firewall_hook firewall_hooks[];
extern const size_t firewall_n_hooks;

#endif
