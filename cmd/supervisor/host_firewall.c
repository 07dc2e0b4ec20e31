// SPDX-License-Identifier: GPL-2.0-or-later
/* The project's rules: copied on the loop, committed in a thread. */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "net/bridge.h"
#include "net/conntrack.h"
#include "net/firewall.h"
#include "net/port.h"

#include <stdlib.h>
#include <string.h>

/* All that the thread needs, in one piece of memory of its own. */
struct prepared {
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

static void prepare_networks(struct host *host, struct prepared *prepared)
{
	size_t n = host->n_networks;

	prepared->networks = array(n, sizeof(*prepared->networks));
	prepared->network_names = array(n, sizeof(*prepared->network_names));
	prepared->bridges = array(n, sizeof(*prepared->bridges));
	for (size_t i = 0; i < n; i++) {
		const struct host_network *network = &host->networks[i];

		memcpy(prepared->network_names[i], network->record.key,
		       sizeof(prepared->network_names[i]));
		memcpy(prepared->bridges[i], network->bridge, IFNAMSIZ);
		prepared->networks[i] =
			(struct firewall_network){.name = prepared->network_names[i],
						  .bridge = prepared->bridges[i],
						  .subnet = cidr_subnet(&network->gateway),
						  .internal = network->record.internal,
						  .isolated = network->record.isolated};
	}
	prepared->rules.networks = prepared->networks;
	prepared->rules.n_networks = n;
}

/* The address of a container that a published port leads to: its first one outside reaches. */
static const struct record_address *
port_address(struct host *host, const struct container_record *record, size_t *ret_network)
{
	for (size_t i = 0; i < record->n_addresses; i++) {
		const struct host_network *network =
			host_network(host, record->addresses[i].network);

		if (network && !network->record.internal) {
			*ret_network = (size_t)(network - host->networks);
			return &record->addresses[i];
		}
	}
	return NULL;
}

static void prepare_ports(struct host *host, const struct publication *ports, size_t n,
			  struct prepared *prepared)
{
	prepared->ports = array(n, sizeof(*prepared->ports));
	prepared->services = array(n, sizeof(*prepared->services));
	for (size_t i = 0; i < n; i++) {
		size_t network = 0, at = prepared->rules.n_ports;
		const struct record_address *address =
			port_address(host, ports[i].record, &network);
		struct firewall_port *port = &prepared->ports[at];

		if (!address || addr_parse(address->address, &port->addr, NULL) < 0)
			continue;
		memcpy(prepared->services[at], ports[i].record->service,
		       sizeof(prepared->services[at]));
		port->service = prepared->services[at];
		port->bridge = prepared->bridges[network];
		port->protocol = port_protocol(ports[i].port->protocol);
		if (addr_parse(ports[i].port->host_ip, &port->host_addr, NULL) < 0)
			port->host_addr.s_addr = INADDR_ANY;
		port->host_port = ports[i].port->published;
		port->port = ports[i].port->target;
		port->count = ports[i].port->count;
		prepared->rules.n_ports++;
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
	prepared->rules.project = prepared->project;
	if (commit) {
		prepared->stale = TAKE_PTR(host->stale);
		prepared->n_stale = host->n_stale;
		host->n_stale = 0;
	}
	if (!teardown) {
		prepare_networks(host, prepared);
		prepare_ports(host, ports, n, prepared);
	}
	return prepared;
}

int host_firewall_check(void *ctx, void *data, bool *ret_intact, struct err *err)
{
	struct prepared *prepared = data;
	int r = firewall_check(prepared->id, &prepared->rules, ret_intact, err);

	(void)ctx; /* belongs to the loop's thread */
	prepared_free(prepared);
	return r;
}

int host_firewall_sync(void *ctx, void *data, struct err *err)
{
	struct prepared *prepared = data;
	int r;

	(void)ctx; /* belongs to the loop's thread */
	r = firewall_sync(prepared->id, &prepared->rules, err);
	if (r == 0 && prepared->n_stale > 0)
		r = conntrack_flush(prepared->stale, prepared->n_stale, NULL, err);
	prepared_free(prepared);
	return r;
}
