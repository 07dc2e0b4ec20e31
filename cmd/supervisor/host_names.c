// SPDX-License-Identifier: GPL-2.0-or-later
/* Which names the servers of the project's networks answer, and to whom. */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "net/dns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The lease of CONTAINER in the network whose server it asks: record_name_server(). */
static const struct host_lease *asking_lease(const struct host *host, const char *container)
{
	const struct host_lease *best = NULL;

	for (size_t i = 0; i < host->n_leases; i++)
		if (strcmp(host->leases[i].container, container) == 0 &&
		    (!best || host->leases[i].names < best->names))
			best = &host->leases[i];
	return best;
}

/* Room for what network_records() makes of N entries. */
static size_t records_room(const struct host *host, size_t n)
{
	return n * (host->n_leases + 1);
}

/*
 * The names that the server of NETWORK knows: its own for everybody, and those
 * of another network for each container that is in that one too, and asks here.
 */
static size_t network_records(const struct host *host, const char *network,
			      const struct name_entry *entries, size_t n, struct dns_record *ret)
{
	size_t n_records = 0;

	for (size_t i = 0; i < n; i++) {
		struct dns_record record = {.name = entries[i].name};
		struct cidr address;

		if (cidr_parse_address(entries[i].address, &address, NULL) < 0)
			continue;
		record.addr = cidr_is_v6(&address) ? address.addr6 : dns_mapped(address.addr);
		if (strcmp(entries[i].network, network) == 0) {
			ret[n_records++] = record;
			continue;
		}
		for (size_t j = 0; j < host->n_leases; j++) {
			const struct host_lease *lease = &host->leases[j], *first;

			if (strcmp(lease->network, entries[i].network) != 0)
				continue;
			first = asking_lease(host, lease->container);
			if (strcmp(first->network, network) != 0)
				continue;
			record.client = first->addr.addr;
			ret[n_records++] = record;
		}
	}
	return n_records;
}

/* The servers of our networks answer these from now on. */
static int set_records(struct host *host, const struct name_entry *entries, size_t n,
		       struct err *err)
{
	CLEANUP_FREE struct dns_record *records =
		calloc(records_room(host, n) + 1, sizeof(*records));
	int result = 0;

	if (!records)
		return err_nomem(err);
	for (size_t i = 0; i < host->n_networks; i++) {
		struct host_network *network = &host->networks[i];
		size_t n_records;
		int r;

		if (!network->dns)
			continue;
		n_records = network_records(host, network->record.key, entries, n, records);
		r = dns_server_set_records(network->dns, records, n_records, err);
		if (r < 0)
			result = r;
	}
	return result;
}

/* NAMES, and what others told: each of these only where we have that network. */
static int answer(struct host *host, struct err *err)
{
	CLEANUP(shared_names_release) struct shared_names others = {.entries = NULL};
	CLEANUP_FREE struct name_entry *all = NULL;

	host_shared_read(host, &others);
	if (others.n == 0)
		return set_records(host, host->names, host->n_names, err);
	all = calloc(host->n_names + others.n, sizeof(*all));
	if (!all)
		return err_nomem(err);
	if (host->n_names > 0)
		memcpy(all, host->names, host->n_names * sizeof(*all));
	memcpy(all + host->n_names, others.entries, others.n * sizeof(*all));
	return set_records(host, all, host->n_names + others.n, err);
}

void host_names_forget(struct host *host)
{
	for (size_t i = 0; i < host->n_names; i++) {
		free((char *)host->names[i].network);
		free((char *)host->names[i].name);
		free((char *)host->names[i].address);
	}
	free(host->names);
	host->names = NULL;
	host->n_names = 0;
}

static char *copy(const char *text)
{
	char *copied = strdup(text);

	if (!copied)
		abort();
	return copied;
}

static int remember_names(struct host *host, const struct name_entry *entries, size_t n,
			  struct err *err)
{
	struct name_entry *names = calloc(n + 1, sizeof(*names));

	if (!names)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		names[i] = (struct name_entry){copy(entries[i].network), copy(entries[i].name),
					       copy(entries[i].address)};
	host_names_forget(host);
	host->names = names;
	host->n_names = n;
	return 0;
}

int host_names_sync(void *ctx, const struct name_entry *entries, size_t n, struct err *err)
{
	struct host *host = ctx;
	int r = remember_names(host, entries, n, err);

	if (r == 0)
		r = host_shared_publish(host, host->names, host->n_names, err);
	return r < 0 ? r : answer(host, err);
}

void host_names_again(struct host *host)
{
	struct err err = ERR_INIT;

	if (host_shared_publish(host, host->names, host->n_names, &err) < 0 ||
	    answer(host, &err) < 0)
		log_warn("names: %s", err.msg);
}
