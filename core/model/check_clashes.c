// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/check.h"

#include "core/base/cleanup.h"
#include "core/model/names.h"
#include "core/model/project.h"
#include "core/model/report.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* A published range and whose it is, for one family: without an address it is there twice. */
struct claim {
	const struct port *port;
	const struct service *service;
	int family;
	char address[INET6_ADDRSTRLEN]; /* "" is every address of the family */
};

static unsigned int last(const struct port *port)
{
	return port->published + port->count - 1u;
}

static int claim_compare(const void *pa, const void *pb)
{
	const struct claim *a = pa, *b = pb;
	int r = strcmp(a->port->protocol, b->port->protocol);

	if (r == 0)
		r = a->family - b->family;
	if (r == 0)
		r = strcmp(a->address, b->address);
	return r ? r : (int)a->port->published - (int)b->port->published;
}

/* What PORT takes of FAMILY; false: nothing. */
static bool claim_of(const struct port *port, const struct service *service, int family,
		     struct claim *ret)
{
	static const char zero[sizeof(struct in6_addr)];
	struct in6_addr address = {.s6_addr = {0}};

	*ret = (struct claim){.port = port, .service = service, .family = family};
	if (!port->host_ip)
		return true;
	if (inet_pton(family, port->host_ip, &address) != 1)
		return false;
	if (memcmp(&address, zero, sizeof(zero)) != 0)
		inet_ntop(family, &address, ret->address, sizeof(ret->address));
	return true;
}

static void complain(struct reporter *reporter, const struct claim *first,
		     const struct claim *second)
{
	unsigned int port = first->port->published > second->port->published
				    ? first->port->published
				    : second->port->published;
	bool same = first->service == second->service;
	char place[POSITION_TEXT_MAX];

	report(reporter, SEVERITY_ERROR, second->port->pos,
	       "services.%s.ports: the host port %u/%s is taken by %s already, in %s",
	       second->service->name, port, second->port->protocol,
	       same ? "this service" : first->service->name,
	       position_text(first->port->pos, place));
}

/* Those on every address are first of each protocol and family; one that holds a port of CLAIM. */
static const struct claim *find_wildcard(const struct claim *claims, size_t n,
					 const struct claim *claim)
{
	for (size_t low = 0, high = n; low < high;) {
		size_t middle = low + (high - low) / 2;
		const struct port *port = claims[middle].port;

		if (last(port) < claim->port->published)
			low = middle + 1;
		else if (port->published > last(claim->port))
			high = middle;
		else
			return &claims[middle];
	}
	return NULL;
}

static bool same_kind(const struct claim *a, const struct claim *b)
{
	return strcmp(a->port->protocol, b->port->protocol) == 0 && a->family == b->family;
}

static void check_sorted(const struct claim *claims, size_t n, struct reporter *reporter)
{
	size_t wild = 0, n_wild = 0;

	for (size_t i = 0; i < n; i++) {
		const struct claim *claim = &claims[i], *other = NULL;

		if (i == 0 || !same_kind(&claims[i - 1], claim)) {
			wild = i;
			n_wild = 0;
		} else if (strcmp(claims[i - 1].address, claim->address) == 0 &&
			   last(claims[i - 1].port) >= claim->port->published) {
			other = &claims[i - 1];
		}
		if (claim->address[0] == '\0')
			n_wild++;
		else if (!other)
			other = find_wildcard(claims + wild, n_wild, claim);
		/* Two without any address have clashed in the other family already. */
		if (other &&
		    (claim->family == AF_INET || claim->port->host_ip || other->port->host_ip))
			complain(reporter, other, claim);
	}
}

static size_t add_claims(const struct service *service, struct claim *claims)
{
	static const int families[] = {AF_INET, AF_INET6};
	size_t n = 0;

	for (size_t i = 0; i < service->n_ports; i++)
		for (size_t j = 0; j < ARRAY_SIZE(families); j++)
			if (service->ports[i].published > 0 && !service->ports[i].choices &&
			    claim_of(&service->ports[i], service, families[j], &claims[n]))
				n++;
	return n;
}

static void check_ports(const struct project *project, struct reporter *reporter)
{
	CLEANUP_FREE struct claim *claims = NULL;
	size_t n = 0;

	for (size_t i = 0; i < project->n_services; i++)
		n += project->services[i].n_ports;
	claims = calloc(2 * n + 1, sizeof(*claims));
	n = 0;
	for (size_t i = 0; claims && i < project->n_services; i++)
		n += add_claims(&project->services[i], claims + n);
	if (claims)
		qsort(claims, n, sizeof(*claims), claim_compare);
	check_sorted(claims, n, reporter);
}

void check_clashes(const struct project *project, struct reporter *reporter)
{
	CLEANUP(names_release) struct names names = NAMES_INIT;

	for (size_t i = 0; i < project->n_services; i++) {
		const struct service *service = &project->services[i], *other;
		char place[POSITION_TEXT_MAX];

		if (!service->container_name)
			continue;
		if (service->scale > 1)
			report(reporter, SEVERITY_ERROR, service->pos,
			       "services.%s: %d containers cannot share one 'container_name'; "
			       "remove it",
			       service->name, (int)service->scale);
		other = names_add(&names, service->container_name, (void *)service);
		if (other)
			report(reporter, SEVERITY_ERROR, service->pos,
			       "services.%s: the 'container_name' %s is that of services.%s, in "
			       "%s",
			       service->name, service->container_name, other->name,
			       position_text(other->pos, place));
	}
	check_ports(project, reporter);
}
