// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/check.h"

#include "core/base/cleanup.h"
#include "core/model/names.h"
#include "core/model/project.h"
#include "core/model/report.h"
#include "core/model/units.h"

#include <arpa/inet.h>
#include <string.h>

struct subnet {
	uint32_t base, mask;
};

static bool parse_address(const char *text, uint32_t *ret)
{
	struct in_addr address;

	if (inet_pton(AF_INET, text, &address) != 1)
		return false;
	*ret = ntohl(address.s_addr);
	return true;
}

/* "10.1.2.0/24" */
static bool parse_subnet(const char *text, struct subnet *ret)
{
	const char *slash = strchr(text, '/');
	char address[INET_ADDRSTRLEN];
	int64_t bits;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (!parse_address(address, &ret->base) || units_integer(slash + 1, &bits) < 0 ||
	    bits < 1 || bits > 30)
		return false;
	ret->mask = ~0u << (32 - bits);
	return (ret->base & ~ret->mask) == 0;
}

static bool contains(const struct subnet *subnet, uint32_t address)
{
	return (address & subnet->mask) == subnet->base;
}

static void check_network(const struct network *network, struct reporter *reporter)
{
	struct subnet subnet, range;
	uint32_t gateway;

	if (!network->subnet) {
		if (network->ip_range || network->gateway)
			report(reporter, SEVERITY_ERROR, network->pos,
			       "networks.%s.ipam: 'gateway' and 'ip_range' need a 'subnet'",
			       network->key);
		return;
	}
	if (!parse_subnet(network->subnet, &subnet)) {
		report(reporter, SEVERITY_ERROR, network->pos,
		       "networks.%s.ipam: '%s' is not an IPv4 subnet such as 10.1.2.0/24",
		       network->key, network->subnet);
		return;
	}
	if (network->ip_range && (!parse_subnet(network->ip_range, &range) ||
				  !contains(&subnet, range.base) || range.mask < subnet.mask))
		report(reporter, SEVERITY_ERROR, network->pos,
		       "networks.%s.ipam: the ip_range '%s' is not a part of %s", network->key,
		       network->ip_range, network->subnet);
	if (network->gateway &&
	    (!parse_address(network->gateway, &gateway) || !contains(&subnet, gateway)))
		report(reporter, SEVERITY_ERROR, network->pos,
		       "networks.%s.ipam: the gateway '%s' is not an address of %s", network->key,
		       network->gateway, network->subnet);
}

/* NETWORK is what the service is attached to. */
static void check_fixed(const struct network *network, const struct service *service,
			const struct service_network *attached, struct reporter *reporter)
{
	struct subnet subnet;
	uint32_t address;

	if (!parse_address(attached->ipv4_address, &address))
		report(reporter, SEVERITY_ERROR, attached->pos,
		       "services.%s.networks.%s: '%s' is not an IPv4 address", service->name,
		       attached->network, attached->ipv4_address);
	else if (network && !network->external && !network->subnet)
		report(reporter, SEVERITY_ERROR, attached->pos,
		       "services.%s.networks.%s: a fixed address needs a subnet: say it in "
		       "networks.%s.ipam.config",
		       service->name, attached->network, attached->network);
	else if (network && network->subnet && parse_subnet(network->subnet, &subnet) &&
		 !contains(&subnet, address))
		report(reporter, SEVERITY_ERROR, attached->pos,
		       "services.%s.networks.%s: %s is not an address of %s", service->name,
		       attached->network, attached->ipv4_address, network->subnet);
}

/* Whom it asks has to be known without asking. */
static void check_name_servers(const struct service *service, struct reporter *reporter)
{
	struct in6_addr address;

	for (size_t i = 0; i < service->dns.n; i++)
		if (inet_pton(AF_INET, service->dns.items[i], &address) != 1 &&
		    inet_pton(AF_INET6, service->dns.items[i], &address) != 1)
			report(reporter, SEVERITY_ERROR, service->pos,
			       "services.%s.dns: '%s' is not an address", service->name,
			       service->dns.items[i]);
}

void check_addresses(const struct project *project, struct reporter *reporter)
{
	CLEANUP(names_release) struct names networks = NAMES_INIT;

	for (size_t i = 0; i < project->n_networks; i++) {
		check_network(&project->networks[i], reporter);
		names_add(&networks, project->networks[i].key, (void *)&project->networks[i]);
	}
	for (size_t i = 0; i < project->n_services; i++) {
		const struct service *service = &project->services[i];

		check_name_servers(service, reporter);
		for (size_t j = 0; j < service->n_networks; j++)
			if (service->networks[j].ipv4_address)
				check_fixed(names_get(&networks, service->networks[j].network),
					    service, &service->networks[j], reporter);
	}
}
