// SPDX-License-Identifier: GPL-2.0-or-later
/* The project's rules: copied on the loop, committed in a thread. */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "net/bridge.h"
#include "net/conntrack.h"
#include "net/firewall.h"
#include "net/port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All that the thread needs, in one piece of memory of its own. */
struct prepared {
	const struct firewall_backend *firewall;
	struct firewall_rules rules;
	char project[64], id[PATHS_ID_LEN + 1];
	struct firewall_network *networks;
	char (*network_names)[64];
	char (*bridges)[IFNAMSIZ];
	struct firewall_port *ports;
	char (*services)[64];
	struct conntrack_match *stale;
	size_t n_stale;
};

static void *array(size_t n, size_t size)
{
	void *items = calloc(n + 1, size);

	if (!items)
		abort();
	return items;
}

static void prepared_free(struct prepared *prepared)
{
	free(prepared->networks);
	free(prepared->network_names);
	free(prepared->bridges);
	free(prepared->ports);
	free(prepared->services);
	free(prepared->stale);
	free(prepared);
}

/* SUBNET of the network number AT, or one container of it. */
static struct firewall_network *add_subnet(struct prepared *prepared, size_t at,
					   const struct cidr *subnet)
{
	struct firewall_network *added = &prepared->networks[prepared->rules.n_networks++];

	*added = (struct firewall_network){.name = prepared->network_names[at],
					   .bridge = prepared->bridges[at],
					   .subnet = *subnet};
	return added;
}

/* NETWORK as a network of the family of its GATEWAY. */
static void add_network(struct prepared *prepared, const struct host_network *network, size_t at,
			const struct cidr *gateway)
{
	const struct cidr subnet = cidr_subnet(gateway);
	struct firewall_network *added;

	if (!gateway->len)
		return;
	added = add_subnet(prepared, at, &subnet);
	added->internal = network->record.internal;
	added->isolated = network->record.isolated;
	added->keeps_source = network->record.keeps_source;
}

/* In a bridge that no rules are for: each of our containers there has its own. */
static void add_guests(const struct host *host, struct prepared *prepared, size_t at)
{
	for (size_t i = 0; i < host->n_leases; i++) {
		const struct cidr address = cidr_address(&host->leases[i].addr);

		if (strcmp(host->leases[i].network, host->networks[at].record.key) == 0)
			add_subnet(prepared, at, &address)->guest = true;
	}
}

static void prepare_networks(struct host *host, struct prepared *prepared)
{
	size_t n = host->n_networks;

	prepared->networks = array(2 * n + host->n_leases, sizeof(*prepared->networks));
	prepared->network_names = array(n, sizeof(*prepared->network_names));
	prepared->bridges = array(n, sizeof(*prepared->bridges));
	prepared->rules.networks = prepared->networks;
	for (size_t i = 0; i < n; i++) {
		const struct host_network *network = &host->networks[i];

		memcpy(prepared->network_names[i], network->record.key,
		       sizeof(prepared->network_names[i]));
		memcpy(prepared->bridges[i], network->bridge, IFNAMSIZ);
		if (network->record.external && !network->record.owner[0])
			add_guests(host, prepared, i);
		if (!host_is_ours(network))
			continue;
		add_network(prepared, network, i, &network->gateway);
		add_network(prepared, network, i, &network->gateway6);
	}
}

/* PORT leads to ADDRESS, of FAMILY, of a container in the network number NETWORK. */
static void add_port(struct prepared *prepared, const char *service, size_t network,
		     const struct record_port *port, uint8_t family, const char *address)
{
	size_t at = prepared->rules.n_ports;
	struct firewall_port *ret = &prepared->ports[at];

	if (!host_port_address(port->host_ip, family, &ret->host_addr) ||
	    cidr_parse_address(address, &ret->addr, NULL) < 0)
		return;
	snprintf(prepared->services[at], sizeof(prepared->services[at]), "%s", service);
	ret->service = prepared->services[at];
	ret->bridge = prepared->bridges[network];
	ret->protocol = port_protocol(port->protocol);
	ret->host_port = port->published;
	ret->port = port->target;
	ret->count = port->count;
	prepared->rules.n_ports++;
}

static void prepare_ports(struct host *host, const struct publication *ports, size_t n,
			  struct prepared *prepared)
{
	prepared->ports = array(2 * n, sizeof(*prepared->ports));
	prepared->services = array(2 * n, sizeof(*prepared->services));
	for (size_t i = 0; i < n; i++) {
		const char *service = ports[i].record->service;
		struct host_network *network;
		const struct record_address *address =
			host_way_out(host, ports[i].record, &network);
		size_t number;

		if (!address)
			continue;
		number = (size_t)(network - host->networks);
		add_port(prepared, service, number, ports[i].port, AF_INET, address->address);
		if (address->address6[0])
			add_port(prepared, service, number, ports[i].port, AF_INET6,
				 address->address6);
	}
	prepared->rules.ports = prepared->ports;
}

void *host_firewall_prepare(void *ctx, const struct publication *ports, size_t n, bool teardown,
			    bool commit)
{
	struct host *host = ctx;
	struct prepared *prepared = array(1, sizeof(*prepared));

	memcpy(prepared->project, host->project, sizeof(prepared->project));
	memcpy(prepared->id, host->id, sizeof(prepared->id));
	prepared->firewall = host->firewall;
	prepared->rules.project = prepared->project;
	if (commit) {
		prepared->stale = TAKE_PTR(host->stale);
		prepared->n_stale = host->n_stale;
		host->n_stale = 0;
		host_relay_sync(host, ports, teardown ? 0 : n);
	}
	if (!teardown) {
		prepare_networks(host, prepared);
		prepare_ports(host, ports, n, prepared);
	}
	return prepared;
}

/* That it could not be found out is no reason to fail. */
static void find_obstacle(const struct prepared *prepared, char **ret_obstacle)
{
	struct err err = ERR_INIT;

	*ret_obstacle = NULL;
	if (firewall_obstacle(&prepared->rules, ret_obstacle, &err) < 0)
		log_debug("firewall: %s, ignoring", err.msg);
}

int host_firewall_check(void *ctx, void *data, bool *ret_intact, char **ret_obstacle,
			struct err *err)
{
	struct prepared *prepared = data;
	int r = firewall_check(prepared->firewall, prepared->id, &prepared->rules, ret_intact, err);

	(void)ctx; /* belongs to the loop's thread */
	find_obstacle(prepared, ret_obstacle);
	prepared_free(prepared);
	return r;
}

int host_firewall_sync(void *ctx, void *data, char **ret_obstacle, struct err *err)
{
	struct prepared *prepared = data;
	int r;

	(void)ctx; /* belongs to the loop's thread */
	r = firewall_sync(prepared->firewall, prepared->id, &prepared->rules, err);
	if (r == 0 && prepared->n_stale > 0)
		r = conntrack_flush(prepared->stale, prepared->n_stale, NULL, err);
	find_obstacle(prepared, ret_obstacle);
	prepared_free(prepared);
	return r;
}

const char *host_firewall_name(void *ctx)
{
	const struct host *host = ctx;

	return firewall_name(host->firewall);
}
