// SPDX-License-Identifier: GPL-2.0-or-later
/* Containers in networks: their namespaces and their links. */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "core/container/idmap.h"
#include "core/model/bandwidth.h"
#include "core/model/network_options.h"
#include "net/beside.h"
#include "net/endpoint.h"
#include "net/ipam.h"
#include "net/netns.h"
#include "net/shaping.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* NULL: any. */
static const char *interface_of(const struct service_network *wanted)
{
	return wanted->interface_name ? wanted->interface_name
				      : map_get(&wanted->driver_opts, NETWORK_OPTION_IFNAME);
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
	if (wanted->mac_address && !endpoint_mac_parse(wanted->mac_address, mac))
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
	if (interface_of(wanted))
		snprintf(a->interface, sizeof(a->interface), "%s", interface_of(wanted));
	else
		choose_interface(record, a);
	if (network->record.external)
		a->names = network->record.owner[0] ? NAMES_OWNERS : NAMES_NONE;
	else if (host_is_beside(network))
		a->names = NAMES_NONE;
	endpoint_name(host->id, record->name, network->record.name, a->host_link);
	host_lease(host, record->name, a, &addr, &addr6);
	record->n_addresses++;
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

static struct record_address *find_attachment(struct container_record *record, const char *network)
{
	for (size_t i = 0; i < record->n_addresses; i++)
		if (strcmp(record->addresses[i].network, network) == 0)
			return &record->addresses[i];
	return NULL;
}

/* What can change while it stays in the network; NULL: it is not in it. */
static void update_attachment(struct record_address *a, const struct service_network *wanted)
{
	if (!a)
		return;
	a->gw_priority = wanted->gw_priority;
	memset(a->link_local, 0, sizeof(a->link_local));
	for (size_t i = 0; i < wanted->link_local_ips.n && i < RECORD_LINK_LOCAL_MAX; i++)
		snprintf(a->link_local[i], sizeof(a->link_local[i]), "%s",
			 wanted->link_local_ips.items[i]);
}

/* Recorded before anything is made, so that no address is given away twice or forgotten. */
static int choose_attachments(struct host *host, const struct service *service,
			      struct container_record *record, struct err *err)
{
	CLEANUP_FD int lock = -1;
	int r = ipam_lock(host->paths, &lock, err);

	for (size_t i = 0; r == 0 && i < service->n_networks; i++)
		if (!find_attachment(record, service->networks[i].network))
			r = choose_attachment(host, &service->networks[i], record, err);
	put_in_order(service, record);
	host_lease_again(host, record); /* who asks where goes by their order, too */
	for (size_t i = 0; i < service->n_networks; i++)
		update_attachment(find_attachment(record, service->networks[i].network),
				  &service->networks[i]);
	/* Also after a failure: what was left is left. */
	if (record_save(host->run_fd, record, r == 0 ? err : NULL) < 0 && r == 0)
		r = -EIO;
	return r;
}

/* Links, and what is in them, as RECORD and SERVICE say. */
static int connect_networks(struct host *host, const struct service *service,
			    const struct container_record *record, int netns, struct err *err)
{
	int r = host_attach_again(host, record, netns, err);

	if (r == 0)
		r = host_set_sysctls(service, record, netns, err);
	return r < 0 ? r : host_learn_asker(host, service, record, err);
}

int host_attach(struct host *host, const struct service *service, const struct host_ids *ids,
		struct container_record *record, struct err *err)
{
	char name[NETNS_NAME_MAX];
	CLEANUP_FD int netns = -1;
	int r = check_number(service, err);

	if (r == 0)
		r = choose_attachments(host, service, record, err);
	if (r < 0)
		return r;
	netns_name(host->id, record->name, name);
	r = make_netns(name, ids, &netns, err);
	if (r == 0)
		r = connect_networks(host, service, record, netns, err);
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
	if (interface_of(wanted) && strcmp(a->interface, interface_of(wanted)) != 0)
		return false;
	return !wanted->mac_address ||
	       (endpoint_mac_parse(wanted->mac_address, mac) && endpoint_mac_parse(a->mac, has) &&
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

static int leave(struct host *host, struct container_record *record, size_t at, struct err *err)
{
	const struct record_address *a = &record->addresses[at];
	const struct host_network *network = host_network(host, a->network);
	char name[NETNS_NAME_MAX];
	CLEANUP_FD int netns = -1;
	int r = 0;

	netns_name(host->id, record->name, name);
	if (network && !host_is_beside(network))
		r = endpoint_detach(host->nl, host->id, record->name, network->record.name, err);
	else if (network && netns_open(name, &netns, NULL) == 0)
		r = beside_remove(host->id, netns, a->interface, err);
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

int host_reattach(struct host *host, const struct service *service, struct container_record *record,
		  struct err *err)
{
	char name[NETNS_NAME_MAX];
	CLEANUP_FD int netns = -1;
	int r = check_number(service, err);

	for (size_t i = record->n_addresses; r == 0 && i-- > 0;)
		if (!wanted_for(service, &record->addresses[i]))
			r = leave(host, record, i, err);
	if (r == 0)
		r = choose_attachments(host, service, record, err);
	else
		(void)record_save(host->run_fd, record, NULL); /* what was left is left */
	if (r < 0)
		return r;
	netns_name(host->id, record->name, name);
	r = netns_open(name, &netns, err);
	if (r == 0)
		r = connect_networks(host, service, record, netns, err);
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
