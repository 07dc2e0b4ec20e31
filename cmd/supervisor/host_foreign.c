// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Networks that are not the project's own bridges: those of other projects and other
 * programs (`external`), and those that a link of the host is in (macvlan, ipvlan).
 * They are joined and left, and nothing of them is made, changed or removed.
 */
#include "cmd/supervisor/host_shared.h"

#include "core/model/network_options.h"
#include "net/bridge.h"
#include "net/ipam.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool host_is_beside(const struct host_network *network)
{
	return strcmp(network->record.driver, "macvlan") == 0 ||
	       strcmp(network->record.driver, "ipvlan") == 0;
}

/* Whose bridge it is, if a project of this tree says so and its number does, too. */
static const char *owner_of(const struct host *host, const struct bridge_found *found)
{
	char id[PATHS_ID_LEN + 1];

	if (!*found->project)
		return "";
	paths_project_id(host->paths, found->project, id);
	return link_group(id) == found->group ? found->project : "";
}

static int find_bridge(struct host *host, const char *name, struct bridge_found *found,
		       struct err *err)
{
	int r = bridge_find(host->nl, name, found, err);

	if (r == 0 && strcmp(owner_of(host, found), host->project) == 0)
		return err_set(err, EINVAL,
			       "'%s' is a network of this project's own; remove 'external'", name);
	return r;
}

int host_foreign_find(struct host *host, struct host_network *network, struct err *err)
{
	struct network_record *record = &network->record;
	struct bridge_found found;
	int r;

	network->ifindex = 0;
	snprintf(network->bridge, sizeof(network->bridge), "%s", record->link);
	if (host_is_beside(network))
		return bridge_parent(host->nl, record->link, &network->ifindex, err);
	r = find_bridge(host, record->name, &found, err);
	if (r < 0)
		return r;
	network->ifindex = found.ifindex;
	memcpy(network->bridge, found.link, sizeof(network->bridge));
	r = host_shared_join(host, network, err);
	if (r == 0)
		host_shared_watch(host, network);
	return r;
}

enum foreign_state host_foreign_look(struct host *host, const struct host_network *network)
{
	struct bridge_found found;
	int ifindex = 0;

	if (host_is_beside(network)) {
		(void)bridge_parent(host->nl, network->record.link, &ifindex, NULL);
		return ifindex && ifindex == network->ifindex ? FOREIGN_AS_IT_WAS
							      : FOREIGN_ELSEWHERE;
	}
	if (find_bridge(host, network->record.name, &found, NULL) < 0)
		return FOREIGN_ELSEWHERE;
	if (found.gateway.len != network->gateway.len ||
	    !cidr_same_address(&found.gateway, &network->gateway))
		return FOREIGN_RENUMBERED;
	return found.ifindex == network->ifindex ? FOREIGN_AS_IT_WAS : FOREIGN_ELSEWHERE;
}

/* The subnet is that of the network out there, and so is the gateway. */
static int gateway_there(const struct ipam_subnet *ipam, struct cidr *ret, struct err *err)
{
	struct cidr subnet;
	int r = cidr_parse(ipam->subnet, &subnet, err);

	if (r < 0)
		return r;
	*ret = ipam_gateway(&subnet);
	if (ipam->gateway)
		r = cidr_parse_address(ipam->gateway, ret, err);
	ret->len = subnet.len;
	return r;
}

static int record_beside(struct host *host, const struct network *network,
			 struct network_record *record, struct cidr *ret_gateway,
			 struct cidr *ret_gateway6, struct err *err)
{
	struct network_options options = network_options(network);
	int ifindex, r;

	snprintf(record->link, sizeof(record->link), "%s", options.parent);
	snprintf(record->mode, sizeof(record->mode), "%s", options.mode ? options.mode : "");
	r = bridge_parent(host->nl, options.parent, &ifindex, err);
	if (r == 0)
		r = gateway_there(&network->ipv4, ret_gateway, err);
	if (r == 0 && network->enable_ipv6 && network->ipv6.subnet)
		r = gateway_there(&network->ipv6, ret_gateway6, err);
	return r;
}

int host_foreign_record(struct host *host, const struct network *network,
			struct network_record *record, struct cidr *ret_gateway,
			struct cidr *ret_gateway6, struct err *err)
{
	struct bridge_found found;
	int r;

	*ret_gateway6 = (struct cidr){.len = 0};
	if (!network->external)
		return record_beside(host, network, record, ret_gateway, ret_gateway6, err);
	record->external = true;
	r = find_bridge(host, network->name, &found, err);
	if (r < 0)
		return r;
	snprintf(record->link, sizeof(record->link), "%s", found.link);
	snprintf(record->owner, sizeof(record->owner), "%s", owner_of(host, &found));
	*ret_gateway = found.gateway;
	return 0;
}
