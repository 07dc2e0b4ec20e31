// SPDX-License-Identifier: GPL-2.0-or-later
/* Host ports that are kept for containers, as bound sockets. */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "net/conntrack.h"
#include "net/port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What one container is to have, while it is being put together. */
struct claim {
	struct host_port *items;
	size_t n;
};

static void let_go(const struct host_port *port)
{
	if (port->fd >= 0)
		close(port->fd);
	if (port->fd6 >= 0)
		close(port->fd6);
}

static void claim_release(struct claim *claim)
{
	for (size_t i = 0; i < claim->n; i++)
		let_go(&claim->items[i]);
	free(claim->items);
}

static struct host_port *held(struct host *host, const struct host_port *port)
{
	for (size_t i = 0; i < host->n_ports; i++) {
		struct host_port *h = &host->ports[i];

		if ((h->fd >= 0 || h->fd6 >= 0) && h->port == port->port &&
		    strcmp(h->service, port->service) == 0 &&
		    strcmp(h->protocol, port->protocol) == 0 &&
		    strcmp(h->host_ip, port->host_ip) == 0)
			return h;
	}
	return NULL;
}

bool host_port_address(const char *host_ip, uint8_t family, struct cidr *ret_addr)
{
	static const struct in6_addr zero;
	struct cidr addr = {.family = family};

	if (host_ip[0] && (cidr_parse_address(host_ip, &addr, NULL) < 0 || addr.family != family))
		return false;
	if (memcmp(&addr.addr, &zero, cidr_bytes(&addr)) == 0)
		addr.len = 0;
	*ret_addr = addr;
	return true;
}

/* The part of PORT that is of FAMILY into RET_FD; it stays -1 where there is none. */
static int reserve(struct host_port *port, uint8_t family, int *ret_fd, struct err *err)
{
	struct cidr addr;
	int r;

	if (!host_port_address(port->host_ip, family, &addr))
		return 0;
	r = port_reserve(port_protocol(port->protocol), &addr, port->port, ret_fd, &port->port,
			 err);
	/* Who names no address wants those that there are. */
	return r == -EAFNOSUPPORT && !port->host_ip[0] ? 0 : r;
}

/* Any number that is free in both families will do: how often another one is drawn. */
#define EPHEMERAL_TRIES 16

static int reserve_both(struct host_port *port, struct err *err)
{
	uint16_t wanted = port->port;
	int r = -EADDRINUSE;

	for (int i = 0; r == -EADDRINUSE && i < (wanted ? 1 : EPHEMERAL_TRIES); i++) {
		port->port = wanted;
		r = reserve(port, AF_INET, &port->fd, err);
		if (r == 0)
			r = reserve(port, AF_INET6, &port->fd6, err);
		if (r < 0 && port->fd >= 0)
			close(TAKE_FD(port->fd));
	}
	return r;
}

/* The service has it on another address, which is to end: a socket on all would not fit beside. */
static bool let_go_elsewhere(struct host *host, const struct host_port *port)
{
	bool found = false;

	for (size_t i = 0; port->port && i < host->n_ports; i++) {
		struct host_port *h = &host->ports[i];

		if ((h->fd < 0 && h->fd6 < 0) || h->port != port->port ||
		    strcmp(h->service, port->service) != 0 ||
		    strcmp(h->protocol, port->protocol) != 0)
			continue;
		host_relay_give_up(host, h);
		let_go(h);
		h->fd = h->fd6 = -1;
		found = true;
	}
	return found;
}

/* Shared with the other replicas, and with ourselves until the claim is complete. */
static int share(const struct host_port *there, struct host_port *port, struct err *err)
{
	if (there->fd >= 0)
		port->fd = fcntl(there->fd, F_DUPFD_CLOEXEC, 3);
	if (there->fd6 >= 0)
		port->fd6 = fcntl(there->fd6, F_DUPFD_CLOEXEC, 3);
	if ((there->fd >= 0 && port->fd < 0) || (there->fd6 >= 0 && port->fd6 < 0)) {
		err_sys(err, errno, "keep port %u", port->port);
		let_go(port);
		return -EMFILE;
	}
	return 0;
}

/* One host port: the sockets that the service holds already, or new ones. */
static int claim_port(struct host *host, struct claim *claim, struct host_port *port,
		      struct err *err)
{
	struct host_port *grown = realloc(claim->items, (claim->n + 1) * sizeof(*claim->items));
	struct host_port *there = port->port ? held(host, port) : NULL;
	int r;

	if (!grown)
		return err_nomem(err);
	claim->items = grown;
	r = there ? share(there, port, err) : reserve_both(port, err);
	if (r == -EADDRINUSE && let_go_elsewhere(host, port))
		r = reserve_both(port, err);
	if (r == 0)
		claim->items[claim->n++] = *port;
	return r;
}

/* An ephemeral port that was chosen before stays what it was. */
static uint16_t chosen_before(const struct container_record *record, const struct port *port)
{
	for (size_t i = 0; i < record->n_ports; i++)
		if (record->ports[i].target == port->target &&
		    strcmp(record->ports[i].protocol, port->protocol) == 0)
			return record->ports[i].published;
	return 0;
}

/* Where a port is published that does not say: com.docker.network.bridge.host_binding_ipv4. */
static const char *default_binding(struct host *host, const struct container_record *record)
{
	struct host_network *network;

	return host_way_out(host, record, &network) ? network->record.binding : "";
}

static bool is_held(const struct host *host, const struct host_port *port)
{
	for (size_t i = 0; i < host->n_ports; i++)
		if (host->ports[i].port == port->port &&
		    strcmp(host->ports[i].protocol, port->protocol) == 0 &&
		    strcmp(host->ports[i].container, port->container) != 0)
			return true;
	return false;
}

/* Any free one of PORT's choices for ONE; each container has its own, as with docker. */
static int claim_choice(struct host *host, struct claim *claim, const struct port *port,
			uint16_t before, struct host_port *one, struct err *err)
{
	struct err failure = ERR_INIT;
	int r = -EADDRINUSE;

	for (unsigned int i = 0; r == -EADDRINUSE && i <= port->choices; i++) {
		/* What it had before comes first. */
		one->port = i == 0 ? before : (uint16_t)(port->published + i - 1);
		if (one->port >= port->published && one->port - port->published < port->choices &&
		    !is_held(host, one))
			r = claim_port(host, claim, one, &failure);
	}
	if (r == -EADDRINUSE)
		return err_set(err, EADDRINUSE, "the ports %u to %u/%s are all taken",
			       port->published, port->published + port->choices - 1u,
			       port->protocol);
	return r < 0 ? err_set(err, failure.code, "%s", failure.msg) : 0;
}

static int claim_range(struct host *host, struct claim *claim, const struct port *port,
		       const struct container_record *record, struct record_port *ret,
		       struct err *err)
{
	const char *host_ip = port->host_ip ? port->host_ip : default_binding(host, record);
	bool is_chosen = !port->published || port->choices;
	uint16_t first = is_chosen ? chosen_before(record, port) : port->published;
	int r = 0;

	*ret = (struct record_port){.target = port->target, .count = port->count};
	snprintf(ret->protocol, sizeof(ret->protocol), "%s", port->protocol);
	snprintf(ret->host_ip, sizeof(ret->host_ip), "%s", host_ip);
	for (uint16_t i = 0; r == 0 && i < port->count; i++) {
		struct host_port one = {
			.port = first ? (uint16_t)(first + i) : 0, .fd = -1, .fd6 = -1};

		snprintf(one.container, sizeof(one.container), "%s", record->name);
		snprintf(one.service, sizeof(one.service), "%s", record->service);
		memcpy(one.protocol, ret->protocol, sizeof(one.protocol));
		memcpy(one.host_ip, ret->host_ip, sizeof(one.host_ip));
		r = port->choices ? claim_choice(host, claim, port, first, &one, err)
				  : claim_port(host, claim, &one, err);
		if (r == -EADDRINUSE && !port->published && first) {
			/* Its old number is somebody else's now: another one will do. */
			one.port = first = 0;
			r = claim_port(host, claim, &one, err);
		}
		if (r == 0 && i == 0)
			first = ret->published = one.port;
	}
	return r;
}

static void keep(struct host *host, struct claim *claim)
{
	struct host_port *grown =
		realloc(host->ports, (host->n_ports + claim->n + 1) * sizeof(*host->ports));

	if (!grown)
		abort();
	host->ports = grown;
	for (size_t i = 0; i < claim->n; i++)
		host->ports[host->n_ports++] = claim->items[i];
	claim->n = 0;
}

bool host_ports_are_held(const struct host *host, const struct container_record *record)
{
	size_t wanted = 0, held = 0;

	for (size_t i = 0; i < record->n_ports; i++)
		wanted += record->ports[i].count;
	for (size_t i = 0; i < host->n_ports; i++)
		held += strcmp(host->ports[i].container, record->name) == 0;
	return held >= wanted;
}

static void forget_flow(struct host *host, const struct host_port *port, const struct cidr *addr)
{
	struct conntrack_match *grown =
		realloc(host->stale, (host->n_stale + 1) * sizeof(*host->stale));

	if (!grown)
		abort();
	host->stale = grown;
	host->stale[host->n_stale++] =
		(struct conntrack_match){.protocol = port_protocol(port->protocol),
					 .host_port = port->port,
					 .count = 1,
					 .container = *addr};
}

/*
 * A UDP client that goes on sending would reach the old container for ever:
 * its flow is to be forgotten, once the rules do not lead there any more.
 */
static void forget_flows(struct host *host, const struct host_port *port)
{
	if (strcmp(port->protocol, "udp") != 0)
		return;
	for (size_t i = 0; i < host->n_leases; i++) {
		const struct host_lease *lease = &host->leases[i];

		if (strcmp(lease->container, port->container) != 0)
			continue;
		forget_flow(host, port, &lease->addr);
		if (lease->addr6.len)
			forget_flow(host, port, &lease->addr6);
	}
}

/* Of the first FIRST_N ports that are kept, those of the container NAME go. */
static void drop(struct host *host, const char *name, size_t first_n)
{
	size_t n = 0, n_freed = 0;
	struct host_port *freed = calloc(host->n_ports + 1, sizeof(*freed));

	if (!freed)
		abort();
	for (size_t i = 0; i < host->n_ports; i++) {
		if (i < first_n && strcmp(host->ports[i].container, name) == 0) {
			forget_flows(host, &host->ports[i]);
			let_go(&host->ports[i]);
			freed[n_freed++] = host->ports[i];
		} else {
			host->ports[n++] = host->ports[i];
		}
	}
	host->n_ports = n;
	for (size_t i = 0; i < n_freed; i++)
		if (!held(host, &freed[i]))
			host_relay_give_up(host, &freed[i]);
	free(freed);
}

void host_ports_free(void *ctx, const char *name)
{
	struct host *host = ctx;

	drop(host, name, host->n_ports);
}

int host_ports_reserve(void *ctx, const struct service *service, struct container_record *record,
		       struct err *err)
{
	CLEANUP(claim_release) struct claim claim = {.items = NULL};
	CLEANUP_FREE struct record_port *ports = calloc(service->n_ports + 1, sizeof(*ports));
	struct host *host = ctx;
	size_t before = host->n_ports;
	int r = 0;

	if (!ports)
		return err_nomem(err);
	for (size_t i = 0; r == 0 && i < service->n_ports; i++)
		r = claim_range(host, &claim, &service->ports[i], record, &ports[i], err);
	if (r < 0)
		return r;
	keep(host, &claim);
	drop(host, record->name, before);
	free(record->ports);
	record->ports = TAKE_PTR(ports);
	record->n_ports = service->n_ports;
	return 0;
}

void host_ports_release(struct host *host)
{
	for (size_t i = 0; i < host->n_ports; i++)
		let_go(&host->ports[i]);
	free(host->ports);
	free(host->stale);
	host->ports = NULL;
	host->stale = NULL;
	host->n_ports = 0;
}
