// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/check.h"

#include "core/base/cleanup.h"
#include "core/model/names.h"
#include "core/model/project.h"
#include "core/model/report.h"
#include "core/model/units.h"

#include <arpa/inet.h>
#include <string.h>

/* One of the two kinds of addresses: how long they are, and what is said of them. */
struct family {
	int number;
	size_t bytes;
	unsigned int bits_min, bits_max; /* of a subnet's length */
	const char *name, *example;
};

static const struct family ipv4 = {AF_INET, 4, 1, 30, "IPv4", "10.1.2.0/24"};
static const struct family ipv6 = {AF_INET6, 16, 8, 124, "IPv6", "fd00:1:2:3::/64"};

struct address {
	uint8_t bytes[16];
};

struct subnet {
	struct address base;
	unsigned int bits;
};

static bool parse_address(const struct family *family, const char *text, struct address *ret)
{
	return inet_pton(family->number, text, ret->bytes) == 1;
}

static bool contains(const struct family *family, const struct subnet *subnet,
		     const struct address *address)
{
	for (size_t i = 0; i < family->bytes * 8; i++) {
		uint8_t differs = subnet->base.bytes[i / 8] ^ address->bytes[i / 8];

		if (i < subnet->bits && differs & 0x80 >> i % 8)
			return false;
	}
	return true;
}

static bool has_host_bits(const struct family *family, const struct subnet *subnet)
{
	for (size_t i = subnet->bits; i < family->bytes * 8; i++)
		if (subnet->base.bytes[i / 8] & 0x80 >> i % 8)
			return true;
	return false;
}

/* "10.1.2.0/24" */
static bool parse_prefix(const struct family *family, const char *text, struct subnet *ret)
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];
	int64_t bits;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (!parse_address(family, address, &ret->base) || units_integer(slash + 1, &bits) < 0 ||
	    bits < family->bits_min || bits > (int64_t)family->bytes * 8)
		return false;
	ret->bits = (unsigned int)bits;
	return !has_host_bits(family, ret);
}

/* One with room for a few hosts. */
static bool parse_subnet(const struct family *family, const char *text, struct subnet *ret)
{
	return parse_prefix(family, text, ret) && ret->bits <= family->bits_max;
}

/* Those of one link, and those of many hosts at once. */
static bool is_for_links_only(const struct family *family, const struct subnet *subnet)
{
	const uint8_t *bytes = subnet->base.bytes;

	return family->number == AF_INET6 &&
	       (bytes[0] == 0xff || (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80));
}

static void check_range(const struct network *network, const struct family *family,
			const struct ipam_subnet *ipam, const struct subnet *subnet,
			struct reporter *reporter)
{
	struct subnet range;

	if (parse_prefix(family, ipam->ip_range, &range) && contains(family, subnet, &range.base) &&
	    range.bits >= subnet->bits)
		return;
	report(reporter, SEVERITY_ERROR, network->pos,
	       "networks.%s.ipam: the ip_range '%s' is not a part of %s", network->key,
	       ipam->ip_range, ipam->subnet);
}

/* WHAT TEXT is has to be an address of SUBNET. */
static void check_within(const struct network *network, const struct family *family,
			 const struct ipam_subnet *ipam, const struct subnet *subnet,
			 const char *what, const char *text, struct reporter *reporter)
{
	struct address address;

	if (!text || !parse_address(family, text, &address) || !contains(family, subnet, &address))
		report(reporter, SEVERITY_ERROR, network->pos,
		       "networks.%s.ipam: the %s '%s' is not an address of %s", network->key, what,
		       text ? text : "", ipam->subnet);
}

static void check_subnet(const struct network *network, const struct family *family,
			 const struct ipam_subnet *ipam, struct reporter *reporter)
{
	struct subnet subnet;

	if (!ipam->subnet) {
		if (ipam->ip_range || ipam->gateway || ipam->aux.n > 0)
			report(reporter, SEVERITY_ERROR, network->pos,
			       "networks.%s.ipam: 'gateway', 'ip_range' and 'aux_addresses' need a "
			       "'subnet'",
			       network->key);
		return;
	}
	if (!parse_subnet(family, ipam->subnet, &subnet) || is_for_links_only(family, &subnet)) {
		report(reporter, SEVERITY_ERROR, network->pos,
		       "networks.%s.ipam: '%s' is not an %s subnet such as %s", network->key,
		       ipam->subnet, family->name, family->example);
		return;
	}
	if (ipam->ip_range)
		check_range(network, family, ipam, &subnet, reporter);
	if (ipam->gateway)
		check_within(network, family, ipam, &subnet, "gateway", ipam->gateway, reporter);
	for (size_t i = 0; i < ipam->aux.n; i++)
		check_within(network, family, ipam, &subnet, "aux_address",
			     ipam->aux.items[i].value, reporter);
}

static void check_network(const struct network *network, struct reporter *reporter)
{
	size_t reserved = network->ipv4.aux.n + network->ipv6.aux.n;

	check_subnet(network, &ipv4, &network->ipv4, reporter);
	check_subnet(network, &ipv6, &network->ipv6, reporter);
	if (network->ipv6.subnet && !network->enable_ipv6)
		report(reporter, SEVERITY_WARNING, network->pos,
		       "networks.%s: the IPv6 subnet has no effect without 'enable_ipv6: true'",
		       network->key);
	if (reserved > NETWORK_AUX_MAX)
		report(reporter, SEVERITY_ERROR, network->pos,
		       "networks.%s.ipam: %zu aux_addresses are more than %d; keep a part of the "
		       "subnet free with 'ip_range' instead",
		       network->key, reserved, NETWORK_AUX_MAX);
}

/* TEXT is the fixed address that SERVICE is to have in NETWORK; NULL: one that is not there. */
static void check_fixed(const struct network *network, const struct family *family,
			const struct ipam_subnet *ipam, const char *text,
			const struct service *service, const struct service_network *attached,
			struct reporter *reporter)
{
	struct address address;
	struct subnet subnet;

	if (!parse_address(family, text, &address))
		report(reporter, SEVERITY_ERROR, attached->pos,
		       "services.%s.networks.%s: '%s' is not an %s address", service->name,
		       attached->network, text, family->name);
	else if (family == &ipv6 && !network->external && !network->enable_ipv6)
		report(reporter, SEVERITY_ERROR, attached->pos,
		       "services.%s.networks.%s: an IPv6 address needs 'enable_ipv6: true' in "
		       "networks.%s",
		       service->name, attached->network, attached->network);
	else if (!network->external && !ipam->subnet)
		report(reporter, SEVERITY_ERROR, attached->pos,
		       "services.%s.networks.%s: a fixed address needs a subnet: say it in "
		       "networks.%s.ipam.config",
		       service->name, attached->network, attached->network);
	else if (ipam->subnet && parse_subnet(family, ipam->subnet, &subnet) &&
		 !contains(family, &subnet, &address))
		report(reporter, SEVERITY_ERROR, attached->pos,
		       "services.%s.networks.%s: %s is not an address of %s", service->name,
		       attached->network, text, ipam->subnet);
}

static void check_attachment(const struct network *network, const struct service *service,
			     const struct service_network *attached, struct reporter *reporter)
{
	static const struct network missing = {.external = true};
	const struct network *known = network ? network : &missing;

	if (attached->ipv4_address)
		check_fixed(known, &ipv4, &known->ipv4, attached->ipv4_address, service, attached,
			    reporter);
	if (attached->ipv6_address)
		check_fixed(known, &ipv6, &known->ipv6, attached->ipv6_address, service, attached,
			    reporter);
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
			check_attachment(names_get(&networks, service->networks[j].network),
					 service, &service->networks[j], reporter);
	}
}
