// SPDX-License-Identifier: GPL-2.0-or-later
/* Bridges of a project, each with its DNS server. */
#include "cmd/supervisor/host_shared.h"

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/converge/confighash.h"
#include "core/model/network_options.h"
#include "net/bridge.h"
#include "net/dns.h"
#include "net/endpoint.h"
#include "net/endpoint_check.h"
#include "net/firewall.h"
#include "net/ipam.h"
#include "net/netlink.h"

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
	host_shared_unwatch(network);
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

struct bridge host_bridge(const struct host *host, const struct host_network *network)
{
	return (struct bridge){.project = host->project,
			       .project_id = host->id,
			       .network = network->record.name,
			       .gateway = network->gateway,
			       .gateway6 = network->gateway6,
			       .link = network->record.link,
			       .mtu = network->record.mtu};
}

bool host_is_ours(const struct host_network *network)
{
	return !network->record.external && !host_is_beside(network);
}

/* The bridge as the record says; made, or put right where it is there. */
static int make_bridge(struct host *host, struct host_network *network, struct err *err)
{
	int before = network->ifindex;
	struct bridge bridge = host_bridge(host, network);
	int r;

	if (!host_is_ours(network))
		return host_foreign_find(host, network, err);
	bridge_link(&bridge, network->bridge);
	r = bridge_ensure(host->nl, &bridge, &network->ifindex, err);
	if (r == 0)
		r = host_shared_join(host, network, err);
	if (r == 0 && before == network->ifindex)
		r = bridge_restore_route(host->nl, &bridge, network->ifindex, err);
	if (r < 0)
		return r;
	/* A server listens on one bridge, by number: a new bridge needs a new server. */
	if (before != network->ifindex) {
		dns_server_free(network->dns);
		network->dns = NULL;
	}
	start_dns(host, network);
	host_shared_watch(host, network);
	return 0;
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
		if (r == 0 && records[i].gateway6[0])
			r = cidr_parse(records[i].gateway6, &network->gateway6, err);
		/* A bridge that somebody removed comes back; the next `up` mends what hung on it.
		 */
		if (r == 0 && make_bridge(host, network, &inner) < 0)
			log_error("network '%s': %s", records[i].key, inner.msg);
	}
	return r;
}

void host_networks_release(struct host *host)
{
	for (size_t i = 0; i < host->n_networks; i++) {
		dns_server_free(host->networks[i].dns);
		host_shared_unwatch(&host->networks[i]);
	}
	free(host->networks);
	host->networks = NULL;
	host->n_networks = 0;
	host_names_forget(host);
}

/* The subnet that the file asks for. */
static int given_subnet(const struct ipam_subnet *ipam, const struct cidr_list *taken,
			struct cidr *ret, struct err *err)
{
	int r = cidr_parse(ipam->subnet, ret, err);

	for (size_t i = 0; r == 0 && i < taken->n; i++)
		if (cidr_overlaps(ret, &taken->items[i]))
			r = err_set(err, EADDRINUSE,
				    "subnet %s overlaps a network that this host has already; "
				    "choose another one",
				    ipam->subnet);
	return r;
}

/* A free one out of the pool. */
static int pool_subnet(struct host *host, const struct network *network,
		       const struct cidr_list *taken, struct cidr *ret, struct err *err)
{
	CLEANUP(cidr_list_release) struct cidr_list pool = CIDR_LIST_INIT;
	int r = ipam_pool(getenv("STACK_POOL"), &pool, err);

	return r < 0 ? r : ipam_choose_subnet(&pool, taken, host->id, network->name, ret, err);
}

static int gateway_of(const struct ipam_subnet *ipam, const struct cidr *subnet, struct cidr *ret,
		      struct err *err)
{
	int r = 0;

	*ret = ipam_gateway(subnet);
	if (ipam->gateway)
		r = cidr_parse_address(ipam->gateway, ret, err);
	ret->len = subnet->len;
	return r;
}

/* The host's own addresses in NETWORK, and with them the subnets. */
static int choose_gateways(struct host *host, const struct network *network, struct cidr *ret,
			   struct cidr *ret6, struct err *err)
{
	CLEANUP(cidr_list_release) struct cidr_list taken = CIDR_LIST_INIT;
	struct cidr subnet;
	int r = ipam_taken(host->nl, &taken, err);

	if (r < 0)
		return r;
	r = network->ipv4.subnet ? given_subnet(&network->ipv4, &taken, &subnet, err)
				 : pool_subnet(host, network, &taken, &subnet, err);
	if (r == 0)
		r = gateway_of(&network->ipv4, &subnet, ret, err);
	*ret6 = (struct cidr){.len = 0};
	if (r < 0 || !network->enable_ipv6)
		return r;
	r = network->ipv6.subnet
		    ? given_subnet(&network->ipv6, &taken, &subnet, err)
		    : ipam_choose_subnet6(&taken, host->id, network->name, &subnet, err);
	return r < 0 ? r : gateway_of(&network->ipv6, &subnet, ret6, err);
}

/* What the records of its containers' addresses have to keep to. */
static void record_ipam(const struct network *network, const struct cidr *gateway,
			const struct cidr *gateway6, struct network_record *record)
{
	const struct ipam_subnet *subnets[] = {&network->ipv4, &network->ipv6};
	bool six = gateway6->len;

	cidr_format(gateway, record->gateway);
	if (six)
		cidr_format(gateway6, record->gateway6);
	if (network->ipv4.ip_range)
		snprintf(record->range, sizeof(record->range), "%s", network->ipv4.ip_range);
	if (six && network->ipv6.ip_range)
		snprintf(record->range6, sizeof(record->range6), "%s", network->ipv6.ip_range);
	for (size_t i = 0; i < ARRAY_SIZE(subnets); i++)
		for (size_t j = 0; j < subnets[i]->aux.n && record->n_reserved < NETWORK_AUX_MAX;
		     j++)
			snprintf(record->reserved[record->n_reserved++],
				 sizeof(record->reserved[0]), "%s", subnets[i]->aux.items[j].value);
}

static void fill_record(const struct host *host, const struct network *network,
			struct network_record *ret)
{
	struct network_options options = network_options(network);

	*ret = (struct network_record){
		.internal = network->internal,
		.isolated = options.isolated,
		.keeps_source = options.keeps_source,
		.mtu = (unsigned int)options.mtu,
	};
	snprintf(ret->key, sizeof(ret->key), "%s", network->key);
	snprintf(ret->name, sizeof(ret->name), "%s", network->name);
	snprintf(ret->driver, sizeof(ret->driver), "%s", network_driver_name(network));
	if (options.bridge)
		snprintf(ret->link, sizeof(ret->link), "%s", options.bridge);
	else
		bridge_name(host->id, network->name, ret->link);
	snprintf(ret->binding, sizeof(ret->binding), "%s",
		 options.host_binding ? options.host_binding : "");
	network_hash(network, ret->hash);
}

static int new_network(struct host *host, const struct network *network, struct err *err)
{
	CLEANUP_FD int lock = -1;
	struct network_record record;
	struct host_network *made;
	struct cidr gateway, gateway6;
	int r;

	fill_record(host, network, &record);
	if (network->enable_ipv6 && firewall_supports(host->firewall, AF_INET6, err) < 0)
		return err_wrap(err, "'enable_ipv6: true'");
	r = ipam_lock(host->paths, &lock, err);
	if (r == 0 && (network->external || network_is_beside(network)))
		r = host_foreign_record(host, network, &record, &gateway, &gateway6, err);
	else if (r == 0)
		r = choose_gateways(host, network, &gateway, &gateway6, err);
	if (r < 0)
		return r;
	record_ipam(network, &gateway, &gateway6, &record);
	/* Recorded first: whatever is made from here on is found again. */
	r = network_record_save(host->run_fd, &record, err);
	if (r < 0)
		return r;
	made = add_network(host, &record);
	made->gateway = gateway;
	made->gateway6 = gateway6;
	r = make_bridge(host, made, err);
	/* What cannot be taken back now is removed by the next `down`, by its record. */
	if (r < 0 &&
	    (!host_is_ours(made) || bridge_remove(host->nl, host->id, made->bridge, NULL) == 0)) {
		forget_network(host, made);
		network_record_remove(host->run_fd, record.key, NULL);
	}
	return r;
}

int host_network_create(void *ctx, const struct network *network, struct err *err)
{
	struct host *host = ctx;
	struct host_network *there = host_network(host, network->key);

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
		r = host_is_ours(network) ? bridge_remove(host->nl, host->id, network->bridge, err)
					  : 0;
	if (r < 0)
		return r;
	host_shared_leave(host, network);
	forget_network(host, network);
	return network_record_remove(host->run_fd, key, err);
}
