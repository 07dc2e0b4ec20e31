// SPDX-License-Identifier: GPL-2.0-or-later
/* Which addresses containers get, and who has which. */
#include "cmd/supervisor/host_shared.h"

#include "core/base/cleanup.h"
#include "net/ipam.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void host_lease(struct host *host, const char *container, const struct record_address *address,
		const struct cidr *addr, const struct cidr *addr6)
{
	struct host_lease *grown =
		realloc(host->leases, (host->n_leases + 1) * sizeof(*host->leases));
	struct host_lease *added;

	if (!grown)
		abort();
	host->leases = grown;
	added = &host->leases[host->n_leases++];
	*added = (struct host_lease){
		.addr = *addr, .addr6 = *addr6, .names = address->names, .nsid = -1};
	snprintf(added->link, sizeof(added->link), "%s", address->host_link);
	snprintf(added->container, sizeof(added->container), "%s", container);
	snprintf(added->network, sizeof(added->network), "%s", address->network);
}

void host_end_leases(struct host *host, const char *container, const char *network)
{
	size_t n = 0;

	for (size_t i = 0; i < host->n_leases; i++) {
		const struct host_lease *l = &host->leases[i];

		if (strcmp(l->container, container) != 0 ||
		    (network && strcmp(l->network, network) != 0))
			host->leases[n++] = *l;
	}
	host->n_leases = n;
}

void host_lease_again(struct host *host, const struct container_record *record)
{
	host_end_leases(host, record->name, NULL);
	for (size_t i = 0; i < record->n_addresses; i++) {
		const struct record_address *a = &record->addresses[i];
		struct cidr addr, addr6 = {.len = 0};

		if (a->address6[0])
			(void)cidr_parse_address(a->address6, &addr6, NULL);
		if (cidr_parse_address(a->address, &addr, NULL) == 0)
			host_lease(host, record->name, a, &addr, &addr6);
	}
}

int host_leases_load(struct host *host, struct err *err)
{
	struct container_record *records = NULL;
	size_t n = 0;
	int r = record_load_all(host->run_fd, &records, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		host_lease_again(host, &records[i]);
		record_release(&records[i]);
	}
	free(records);
	return r;
}

/* Every address of NETWORK that somebody has or that is kept free, its gateways' included. */
static int list_used(struct host *host, const struct host_network *network, struct cidr_list *used,
		     struct err *err)
{
	const struct network_record *record = &network->record;
	struct cidr reserved;

	cidr_list_add(used, network->gateway);
	cidr_list_add(used, network->gateway6);
	for (size_t i = 0; i < record->n_reserved; i++)
		if (cidr_parse_address(record->reserved[i], &reserved, NULL) == 0)
			cidr_list_add(used, reserved);
	for (size_t i = 0; i < host->n_leases; i++) {
		if (strcmp(host->leases[i].network, record->key) != 0)
			continue;
		cidr_list_add(used, host->leases[i].addr);
		cidr_list_add(used, host->leases[i].addr6);
	}
	return host_shared_addresses(host, network, used, err);
}

/* The address TEXT for a container in the network KEY, of SUBNET, none of the N in USED. */
static int fixed_address(const char *key, const struct cidr *subnet, const struct cidr *used,
			 size_t n, const char *text, struct cidr *ret, struct err *err)
{
	int r = cidr_parse_address(text, ret, err);

	if (r < 0)
		return r;
	if (!cidr_contains(subnet, ret))
		return err_set(err, EINVAL, "address %s is not in the subnet of network '%s'", text,
			       key);
	for (size_t i = 0; i < n; i++)
		if (cidr_same_address(&used[i], ret))
			return err_set(err, EADDRINUSE, "address %s is taken in network '%s'", text,
				       key);
	ret->len = subnet->len;
	return 0;
}

/* WANTED (NULL: any) for CONTAINER, of one family: GATEWAY's, with addresses out of RANGE. */
static int choose_address(const struct host_network *network, const struct cidr_list *used,
			  const struct cidr *gateway, const char *range_text, const char *wanted,
			  const char *container, struct cidr *ret, struct err *err)
{
	struct cidr subnet = cidr_subnet(gateway), range = {.len = 0};
	int r = 0;

	if (wanted)
		return fixed_address(network->record.key, &subnet, used->items, used->n, wanted,
				     ret, err);
	if (range_text[0])
		r = cidr_parse(range_text, &range, err);
	return r < 0 ? r
		     : ipam_choose_address(&subnet, &range, used->items, used->n, container, ret,
					   err);
}

int host_choose_addresses(struct host *host, const struct host_network *network,
			  const struct service_network *wanted, const char *container,
			  struct cidr *ret, struct cidr *ret6, struct err *err)
{
	CLEANUP(cidr_list_release) struct cidr_list used = CIDR_LIST_INIT;
	int r = list_used(host, network, &used, err);

	if (r == 0)
		r = choose_address(network, &used, &network->gateway, network->record.range,
				   wanted->ipv4_address, container, ret, err);
	*ret6 = (struct cidr){.len = 0};
	if (r < 0 || !network->gateway6.len)
		return r;
	return choose_address(network, &used, &network->gateway6, network->record.range6,
			      wanted->ipv6_address, container, ret6, err);
}
