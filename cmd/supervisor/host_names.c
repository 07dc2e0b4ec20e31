// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of a project: what the DNS server of each network is told
 *
 * The host's own questions to a gateway reach the server on its bridge as well,
 * from the gateway's address: names for the host are names for that client.
 */
#include "cmd/supervisor/host_shared.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/model/project.h"
#include "net/dns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOST_FLAG "host-names" /* in <run>/<project>: the host is answered */

/*
 * How unwillingly the server of NETWORK is asked: ours before that of others, and
 * one that leads outside before one that knows nothing of it.
 */
static unsigned int reluctance(struct host *host, const char *network, enum record_names names)
{
	const struct host_network *found = host_network(host, network);

	if (!found || names == NAMES_NONE)
		return UINT_MAX;
	return 2 * (unsigned int)names + found->record.internal;
}

const struct record_address *host_name_server(struct host *host,
					      const struct container_record *record)
{
	const struct record_address *best = NULL;
	unsigned int least = UINT_MAX;

	for (size_t i = 0; i < record->n_addresses; i++) {
		const struct record_address *a = &record->addresses[i];
		unsigned int mine = reluctance(host, a->network, a->names);

		if (mine >= least)
			continue;
		best = a;
		least = mine;
	}
	return best;
}

/* The leases of one container stand together, N from AT on; which is that of host_name_server()? */
static const struct host_lease *asking_lease(struct host *host, size_t at, size_t n)
{
	const struct host_lease *best = NULL;
	unsigned int least = UINT_MAX;

	for (size_t i = at; i < at + n; i++) {
		const struct host_lease *lease = &host->leases[i];
		unsigned int mine = reluctance(host, lease->network, lease->names);

		if (mine >= least)
			continue;
		best = lease;
		least = mine;
	}
	return best;
}

/* How many leases from number AT on are of the same container. */
static size_t leases_from(const struct host *host, size_t at)
{
	size_t n = 1;

	while (at + n < host->n_leases &&
	       strcmp(host->leases[at + n].container, host->leases[at].container) == 0)
		n++;
	return n;
}

/* The names of each network are a group, for those who ask elsewhere; 0: there is no such network.
 */
static uint32_t group_of(struct host *host, const char *network)
{
	const struct host_network *found = host_network(host, network);

	return found ? (uint32_t)(found - host->networks) + 1 : 0;
}

/* Those that ask in NETWORK, by the other networks they are in; room for all leases in RET. */
static size_t list_members(struct host *host, const char *network, struct dns_member *ret)
{
	size_t n_members = 0, n;

	for (size_t at = 0; at < host->n_leases; at += n) {
		const struct host_lease *asking;

		n = leases_from(host, at);
		asking = asking_lease(host, at, n);
		if (!asking || strcmp(asking->network, network) != 0)
			continue;
		for (size_t i = at; i < at + n; i++) {
			uint32_t group = group_of(host, host->leases[i].network);

			if (&host->leases[i] != asking && group)
				ret[n_members++] = (struct dns_member){asking->addr.addr, group};
		}
	}
	return n_members;
}

/* TEXT, of either family, as DNS takes it. */
static bool address_of(const char *text, struct in6_addr *ret)
{
	struct cidr address;

	if (cidr_parse_address(text, &address, NULL) < 0)
		return false;
	*ret = cidr_is_v6(&address) ? address.addr6 : dns_mapped(address.addr);
	return true;
}

/*
 * The names that the server of NETWORK knows: its own for everybody, and those
 * of another network for who is in that one too.
 */
static size_t network_records(struct host *host, const char *network,
			      const struct name_table *names, struct dns_record *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < names->n; i++) {
		const struct name_entry *entry = &names->entries[i];
		struct dns_record record = {.name = entry->name,
					    .group = group_of(host, entry->network)};

		/* A host name of the file may be one that DNS cannot carry. */
		if (!record.group || !dns_is_name(entry->name) ||
		    !address_of(entry->address, &record.addr))
			continue;
		if (strcmp(entry->network, network) == 0)
			record.group = 0;
		ret[n++] = record;
	}
	return n;
}

/* False: it has no resolvers of its own. */
static bool asker_of(const char *address, const struct strings *servers, struct dns_asker *ret)
{
	*ret = (struct dns_asker){.n_upstreams = 0};
	if (servers->n == 0 || addr_parse(address, &ret->client, NULL) < 0)
		return false;
	for (size_t i = 0; i < servers->n && ret->n_upstreams < DNS_UPSTREAMS_MAX; i++)
		if (dns_endpoint_parse(servers->items[i], &ret->upstreams[ret->n_upstreams]) == 0)
			ret->n_upstreams++;
	return true;
}

/* The clients of NETWORK with resolvers of their own. */
static size_t network_askers(const char *network, const struct name_table *names,
			     struct dns_asker *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < names->n_clients; i++) {
		const struct name_client *client = &names->clients[i];

		if (strcmp(client->network, network) == 0)
			n += asker_of(client->address, client->servers, &ret[n]);
	}
	return n;
}

int host_learn_asker(struct host *host, const struct service *service,
		     const struct container_record *record, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < record->n_addresses; i++) {
		struct host_network *network = host_network(host, record->addresses[i].network);
		struct dns_asker asker;

		if (network && network->dns &&
		    asker_of(record->addresses[i].address, &service->dns, &asker))
			r = dns_server_add_asker(network->dns, &asker, err);
	}
	return r;
}

/* --- for the host --- */

/* The first network that leads outside, or else the first one; NULL: there is none. */
static const struct host_network *names_network(const struct host *host)
{
	const struct host_network *first = NULL;

	for (size_t i = 0; i < host->n_networks; i++) {
		const struct host_network *network = &host->networks[i];

		if (network->dns && !network->record.internal)
			return network;
		first = first ? first : network;
	}
	return first;
}

static bool host_is_answered(const struct host *host)
{
	return faccessat(host->run_fd, HOST_FLAG, F_OK, 0) == 0;
}

/* All of ours, in whatever network, as the host calls it; the names are in ARENA. */
static size_t host_records(const struct host *host, const struct host_network *network,
			   struct arena *arena, struct dns_record *ret)
{
	const struct name_table *names = &host->names;
	size_t n = 0;

	for (size_t i = 0; i < names->n; i++) {
		struct dns_record record = {.client = network->gateway.addr};

		record.name = arena_printf(arena, "%s.%s." DNS_HOST_DOMAIN, names->entries[i].name,
					   host->project);
		if (dns_is_name(record.name) && address_of(names->entries[i].address, &record.addr))
			ret[n++] = record;
	}
	return n;
}

/* Kept as a file, for the next supervisor. */
int host_names_enable(void *ctx, bool enable, struct err *err)
{
	struct host *host = ctx;
	CLEANUP_FD int fd = -1;

	if (!enable)
		return unlinkat(host->run_fd, HOST_FLAG, 0) == 0 || errno == ENOENT
			       ? 0
			       : err_sys(err, errno, "remove '" HOST_FLAG "'");
	if (!names_network(host))
		return err_set(err, ENOENT, "project '%s' has no network with a DNS server",
			       host->project);
	fd = openat(host->run_fd, HOST_FLAG, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd < 0 ? err_sys(err, errno, "create '" HOST_FLAG "'") : 0;
}

bool host_names_where(void *ctx, struct name_server *ret)
{
	struct host *host = ctx;
	const struct host_network *network = names_network(host);

	if (!host_is_answered(host) || !network)
		return false;
	cidr_format_address(&network->gateway, ret->address);
	snprintf(ret->link, sizeof(ret->link), "%s", network->bridge);
	snprintf(ret->domain, sizeof(ret->domain), "%s." DNS_HOST_DOMAIN, host->project);
	return true;
}

/* --- all of it --- */

static int sync_network(struct host *host, struct host_network *network,
			const struct name_table *names, bool for_host, struct err *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	CLEANUP_FREE struct dns_asker *askers = calloc(names->n_clients + 1, sizeof(*askers));
	CLEANUP_FREE struct dns_member *members = calloc(host->n_leases + 1, sizeof(*members));
	CLEANUP_FREE struct dns_record *records =
		calloc(names->n + host->names.n + 1, sizeof(*records));
	const char *key = network->record.key;
	size_t n = 0;
	int r;

	if (!records || !members || !askers)
		return err_nomem(err);
	/* First, so that an address has this name for the host. */
	if (for_host)
		n = host_records(host, network, arena, records);
	n += network_records(host, key, names, records + n);
	r = dns_server_set_records(network->dns, records, n,
				   &(struct dns_members){members, list_members(host, key, members)},
				   err);
	if (r < 0)
		return r;
	n = network_askers(key, names, askers);
	return dns_server_set_askers(network->dns, askers, n, err);
}

/* The servers of our networks answer NAMES from now on. */
static int answer_names(struct host *host, const struct name_table *names, struct err *err)
{
	const struct host_network *for_host = host_is_answered(host) ? names_network(host) : NULL;
	int result = 0;

	for (size_t i = 0; i < host->n_networks; i++) {
		struct host_network *network = &host->networks[i];
		int r = network->dns ? sync_network(host, network, names, network == for_host, err)
				     : 0;

		if (r < 0)
			result = r;
	}
	return result;
}

/* Our names, and what others told: each of these only where we have that network. */
static int answer(struct host *host, struct err *err)
{
	CLEANUP(shared_names_release) struct shared_names others = {.entries = NULL};
	CLEANUP_FREE struct name_entry *all = NULL;
	struct name_table names = host->names;

	host_shared_read(host, &others);
	if (others.n > 0) {
		all = calloc(names.n + others.n, sizeof(*all));
		if (!all)
			return err_nomem(err);
		if (names.n > 0)
			memcpy(all, names.entries, names.n * sizeof(*all));
		memcpy(all + names.n, others.entries, others.n * sizeof(*all));
		names.entries = all;
		names.n += others.n;
	}
	return answer_names(host, &names, err);
}

void host_names_forget(struct host *host)
{
	arena_free(host->names_arena);
	host->names_arena = NULL;
	host->names = (struct name_table){.n = 0};
}

/* Others may change theirs at any time, and all are told to the servers together. */
static void remember(struct host *host, const struct name_table *names)
{
	struct arena *arena = arena_new();
	struct name_entry *entries = ARENA_ARRAY(arena, struct name_entry, names->n + 1);
	struct name_client *clients = ARENA_ARRAY(arena, struct name_client, names->n_clients + 1);

	for (size_t i = 0; i < names->n; i++)
		entries[i] = (struct name_entry){arena_strdup(arena, names->entries[i].network),
						 arena_strdup(arena, names->entries[i].name),
						 arena_strdup(arena, names->entries[i].address)};
	for (size_t i = 0; i < names->n_clients; i++) {
		struct strings *servers = ARENA_NEW(arena, struct strings);

		*servers = strings_copy(arena, names->clients[i].servers);
		clients[i] = (struct name_client){arena_strdup(arena, names->clients[i].network),
						  arena_strdup(arena, names->clients[i].address),
						  servers};
	}
	host_names_forget(host);
	host->names_arena = arena;
	host->names = (struct name_table){entries, names->n, clients, names->n_clients};
}

int host_names_sync(void *ctx, const struct name_table *names, struct err *err)
{
	struct host *host = ctx;
	int r;

	remember(host, names);
	r = host_shared_publish(host, host->names.entries, host->names.n, err);
	return r < 0 ? r : answer(host, err);
}

void host_names_again(struct host *host)
{
	struct err err = ERR_INIT;

	if (host_shared_publish(host, host->names.entries, host->names.n, &err) < 0 ||
	    answer(host, &err) < 0)
		log_warn("names: %s", err.msg);
}
