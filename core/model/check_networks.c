// SPDX-License-Identifier: GPL-2.0-or-later
/* Drivers of networks with their options, and services in networks that are none. */
#include "core/model/check.h"

#include "core/base/cleanup.h"
#include "core/model/names.h"
#include "core/model/network_options.h"
#include "core/model/project.h"
#include "core/model/report.h"

#include <arpa/inet.h>
#include <string.h>

static void check_options(const struct network *network, struct reporter *reporter)
{
	struct network_options options = {.bridge = NULL};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < network->driver_opts.n; i++)
		if (network_option_read(network, &network->driver_opts.items[i], &options, &err) <
		    0)
			report(reporter, SEVERITY_ERROR, network->pos, "networks.%s.%s",
			       network->key, err.msg);
	if (network_is_beside(network) && !network->external && !options.parent)
		report(reporter, SEVERITY_ERROR, network->pos,
		       "networks.%s: the driver '%s' needs the link of the host that it is beside: "
		       "'driver_opts: {parent: eth0}'",
		       network->key, network_driver_name(network));
	if (network_is_beside(network) && !network->external && !network->ipv4.subnet)
		report(reporter, SEVERITY_ERROR, network->pos,
		       "networks.%s: the driver '%s' needs the subnet of the network that the link "
		       "is in: say it in ipam.config",
		       network->key, network_driver_name(network));
}

/* What somebody else made is as he made it. */
static void check_external(const struct network *network, struct reporter *reporter)
{
	if (!network->external)
		return;
	if (network->driver != NETWORK_DRIVER_NONE || network->driver_opts.n > 0 ||
	    network->internal || network->ipv4.subnet)
		report(reporter, SEVERITY_ERROR, network->pos,
		       "networks.%s: with 'external' only its name counts, as it is there already; "
		       "remove the rest",
		       network->key);
}

static bool is_link_local(const char *text)
{
	struct in_addr address;

	return inet_pton(AF_INET, text, &address) == 1 &&
	       (ntohl(address.s_addr) & 0xffff0000u) == 0xa9fe0000u;
}

static void check_attachment(const struct service *service, const struct service_network *attached,
			     struct reporter *reporter)
{
	const char *renamed = map_get(&attached->driver_opts, NETWORK_OPTION_IFNAME);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < attached->link_local_ips.n; i++)
		if (!is_link_local(attached->link_local_ips.items[i]))
			report(reporter, SEVERITY_ERROR, attached->pos,
			       "services.%s.networks.%s.link_local_ips: '%s' is not an address of "
			       "169.254.0.0/16",
			       service->name, attached->network, attached->link_local_ips.items[i]);
	if (attached->link_local_ips.n > LINK_LOCAL_IPS_MAX)
		report(reporter, SEVERITY_ERROR, attached->pos,
		       "services.%s.networks.%s.link_local_ips: at most %d addresses",
		       service->name, attached->network, LINK_LOCAL_IPS_MAX);
	for (size_t i = 0; i < attached->driver_opts.n; i++)
		if (endpoint_option_check(&attached->driver_opts.items[i], &err) < 0)
			report(reporter, SEVERITY_ERROR, attached->pos,
			       "services.%s.networks.%s.%s", service->name, attached->network,
			       err.msg);
	if (renamed && attached->interface_name && strcmp(renamed, attached->interface_name) != 0)
		report(reporter, SEVERITY_ERROR, attached->pos,
		       "services.%s.networks.%s: 'interface_name' says another name than "
		       "'driver_opts'; remove one",
		       service->name, attached->network);
}

void check_networks(const struct project *project, struct reporter *reporter)
{
	for (size_t i = 0; i < project->n_networks; i++) {
		check_external(&project->networks[i], reporter);
		check_options(&project->networks[i], reporter);
	}
	for (size_t i = 0; i < project->n_services; i++)
		for (size_t j = 0; j < project->services[i].n_networks; j++)
			check_attachment(&project->services[i], &project->services[i].networks[j],
					 reporter);
}

/* "host" or "none" for a network that is docker's name for not having one; else NULL. */
static const char *builtin_mode(const struct network *network)
{
	const char *name = network->name ? network->name : network->key;

	if (network->driver == NETWORK_HOST || network->driver == NETWORK_NULL)
		return network_driver_name(network);
	if (network->external && (strcmp(name, "host") == 0 || strcmp(name, "none") == 0))
		return name;
	return NULL;
}

static void drop_ports(struct service *service, const char *why, struct reporter *reporter)
{
	if (service->n_ports > 0)
		report(reporter, SEVERITY_NOTE, service->ports[0].pos,
		       "services.%s: ports are not published with %s: this has no effect",
		       service->name, why);
	service->n_ports = 0;
}

static void settle_service(struct service *service, const struct names *networks,
			   struct reporter *reporter)
{
	size_t beside = 0;

	for (size_t i = 0; i < service->n_networks; i++) {
		const struct network *network = names_get(networks, service->networks[i].network);
		const char *mode = network ? builtin_mode(network) : NULL;

		beside += network && network_is_beside(network);
		if (!mode)
			continue;
		if (service->n_networks > 1) {
			report(reporter, SEVERITY_ERROR, service->networks[i].pos,
			       "services.%s.networks: '%s' is '%s', which is not together with "
			       "other networks; remove one",
			       service->name, network->key, mode);
			return;
		}
		service->network_mode = mode;
		service->n_networks = 0;
		drop_ports(service, strcmp(mode, "host") == 0 ? "the host's network" : "no network",
			   reporter);
	}
	if (beside > 0 && beside == service->n_networks)
		drop_ports(service,
			   "macvlan and ipvlan, where the container has an address of its "
			   "own",
			   reporter);
}

void settle_networks(const struct project *project, struct reporter *reporter)
{
	CLEANUP(names_release) struct names networks = NAMES_INIT;
	struct service *services = (struct service *)project->services;

	for (size_t i = 0; i < project->n_networks; i++)
		names_add(&networks, project->networks[i].key, (void *)&project->networks[i]);
	for (size_t i = 0; i < project->n_services; i++)
		settle_service(&services[i], &networks, reporter);
}
