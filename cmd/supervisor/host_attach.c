// SPDX-License-Identifier: GPL-2.0-or-later
/* Containers in networks: their namespaces and their links. */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "core/container/idmap.h"
#include "core/model/bandwidth.h"
#include "net/endpoint.h"
#include "net/netns.h"
#include "net/shaping.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_mac(const char *text, uint8_t ret[ENDPOINT_MAC_LEN])
{
	unsigned int b[ENDPOINT_MAC_LEN];
	char rest;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &rest) != ENDPOINT_MAC_LEN)
		return false;
	for (size_t i = 0; i < ENDPOINT_MAC_LEN; i++)
		ret[i] = (uint8_t)b[i];
	return true;
}

/* "eth0" and so on, the first that RECORD does not have. */
static void choose_interface(const struct container_record *record, struct record_address *a)
{
	bool taken = true;

	for (unsigned int n = 0; taken; n++) {
		snprintf(a->interface, sizeof(a->interface), "eth%u", n % 1000);
		taken = false;
		for (size_t i = 0; i < record->n_addresses; i++)
			if (strcmp(record->addresses[i].interface, a->interface) == 0)
				taken = true;
	}
}

/* Choose what WANTED leaves open, at the end of RECORD's addresses. */
static int choose_attachment(struct host *host, const struct service_network *wanted,
			     struct container_record *record, struct err *err)
{
	struct host_network *network = host_network(host, wanted->network);
	struct record_address *a = &record->addresses[record->n_addresses];
	uint8_t mac[ENDPOINT_MAC_LEN];
	struct cidr addr, addr6;
	int r;

	if (!network || network->ifindex == 0)
		return err_set(err, ENOENT, "network '%s' is not there", wanted->network);
	r = host_choose_addresses(host, network, wanted, record->name, &addr, &addr6, err);
	if (r < 0)
		return r;
	endpoint_mac(addr.addr, mac);
	if (wanted->mac_address && !parse_mac(wanted->mac_address, mac))
		return err_set(err, EINVAL, "'%s' is no MAC address", wanted->mac_address);
	*a = (struct record_address){.prefix = addr.len, .prefix6 = addr6.len};
	snprintf(a->network, sizeof(a->network), "%s", wanted->network);
	addr_format(addr.addr, a->address);
	addr_format(network->gateway.addr, a->gateway);
	if (addr6.len) {
		cidr_format_address(&addr6, a->address6);
		cidr_format_address(&network->gateway6, a->gateway6);
	}
	snprintf(a->mac, sizeof(a->mac), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	if (wanted->interface_name)
		snprintf(a->interface, sizeof(a->interface), "%s", wanted->interface_name);
	else
		choose_interface(record, a);
	endpoint_name(host->id, record->name, network->record.name, a->host_link);
	host_lease(host, record->name, wanted->network, a->host_link, &addr, &addr6);
	record->n_addresses++;
	return 0;
}

const struct record_address *host_way_out(struct host *host, const struct container_record *record,
					  struct host_network **ret_network)
{
	for (size_t i = 0; i < record->n_addresses; i++) {
		struct host_network *network = host_network(host, record->addresses[i].network);

		if (!network || network->record.internal)
			continue;
		*ret_network = network;
		return &record->addresses[i];
	}
	return NULL;
}

/* An IPv6 way out is where the first network is that has both. */
static const struct record_address *way_out6(struct host *host,
					     const struct container_record *record)
{
	for (size_t i = 0; i < record->n_addresses; i++) {
		const struct host_network *network =
			host_network(host, record->addresses[i].network);

		if (network && !network->record.internal && network->gateway6.len)
			return &record->addresses[i];
	}
	return NULL;
}

int host_endpoint(struct host *host, const struct container_record *record, size_t at, int netns,
		  struct host_endpoint *ret, struct err *err)
{
	const struct record_address *a = &record->addresses[at];
	const struct host_network *network = host_network(host, a->network);
	struct endpoint *endpoint = &ret->endpoint;
	struct host_network *out;
	int r;

	if (!network || network->ifindex == 0)
		return err_set(err, ENOENT, "network '%s' is not there", a->network);
	if (!parse_mac(a->mac, ret->mac))
		return err_set(err, EINVAL, "'%s' is no MAC address", a->mac);
	*endpoint = (struct endpoint){.container = record->name,
				      .network = network->record.name,
				      .ifname = a->interface,
				      .netns_fd = netns,
				      .bridge_ifindex = network->ifindex,
				      .mac = ret->mac};
	r = cidr_parse_address(a->address, &endpoint->address, err);
	if (r == 0 && a->address6[0])
		r = cidr_parse_address(a->address6, &endpoint->address6, err);
	if (r < 0)
		return r;
	endpoint->address.len = network->gateway.len;
	endpoint->address6.len = network->gateway6.len;
	/* The first of its networks that leads outside has the container's default route. */
	if (host_way_out(host, record, &out) == a)
		endpoint->gateway = network->gateway;
	if (way_out6(host, record) == a)
		endpoint->gateway6 = network->gateway6;
	return 0;
}

static int make_netns(const char *name, const struct host_ids *ids, int *ret_netns, struct err *err)
{
	CLEANUP_FD int userns = -1, fresh = -1;
	int r = 0;

	if (ids->count)
		r = idmap_create(ids->first, ids->count, &userns, &fresh, err);
	return r < 0 ? r : netns_create(name, fresh, ret_netns, err);
}

int host_attach_again(struct host *host, const struct container_record *record, int netns,
		      struct err *err)
{
	struct host_endpoint made[RECORD_NETWORKS_MAX];
	struct endpoint endpoints[RECORD_NETWORKS_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < record->n_addresses; i++) {
		r = host_endpoint(host, record, i, netns, &made[i], err);
		endpoints[i] = made[i].endpoint;
	}
	return r < 0 ? r
		     : endpoints_attach(host->nl, host->project, host->id, endpoints,
					record->n_addresses, err);
}

static int check_number(const struct service *service, struct err *err)
{
	return service->n_networks <= RECORD_NETWORKS_MAX
		       ? 0
		       : err_set(err, E2BIG, "a container can be in at most %d networks",
				 RECORD_NETWORKS_MAX);
}

int host_make_netns(struct host *host, const struct service *service, const char *container,
		    int *ret_netns, struct err *err)
{
	char name[NETNS_NAME_MAX];
	struct host_ids ids;
	int r = host_choose_ids(host, service, container, &ids, err);

	netns_name(host->id, container, name);
	return r < 0 ? r : make_netns(name, &ids, ret_netns, err);
}

int host_attach(struct host *host, const struct service *service, const struct host_ids *ids,
		struct container_record *record, struct err *err)
{
	char name[NETNS_NAME_MAX];
	CLEANUP_FD int netns = -1;
	int r = check_number(service, err);

	for (size_t i = 0; r == 0 && i < service->n_networks; i++)
		r = choose_attachment(host, &service->networks[i], record, err);
	/* Before anything is made, so that no address is given away twice or forgotten. */
	if (r == 0)
		r = record_save(host->run_fd, record, err);
	if (r < 0)
		return r;
	netns_name(host->id, record->name, name);
	r = make_netns(name, ids, &netns, err);
	if (r == 0)
		r = host_attach_again(host, record, netns, err);
	if (r == 0)
		r = host_learn_asker(host, service, record, err);
	return r < 0 || !bandwidth_is_said(service) ? r : host_shape(host, service, record, err);
}

/* An IPv6 address can be written in many ways. */
static bool is_address(const char *has, const char *wanted)
{
	struct cidr a, b;

	return cidr_parse_address(has, &a, NULL) == 0 &&
	       cidr_parse_address(wanted, &b, NULL) == 0 && cidr_same_address(&a, &b);
}

/* Does what RECORD has, A, do for what is WANTED? */
static bool still_wanted(const struct record_address *a, const struct service_network *wanted)
{
	uint8_t mac[ENDPOINT_MAC_LEN], has[ENDPOINT_MAC_LEN];

	if (strcmp(a->network, wanted->network) != 0)
		return false;
	if (wanted->ipv4_address && strcmp(a->address, wanted->ipv4_address) != 0)
		return false;
	if (wanted->ipv6_address && !is_address(a->address6, wanted->ipv6_address))
		return false;
	if (wanted->interface_name && strcmp(a->interface, wanted->interface_name) != 0)
		return false;
	return !wanted->mac_address ||
	       (parse_mac(wanted->mac_address, mac) && parse_mac(a->mac, has) &&
		memcmp(mac, has, sizeof(mac)) == 0);
}

static const struct service_network *wanted_for(const struct service *service,
						const struct record_address *a)
{
	for (size_t i = 0; i < service->n_networks; i++)
		if (still_wanted(a, &service->networks[i]))
			return &service->networks[i];
	return NULL;
}

static bool has_attachment(const struct container_record *record, const char *network)
{
	for (size_t i = 0; i < record->n_addresses; i++)
		if (strcmp(record->addresses[i].network, network) == 0)
			return true;
	return false;
}

static int leave(struct host *host, struct container_record *record, size_t at, struct err *err)
{
	const struct record_address *a = &record->addresses[at];
	const struct host_network *network = host_network(host, a->network);
	int r = 0;

	if (network)
		r = endpoint_detach(host->nl, host->id, record->name, network->record.name, err);
	if (r == 0)
		r = shaping_remove(host->nl, a->host_link, link_group(host->id), err);
	if (r < 0)
		return r;
	host_end_leases(host, record->name, a->network);
	record->n_addresses--;
	memmove(&record->addresses[at], &record->addresses[at + 1],
		(record->n_addresses - at) * sizeof(*a));
	return 0;
}

/* As it stands in SERVICE: the first network has the default route and the name server. */
static void put_in_order(const struct service *service, struct container_record *record)
{
	size_t n = 0;

	for (size_t i = 0; i < service->n_networks; i++) {
		for (size_t j = n; j < record->n_addresses; j++) {
			struct record_address found = record->addresses[j];

			if (strcmp(found.network, service->networks[i].network) != 0)
				continue;
			memmove(&record->addresses[n + 1], &record->addresses[n],
				(j - n) * sizeof(found));
			record->addresses[n++] = found;
			break;
		}
	}
}

int host_reattach(struct host *host, const struct service *service, struct container_record *record,
		  struct err *err)
{
	char name[NETNS_NAME_MAX];
	CLEANUP_FD int netns = -1;
	int r = check_number(service, err);

	for (size_t i = record->n_addresses; r == 0 && i-- > 0;)
		if (!wanted_for(service, &record->addresses[i]))
			r = leave(host, record, i, err);
	for (size_t i = 0; r == 0 && i < service->n_networks; i++)
		if (!has_attachment(record, service->networks[i].network))
			r = choose_attachment(host, &service->networks[i], record, err);
	put_in_order(service, record);
	host_lease_again(host, record); /* who asks where goes by their order, too */
	/* Also after a failure: what was left is left. */
	if (record_save(host->run_fd, record, r == 0 ? err : NULL) < 0 && r == 0)
		r = -EIO;
	if (r < 0)
		return r;
	netns_name(host->id, record->name, name);
	r = netns_open(name, &netns, err);
	if (r == 0)
		r = host_attach_again(host, record, netns, err);
	if (r == 0)
		r = host_learn_asker(host, service, record, err);
	return r < 0 ? r : host_shape(host, service, record, err);
}

int host_detach(struct host *host, const char *container, struct err *err)
{
	char name[NETNS_NAME_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->n_leases; i++)
		if (strcmp(host->leases[i].container, container) == 0)
			r = shaping_remove(host->nl, host->leases[i].link, link_group(host->id),
					   err);
	if (r < 0)
		return r;
	host_end_leases(host, container, NULL);
	/* The kernel takes the other links away with the namespace. */
	netns_name(host->id, container, name);
	return netns_remove(name, err);
}
