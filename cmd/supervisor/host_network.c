// SPDX-License-Identifier: GPL-2.0-or-later
/* Bridges, addresses and names of a project. */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/converge/confighash.h"
#include "net/bridge.h"
#include "net/dns.h"
#include "net/endpoint.h"
#include "net/ipam.h"
#include "net/netlink.h"
#include "net/netns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct host_network *host_network(struct host *host, const char *key)
{
	for (size_t i = 0; i < host->n_networks; i++)
		if (strcmp(host->networks[i].record.key, key) == 0)
			return &host->networks[i];
	return NULL;
}

static struct host_network *add_network(struct host *host, const struct network_record *record)
{
	struct host_network *grown =
		realloc(host->networks, (host->n_networks + 1) * sizeof(*host->networks));

	if (!grown)
		abort();
	host->networks = grown;
	host->networks[host->n_networks] = (struct host_network){.record = *record};
	return &host->networks[host->n_networks++];
}

static void forget_network(struct host *host, struct host_network *network)
{
	dns_server_free(network->dns);
	*network = host->networks[--host->n_networks];
}

/* Names are a convenience that must not keep containers from running. */
static void start_dns(struct host *host, struct host_network *network)
{
	struct dns_config config = {
		.listen = {.sin_family = AF_INET,
			   .sin_addr = network->gateway.addr,
			   .sin_port = htons(DNS_PORT)},
		.device = network->bridge,
		.internal = network->record.internal,
	};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < host->n_networks; i++)
		if (host->networks[i].dns)
			config.sibling = host->networks[i].dns;
	if (!network->dns && dns_server_new(host->loop, &config, &network->dns, &err) < 0)
		log_error("network '%s': names cannot be looked up: %s", network->record.key,
			  err.msg);
}

/* The bridge as the record says; made, or put right where it is there. */
static int make_bridge(struct host *host, struct host_network *network, struct err *err)
{
	struct bridge bridge = {.project = host->project,
				.project_id = host->id,
				.network = network->record.name,
				.gateway = network->gateway};
	int r;

	bridge_name(host->id, network->record.name, network->bridge);
	r = bridge_ensure(host->nl, &bridge, &network->ifindex, err);
	if (r == 0)
		start_dns(host, network);
	return r;
}

int host_networks_load(struct host *host, struct err *err)
{
	CLEANUP_FREE struct network_record *records = NULL;
	size_t n = 0;
	int r = network_record_load_all(host->run_fd, &records, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct host_network *network = add_network(host, &records[i]);
		struct err inner = ERR_INIT;

		r = cidr_parse(records[i].gateway, &network->gateway, err);
		/* A bridge that somebody removed comes back; the next `up` mends what hung on it.
		 */
		if (r == 0 && make_bridge(host, network, &inner) < 0)
			log_error("network '%s': %s", records[i].key, inner.msg);
	}
	return r;
}

void host_networks_release(struct host *host)
{
	for (size_t i = 0; i < host->n_networks; i++)
		dns_server_free(host->networks[i].dns);
	free(host->networks);
	host->networks = NULL;
	host->n_networks = 0;
}

static const char *driver_option(const struct network *network, const char *key)
{
	const char *value = map_get(&network->driver_opts, key);

	return value ? value : "";
}

/* The subnet that the file asks for, or a free one out of the pool. */
static int choose_gateway(struct host *host, const struct network *network, struct cidr *ret,
			  struct err *err)
{
	CLEANUP(cidr_list_release) struct cidr_list pool = CIDR_LIST_INIT, taken = CIDR_LIST_INIT;
	struct cidr subnet;
	int r;

	r = ipam_taken(host->nl, &taken, err);
	if (r < 0)
		return r;
	if (network->subnet) {
		r = cidr_parse(network->subnet, &subnet, err);
		for (size_t i = 0; r == 0 && i < taken.n; i++)
			if (cidr_overlaps(&subnet, &taken.items[i]))
				r = err_set(err, EADDRINUSE,
					    "subnet %s overlaps a network that this host has "
					    "already; choose another one",
					    network->subnet);
	} else {
		r = ipam_pool(getenv("STACK_POOL"), &pool, err);
		if (r == 0)
			r = ipam_choose_subnet(&pool, &taken, host->id, network->name, &subnet,
					       err);
	}
	if (r < 0)
		return r;
	*ret = ipam_gateway(&subnet);
	return network->gateway ? addr_parse(network->gateway, &ret->addr, err) : 0;
}

static int new_network(struct host *host, const struct network *network, struct err *err)
{
	CLEANUP_FD int lock = -1;
	struct network_record record = {
		.internal = network->internal,
		.isolated = strcmp(driver_option(network, "com.docker.network.bridge.enable_icc"),
				   "false") == 0,
	};
	struct host_network *made;
	struct cidr gateway;
	int r;

	snprintf(record.key, sizeof(record.key), "%s", network->key);
	snprintf(record.name, sizeof(record.name), "%s", network->name);
	network_hash(network, record.hash);
	r = ipam_lock(host->paths, &lock, err);
	if (r == 0)
		r = choose_gateway(host, network, &gateway, err);
	if (r < 0)
		return r;
	cidr_format(&gateway, record.gateway);
	/* Recorded first: whatever is made from here on is found again. */
	r = network_record_save(host->run_fd, &record, err);
	if (r < 0)
		return r;
	made = add_network(host, &record);
	made->gateway = gateway;
	r = make_bridge(host, made, err);
	if (r < 0) {
		forget_network(host, made);
		network_record_remove(host->run_fd, record.key, NULL);
	}
	return r;
}

int host_network_create(void *ctx, const struct network *network, struct err *err)
{
	struct host *host = ctx;
	struct host_network *there = host_network(host, network->key);

	if (network->external)
		return err_set(err, EOPNOTSUPP,
			       "external networks are not supported yet; leave out 'external: "
			       "true' to have a network of the project's own");
	return there ? make_bridge(host, there, err) : new_network(host, network, err);
}

int host_network_remove(void *ctx, const char *key, struct err *err)
{
	struct host *host = ctx;
	struct host_network *network = host_network(host, key);
	int r;

	if (!network)
		return network_record_remove(host->run_fd, key, err);
	/* The last one takes every link of the project with it, which is quicker by far. */
	if (host->n_networks == 1)
		r = links_remove_group(host->nl, host->id, err);
	else
		r = bridge_remove(host->nl, host->id, network->bridge, err);
	if (r < 0)
		return r;
	forget_network(host, network);
	return network_record_remove(host->run_fd, key, err);
}

/* --- containers in networks --- */

/* Every address of NETWORK that a record or its gateway has. */
static int used_addresses(struct host *host, const struct host_network *network,
			  struct in_addr **ret_used, size_t *ret_n, struct err *err)
{
	struct container_record *records = NULL;
	struct in_addr *used;
	size_t n_records = 0, n = 0;
	int r = record_load_all(host->run_fd, &records, &n_records, err);

	if (r < 0)
		return r;
	used = calloc(n_records + 1, sizeof(*used));
	if (!used)
		abort();
	used[n++] = network->gateway.addr;
	for (size_t i = 0; i < n_records; i++) {
		for (size_t j = 0; j < records[i].n_addresses; j++)
			if (strcmp(records[i].addresses[j].network, network->record.key) == 0 &&
			    addr_parse(records[i].addresses[j].address, &used[n], NULL) == 0)
				n++;
		record_release(&records[i]);
	}
	free(records);
	*ret_used = used;
	*ret_n = n;
	return 0;
}

static int choose_address(struct host *host, struct host_network *network,
			  const struct service_network *wanted, const char *container,
			  struct in_addr *ret, struct err *err)
{
	CLEANUP_FREE struct in_addr *used = NULL;
	struct cidr subnet = cidr_subnet(&network->gateway);
	size_t n = 0;
	int r = used_addresses(host, network, &used, &n, err);

	if (r < 0)
		return r;
	if (!wanted->ipv4_address)
		return ipam_choose_address(&subnet, NULL, used, n, container, ret, err);
	r = addr_parse(wanted->ipv4_address, ret, err);
	if (r < 0)
		return r;
	if (!cidr_contains(&subnet, *ret))
		return err_set(err, EINVAL, "address %s is not in the subnet of network '%s'",
			       wanted->ipv4_address, network->record.key);
	for (size_t i = 0; i < n; i++)
		if (used[i].s_addr == ret->s_addr)
			return err_set(err, EADDRINUSE, "address %s is taken in network '%s'",
				       wanted->ipv4_address, network->record.key);
	return 0;
}

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

/* Attachment number AT of SERVICE: into RECORD, and as an endpoint to be made. */
static int work_out_endpoint(struct host *host, const struct service_network *wanted, size_t at,
			     struct container_record *record, uint8_t mac[ENDPOINT_MAC_LEN],
			     struct endpoint *ret, struct err *err)
{
	struct host_network *network = host_network(host, wanted->network);
	struct record_address *a = &record->addresses[at];
	struct in_addr addr;
	int r;

	if (!network || network->ifindex == 0)
		return err_set(err, ENOENT, "network '%s' is not there", wanted->network);
	r = choose_address(host, network, wanted, record->name, &addr, err);
	if (r < 0)
		return r;
	endpoint_mac(addr, mac);
	if (wanted->mac_address && !parse_mac(wanted->mac_address, mac))
		return err_set(err, EINVAL, "'%s' is no MAC address", wanted->mac_address);
	snprintf(a->network, sizeof(a->network), "%s", wanted->network);
	addr_format(addr, a->address);
	addr_format(network->gateway.addr, a->gateway);
	a->prefix = network->gateway.len;
	snprintf(a->mac, sizeof(a->mac), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	if (wanted->interface_name)
		snprintf(a->interface, sizeof(a->interface), "%s", wanted->interface_name);
	else
		snprintf(a->interface, sizeof(a->interface), "eth%u",
			 (unsigned int)(at % RECORD_NETWORKS_MAX));
	endpoint_name(host->id, record->name, network->record.name, a->host_link);
	*ret = (struct endpoint){.container = record->name,
				 .network = network->record.name,
				 .ifname = a->interface,
				 .bridge_ifindex = network->ifindex,
				 .address = {.addr = addr, .len = network->gateway.len},
				 .mac = mac};
	if (!network->record.internal)
		ret->gateway = network->gateway.addr;
	return 0;
}

/* Only one network of a container has the default route: the first that leads outside. */
static void one_default_route(struct endpoint *endpoints, size_t n)
{
	bool have = false;

	for (size_t i = 0; i < n; i++) {
		if (have)
			endpoints[i].gateway.s_addr = INADDR_ANY;
		have = have || endpoints[i].gateway.s_addr != INADDR_ANY;
	}
}

int host_attach(struct host *host, const struct service *service, struct container_record *record,
		struct err *err)
{
	struct endpoint endpoints[RECORD_NETWORKS_MAX];
	uint8_t macs[RECORD_NETWORKS_MAX][ENDPOINT_MAC_LEN];
	char name[NETNS_NAME_MAX];
	CLEANUP_FD int netns = -1;
	int r = 0;

	if (service->n_networks > RECORD_NETWORKS_MAX)
		return err_set(err, E2BIG, "a container can be in at most %d networks",
			       RECORD_NETWORKS_MAX);
	for (size_t i = 0; r == 0 && i < service->n_networks; i++) {
		r = work_out_endpoint(host, &service->networks[i], i, record, macs[i],
				      &endpoints[i], err);
		record->n_addresses = r == 0 ? i + 1 : i;
	}
	if (r < 0)
		return r;
	one_default_route(endpoints, service->n_networks);
	/* Before anything is made, so that no address is given away twice or forgotten. */
	r = record_save(host->run_fd, record, err);
	if (r < 0)
		return r;
	netns_name(host->id, record->name, name);
	r = netns_create(name, &netns, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < service->n_networks; i++)
		endpoints[i].netns_fd = netns;
	return endpoints_attach(host->nl, host->project, host->id, endpoints, service->n_networks,
				err);
}

int host_detach(struct host *host, const char *container, struct err *err)
{
	char name[NETNS_NAME_MAX];

	/* The kernel takes the links away with the namespace. */
	netns_name(host->id, container, name);
	return netns_remove(name, err);
}

/* --- names --- */

int host_names_sync(void *ctx, const struct name_entry *entries, size_t n, struct err *err)
{
	CLEANUP_FREE struct dns_record *records = calloc(n + 1, sizeof(*records));
	struct host *host = ctx;
	int result = 0;

	if (!records)
		return err_nomem(err);
	for (size_t i = 0; i < host->n_networks; i++) {
		struct host_network *network = &host->networks[i];
		size_t n_records = 0;
		int r;

		if (!network->dns)
			continue;
		for (size_t j = 0; j < n; j++) {
			if (strcmp(entries[j].network, network->record.key) != 0)
				continue;
			records[n_records].name = entries[j].name;
			if (addr_parse(entries[j].address, &records[n_records].addr, NULL) == 0)
				n_records++;
		}
		r = dns_server_set_records(network->dns, records, n_records, err);
		if (r < 0)
			result = r;
	}
	return result;
}
