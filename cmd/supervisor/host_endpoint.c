// SPDX-License-Identifier: GPL-2.0-or-later
/* What a container's record says of its networks, for net/. */
#include "cmd/supervisor/host.h"

#include "net/endpoint.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define LINK_LOCAL_LEN 16 /* 169.254.0.0/16 */

/* With SIX, only networks that have IPv6 count. */
static size_t default_route(struct host *host, const struct container_record *record, bool six)
{
	const struct record_address *addresses = record->addresses;
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < record->n_addresses; i++) {
		const struct host_network *network = host_network(host, addresses[i].network);

		if (network && !network->record.internal && (!six || network->gateway6.len) &&
		    (best == SIZE_MAX || addresses[i].gw_priority > addresses[best].gw_priority))
			best = i;
	}
	return best;
}

const struct record_address *host_way_out(struct host *host, const struct container_record *record,
					  struct host_network **ret_network)
{
	size_t best = default_route(host, record, false);

	for (size_t i = 0; best < record->n_addresses && i <= record->n_addresses; i++) {
		size_t at = i == 0 ? best : i - 1;
		struct host_network *network = host_network(host, record->addresses[at].network);

		if (!network || network->record.internal || host_is_beside(network))
			continue;
		*ret_network = network;
		return &record->addresses[at];
	}
	return NULL;
}

static enum endpoint_kind kind_of(const struct host_network *network)
{
	if (strcmp(network->record.driver, "macvlan") == 0)
		return ENDPOINT_MACVLAN;
	return strcmp(network->record.driver, "ipvlan") == 0 ? ENDPOINT_IPVLAN : ENDPOINT_PAIR;
}

static int fill_addresses(struct host *host, const struct container_record *record, size_t at,
			  const struct host_network *network, struct host_endpoint *ret,
			  struct err *err)
{
	const struct record_address *a = &record->addresses[at];
	struct endpoint *endpoint = &ret->endpoint;
	int r = cidr_parse_address(a->address, &endpoint->address, err);

	if (r == 0 && a->address6[0])
		r = cidr_parse_address(a->address6, &endpoint->address6, err);
	for (size_t i = 0; r == 0 && i < RECORD_LINK_LOCAL_MAX && a->link_local[i][0]; i++) {
		r = cidr_parse_address(a->link_local[i], &ret->link_local[i], err);
		ret->link_local[i].len = LINK_LOCAL_LEN;
		endpoint->n_link_local++;
	}
	if (r < 0)
		return r;
	endpoint->address.len = network->gateway.len;
	endpoint->address6.len = network->gateway6.len;
	if (at == default_route(host, record, false))
		endpoint->gateway = network->gateway;
	if (at == default_route(host, record, true))
		endpoint->gateway6 = network->gateway6;
	return 0;
}

int host_endpoint(struct host *host, const struct container_record *record, size_t at, int netns,
		  struct host_endpoint *ret, struct err *err)
{
	const struct record_address *a = &record->addresses[at];
	const struct host_network *network = host_network(host, a->network);

	if (!network || network->ifindex == 0)
		return err_set(err, ENOENT, "network '%s' is not there", a->network);
	if (!endpoint_mac_parse(a->mac, ret->mac))
		return err_set(err, EINVAL, "'%s' is no MAC address", a->mac);
	ret->endpoint = (struct endpoint){.container = record->name,
					  .network = network->record.name,
					  .ifname = a->interface,
					  .netns_fd = netns,
					  .bridge_ifindex = network->ifindex,
					  .link_local = ret->link_local,
					  .mac = ret->mac,
					  .kind = kind_of(network),
					  .mode = network->record.mode,
					  .mtu = network->record.mtu,
					  .isolated = network->record.isolated};
	return fill_addresses(host, record, at, network, ret, err);
}
