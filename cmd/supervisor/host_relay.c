// SPDX-License-Identifier: GPL-2.0-or-later
/* Published ports that a relay serves: those that are kept on an address of IPv6. */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "net/port.h"
#include "net/relay.h"

#include <stdlib.h>
#include <string.h>

static bool is_of(const struct host_port *held, const struct publication *port)
{
	const struct record_port *record = port->port;

	return held->fd6 >= 0 && strcmp(held->container, port->record->name) == 0 &&
	       strcmp(held->protocol, record->protocol) == 0 &&
	       strcmp(held->host_ip, record->host_ip) == 0 && held->port >= record->published &&
	       held->port - record->published < record->count;
}

/* As net/relay.h has it; false: this one is not relayed. */
static bool relay_port(struct host *host, const struct host_port *held,
		       const struct publication *port, struct relay_port *ret)
{
	struct host_network *network;
	const struct record_address *address = host_way_out(host, port->record, &network);

	*ret = (struct relay_port){
		.protocol = port_protocol(held->protocol),
		.host_port = held->port,
		.fd = held->fd6,
		.port = (uint16_t)(port->port->target + (held->port - port->port->published)),
	};
	if (!address || ret->protocol == IPPROTO_SCTP ||
	    cidr_parse_address(address->address, &ret->addr, NULL) < 0 ||
	    !host_port_address(held->host_ip, AF_INET6, &ret->host_addr))
		return false;
	if (address->address6[0])
		(void)cidr_parse_address(address->address6, &ret->addr6, NULL);
	return true;
}

void host_relay_sync(struct host *host, const struct publication *ports, size_t n)
{
	CLEANUP_FREE struct relay_port *relayed = calloc(host->n_ports + 1, sizeof(*relayed));
	size_t n_relayed = 0;

	if (!relayed)
		abort();
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < host->n_ports; j++)
			if (n_relayed < host->n_ports && is_of(&host->ports[j], &ports[i]) &&
			    relay_port(host, &host->ports[j], &ports[i], &relayed[n_relayed]))
				n_relayed++;
	relays_sync(host->relays, relayed, n_relayed);
}

void host_relay_give_up(struct host *host, const struct host_port *port)
{
	struct cidr addr;

	if (host_port_address(port->host_ip, AF_INET6, &addr))
		relays_give_up(host->relays, port_protocol(port->protocol), &addr, port->port);
}
