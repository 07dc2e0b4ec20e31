// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/firewall_plan.h"

#include "core/base/cleanup.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	enum firewall_table table;
	const char *prefix;
} chain_kinds[CHAIN_COUNT] = {
	[CHAIN_RAW] = {TABLE_RAW, "STACK"},
	[CHAIN_FILTER] = {TABLE_FILTER, "STACK"},
	[CHAIN_FILTER_OUT] = {TABLE_FILTER, "STACK-OUT"},
	[CHAIN_NAT] = {TABLE_NAT, "STACK"},
	[CHAIN_NAT_POST] = {TABLE_NAT, "STACK-POST"},
};

const struct firewall_hook firewall_hooks[] = {
	{CHAIN_RAW, "PREROUTING", .first = true},
	{CHAIN_FILTER, FIREWALL_SHARED_CHAIN, .first = true},
	{CHAIN_FILTER_OUT, FIREWALL_SHARED_CHAIN, .first = false},
	{CHAIN_NAT, "PREROUTING", .dst_local = true},
	{CHAIN_NAT, "OUTPUT", .dst_local = true},
	{CHAIN_NAT_POST, "POSTROUTING", .first = false},
};
const size_t firewall_n_hooks = ARRAY_SIZE(firewall_hooks);

static const struct cidr loopback = {
	.addr6 = {.s6_addr = {127}}, .family = AF_INET, .len = 8}; /* 127.0.0.0/8 */

/* A new rule at the end of the chain ROLE, zeroed but for ACTION and the comment. */
static struct packet_rule *add(struct firewall_plan *plan, enum firewall_chain_role role,
			       enum packet_action action, const char *project, const char *name)
{
	struct firewall_chain *chain = &plan->chains[role];
	struct packet_rule *rule;

	if (chain->n == chain->size) {
		chain->size = chain->size ? chain->size * 2 : 16;
		chain->rules = reallocarray(chain->rules, chain->size, sizeof(*chain->rules));
		if (!chain->rules)
			abort();
	}
	rule = &chain->rules[chain->n++];
	*rule = (struct packet_rule){.action = action};
	snprintf(rule->comment, sizeof(rule->comment), "stack:%s:%s", project, name);
	return rule;
}

static struct packet_link through(const char *bridge)
{
	struct packet_link link = {.invert = false};

	snprintf(link.name, sizeof(link.name), "%s", bridge);
	return link;
}

static struct packet_link not_through(const char *bridge)
{
	struct packet_link link = through(bridge);

	link.invert = true;
	return link;
}

static struct packet_prefix within(const struct cidr *cidr)
{
	return (struct packet_prefix){.cidr = cidr_subnet(cidr)};
}

static struct packet_prefix outside(const struct cidr *cidr)
{
	return (struct packet_prefix){.cidr = cidr_subnet(cidr), .invert = true};
}

static struct packet_prefix exactly(const struct cidr *addr)
{
	return (struct packet_prefix){.cidr = cidr_address(addr)};
}

/*
 * Nothing leaves an internal network, not even for a published port, which another
 * project's rules would let pass once its address is translated.  Finding a neighbour
 * is not between addresses of the subnet.
 */
static void close_internal(struct firewall_plan *plan, const char *project,
			   const struct firewall_network *net)
{
	static const struct cidr link_local[] = {
		{.addr6 = {.s6_addr = {0xfe, 0x80}}, .family = AF_INET6, .len = 10},
		{.addr6 = {.s6_addr = {0xff}}, .family = AF_INET6, .len = 8},
	};
	struct packet_rule *rule;

	for (size_t i = 0; plan->family == AF_INET6 && i < ARRAY_SIZE(link_local); i++) {
		rule = add(plan, CHAIN_RAW, PACKET_RETURN, project, net->name);
		rule->in = through(net->bridge);
		rule->dst = within(&link_local[i]);
	}
	rule = add(plan, CHAIN_RAW, PACKET_DROP, project, net->name);
	rule->in = through(net->bridge);
	rule->dst = outside(&net->subnet);
}

/* A container's address is reached through what its project publishes, not by whoever
 * happens to have a route to it. */
static void add_raw_network(struct firewall_plan *plan, const char *project,
			    const struct firewall_network *net)
{
	struct packet_rule *rule;

	if (net->guest)
		return;
	/* Answers to containers' own addresses are told from the rest by CHAIN_FILTER. */
	if (!net->keeps_source) {
		rule = add(plan, CHAIN_RAW, PACKET_DROP, project, net->name);
		rule->in = not_through(net->bridge);
		rule->dst = within(&net->subnet);
	}
	if (net->internal) {
		close_internal(plan, project, net);
	} else if (plan->family != AF_INET6) {
		/* route_localnet is on there: no container may reach the host's loopback. */
		rule = add(plan, CHAIN_RAW, PACKET_DROP, project, net->name);
		rule->in = through(net->bridge);
		rule->dst = within(&loopback);
	}
}

static void add_raw(struct firewall_plan *plan, const struct firewall_rules *rules)
{
	struct packet_rule *rule;

	if (rules->n_networks > 0) {
		/* The host talking to its own address on a bridge comes by `lo`. */
		rule = add(plan, CHAIN_RAW, PACKET_RETURN, rules->project, "host");
		rule->in = through("lo");
	}
	for (size_t i = 0; i < rules->n_networks; i++)
		add_raw_network(plan, rules->project, &rules->networks[i]);
	for (size_t i = 0; i < rules->n_ports; i++) {
		const struct firewall_port *port = &rules->ports[i];

		if (!port->host_addr.len || !cidr_contains(&loopback, &port->host_addr))
			continue;
		rule = add(plan, CHAIN_RAW, PACKET_DROP, rules->project, port->service);
		rule->in = not_through("lo");
		rule->dst = exactly(&port->host_addr);
		rule->protocol = port->protocol;
		rule->first_port = port->host_port;
		rule->last_port = (uint16_t)(port->host_port + port->count - 1);
	}
}

/* What containers of one network send to each other, where the kernel shows that. */
static void add_filter_inside(struct firewall_plan *plan, const char *project,
			      const struct firewall_network *net)
{
	struct packet_rule *rule =
		add(plan, CHAIN_FILTER, net->isolated ? PACKET_DROP : PACKET_ACCEPT, project,
		    net->name);

	rule->in = through(net->bridge);
	rule->out = through(net->bridge);
	if (net->guest)
		rule->dst = within(&net->subnet);
}

/* Replies and published ports come in; an internal network is closed in both directions. */
static void add_filter_state(struct firewall_plan *plan, const char *project,
			     const struct firewall_network *net, enum packet_state state)
{
	struct packet_rule *rule = add(plan, CHAIN_FILTER, PACKET_ACCEPT, project, net->name);

	rule->out = through(net->bridge);
	rule->states = state;
	if (net->guest)
		rule->dst = within(&net->subnet);
}

static void add_filter_network(struct firewall_plan *plan, const char *project,
			       const struct firewall_network *net)
{
	struct packet_rule *rule;

	add_filter_state(plan, project, net, PACKET_ESTABLISHED);
	if (!net->internal) {
		add_filter_state(plan, project, net, PACKET_TRANSLATED);
		return;
	}
	/* Finding a neighbour is not between addresses of the subnet. */
	if (plan->family == AF_INET6)
		add_filter_inside(plan, project, net);
	rule = add(plan, CHAIN_FILTER, PACKET_DROP, project, net->name);
	rule->src = outside(&net->subnet);
	rule->out = through(net->bridge);
	rule = add(plan, CHAIN_FILTER, PACKET_DROP, project, net->name);
	rule->dst = outside(&net->subnet);
	rule->in = through(net->bridge);
}

/* The drop does not depend on FORWARD's policy: that may be ACCEPT. */
static void add_filter_end(struct firewall_plan *plan, const char *project,
			   const struct firewall_network *net)
{
	struct packet_rule *rule;

	if (plan->family != AF_INET6 || !net->internal)
		add_filter_inside(plan, project, net);
	if (net->guest)
		return;
	rule = add(plan, CHAIN_FILTER, PACKET_DROP, project, net->name);
	rule->in = not_through(net->bridge);
	rule->out = through(net->bridge);
}

static void add_filter(struct firewall_plan *plan, const struct firewall_rules *rules)
{
	for (size_t i = 0; i < rules->n_networks; i++)
		add_filter_network(plan, rules->project, &rules->networks[i]);
	for (size_t i = 0; i < rules->n_networks; i++)
		add_filter_end(plan, rules->project, &rules->networks[i]);
	for (size_t i = 0; i < rules->n_networks; i++) {
		const struct firewall_network *net = &rules->networks[i];
		struct packet_rule *rule;

		if (net->internal)
			continue;
		rule = add(plan, CHAIN_FILTER_OUT, PACKET_ACCEPT, rules->project, net->name);
		rule->in = through(net->bridge);
		if (net->guest)
			rule->src = within(&net->subnet);
	}
}

static bool same_host_port(const struct firewall_port *a, const struct firewall_port *b)
{
	return a->protocol == b->protocol && a->host_addr.len == b->host_addr.len &&
	       (!a->host_addr.len || cidr_same_address(&a->host_addr, &b->host_addr)) &&
	       a->host_port == b->host_port && a->count == b->count;
}

/* Port number AT and those behind it that share its host port: among how many is it chosen? */
static unsigned int choices(const struct firewall_rules *rules, size_t at)
{
	unsigned int n = 0;

	for (size_t i = at; i < rules->n_ports; i++)
		n += same_host_port(&rules->ports[at], &rules->ports[i]);
	return n;
}

static void add_nat_port(struct firewall_plan *plan, const char *project,
			 const struct firewall_port *port, unsigned int one_of)
{
	struct packet_rule *rule = add(plan, CHAIN_NAT, PACKET_DNAT, project, port->service);

	if (port->host_addr.len)
		rule->dst = exactly(&port->host_addr);
	rule->protocol = port->protocol;
	rule->first_port = port->host_port;
	rule->last_port = (uint16_t)(port->host_port + port->count - 1);
	rule->to = port->addr;
	rule->to_port = port->port;
	rule->one_of = one_of;
}

static void add_nat_network(struct firewall_plan *plan, const char *project,
			    const struct firewall_network *net)
{
	struct packet_rule *rule;

	if (!net->internal && !net->keeps_source) {
		rule = add(plan, CHAIN_NAT_POST, PACKET_MASQUERADE, project, net->name);
		rule->src = within(&net->subnet);
		rule->out = not_through(net->bridge);
	}
	/* A container at its own published port, or a neighbour's: the answer has to come back
	 * here to be translated, not go to the neighbour directly. */
	rule = add(plan, CHAIN_NAT_POST, PACKET_MASQUERADE, project, net->name);
	if (net->guest)
		rule->out = through(net->bridge);
	else
		rule->src = within(&net->subnet);
	rule->dst = within(&net->subnet);
	rule->states = PACKET_TRANSLATED;
	/* The host itself: a container cannot answer 127.0.0.1. */
	rule = add(plan, CHAIN_NAT_POST, PACKET_MASQUERADE, project, net->name);
	rule->out = through(net->bridge);
	rule->src_local = true;
	if (net->guest)
		rule->dst = within(&net->subnet);
}

static void add_nat(struct firewall_plan *plan, const struct firewall_rules *rules)
{
	/* No packet from ::1 leaves the host, so there is no use in turning it round. */
	if (plan->family == AF_INET6 && rules->n_ports > 0)
		add(plan, CHAIN_NAT, PACKET_RETURN, rules->project, "host")->dst =
			(struct packet_prefix){.cidr = cidr_of6(&in6addr_loopback)};
	for (size_t i = 0; i < rules->n_ports; i++)
		add_nat_port(plan, rules->project, &rules->ports[i], choices(rules, i));
	/* The host talking to itself by a bridge's address keeps that address. */
	if (rules->n_networks > 0)
		add(plan, CHAIN_NAT_POST, PACKET_RETURN, rules->project, "host")->out =
			through("lo");
	for (size_t i = 0; i < rules->n_networks; i++)
		add_nat_network(plan, rules->project, &rules->networks[i]);
}

/* What is of FAMILY in ALL; the arrays of RET are to be freed. */
static void of_family(const struct firewall_rules *all, uint8_t family, struct firewall_rules *ret)
{
	struct firewall_network *networks = calloc(all->n_networks + 1, sizeof(*networks));
	struct firewall_port *ports = calloc(all->n_ports + 1, sizeof(*ports));

	if (!networks || !ports)
		abort();
	*ret = (struct firewall_rules){
		.project = all->project, .networks = networks, .ports = ports};
	for (size_t i = 0; i < all->n_networks; i++)
		if (cidr_family(&all->networks[i].subnet) == family)
			networks[ret->n_networks++] = all->networks[i];
	for (size_t i = 0; i < all->n_ports; i++)
		if (cidr_family(&all->ports[i].addr) == family)
			ports[ret->n_ports++] = all->ports[i];
}

void firewall_plan_compute(const char *project_id, const struct firewall_rules *all, uint8_t family,
			   struct firewall_plan *ret_plan)
{
	struct firewall_plan plan = {.family = family};
	struct firewall_rules rules;

	of_family(all, family, &rules);
	for (size_t i = 0; i < CHAIN_COUNT; i++) {
		plan.chains[i].table = chain_kinds[i].table;
		snprintf(plan.chains[i].name, sizeof(plan.chains[i].name), "%s-%s",
			 chain_kinds[i].prefix, project_id);
	}
	add_raw(&plan, &rules);
	add_filter(&plan, &rules);
	add_nat(&plan, &rules);
	free((void *)rules.networks);
	free((void *)rules.ports);
	*ret_plan = plan;
}

bool firewall_plan_is_empty(const struct firewall_plan *plan)
{
	for (size_t i = 0; i < CHAIN_COUNT; i++)
		if (plan->chains[i].n > 0)
			return false;
	return true;
}

void firewall_plan_release(struct firewall_plan *plan)
{
	for (size_t i = 0; i < CHAIN_COUNT; i++)
		free(plan->chains[i].rules);
	*plan = (struct firewall_plan)FIREWALL_PLAN_INIT;
}
