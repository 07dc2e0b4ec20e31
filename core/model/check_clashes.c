// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/check.h"

#include "core/base/cleanup.h"
#include "core/model/names.h"
#include "core/model/project.h"
#include "core/model/report.h"

#include <stdlib.h>
#include <string.h>

/* A published range and whose it is. */
struct claim {
	const struct port *port;
	const struct service *service;
};

static const char *address(const struct port *port)
{
	return port->host_ip && strcmp(port->host_ip, "0.0.0.0") ? port->host_ip : "";
}

static unsigned int last(const struct port *port)
{
	return port->published + port->count - 1u;
}

static int claim_compare(const void *pa, const void *pb)
{
	const struct port *a = ((const struct claim *)pa)->port;
	const struct port *b = ((const struct claim *)pb)->port;
	int r = strcmp(a->protocol, b->protocol);

	if (r == 0)
		r = strcmp(address(a), address(b));
	return r ? r : (int)a->published - (int)b->published;
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

/* Those on every address are first of each protocol; one of them that holds a port of CLAIM. */
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

static void check_sorted(const struct claim *claims, size_t n, struct reporter *reporter)
{
	size_t wild = 0, n_wild = 0;

	for (size_t i = 0; i < n; i++) {
		const struct claim *claim = &claims[i], *other = NULL;
		const struct port *port = claim->port;

		if (i == 0 || strcmp(claims[i - 1].port->protocol, port->protocol)) {
			wild = i;
			n_wild = 0;
		} else if (strcmp(address(claims[i - 1].port), address(port)) == 0 &&
			   last(claims[i - 1].port) >= port->published) {
			other = &claims[i - 1];
		}
		if (*address(port) == '\0')
			n_wild++;
		else if (!other)
			other = find_wildcard(claims + wild, n_wild, claim);
		if (other)
			complain(reporter, other, claim);
	}
}

static void check_ports(const struct project *project, struct reporter *reporter)
{
	CLEANUP_FREE struct claim *claims = NULL;
	size_t n = 0;

	for (size_t i = 0; i < project->n_services; i++)
		n += project->services[i].n_ports;
	claims = calloc(n + 1, sizeof(*claims));
	n = 0;
	for (size_t i = 0; claims && i < project->n_services; i++) {
		const struct service *service = &project->services[i];

		for (size_t j = 0; j < service->n_ports; j++)
			if (service->ports[j].published > 0)
				claims[n++] = (struct claim){&service->ports[j], service};
	}
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
