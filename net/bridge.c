// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/bridge.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/hash.h"
#include "net/endpoint.h"
#include "net/forwarding.h"
#include "net/link.h"
#include "net/message.h"
#include "net/netlink.h"
#include "net/sysctl.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#define NAME_HASH_DIGITS 12

void bridge_name(const char *project_id, const char *network, char ret_name[IFNAMSIZ])
{
	char hash[NAME_HASH_DIGITS + 1];

	hash_name(hash, NAME_HASH_DIGITS, project_id, network, NULL);
	snprintf(ret_name, IFNAMSIZ, "sb%s", hash);
}

void bridge_link(const struct bridge *bridge, char ret_name[IFNAMSIZ])
{
	if (bridge->link && *bridge->link)
		snprintf(ret_name, IFNAMSIZ, "%s", bridge->link);
	else
		bridge_name(bridge->project_id, bridge->network, ret_name);
}

static struct nl_msg *create_message(const struct bridge *bridge, const char *name,
				     const uint8_t mac[LINK_MAC_LEN])
{
	struct nl_msg *msg = link_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, name, false);
	struct nlattr *nest;

	message_put_u32(msg, IFLA_GROUP, link_group(bridge->project_id));
	/* Without an address of its own a bridge takes that of a port, and another one when
	 * the port goes: the containers' ARP entries for the gateway would be wrong. */
	message_put(msg, IFLA_ADDRESS, mac, LINK_MAC_LEN);
	nest = message_nest(msg, IFLA_LINKINFO);
	message_put_text(msg, IFLA_INFO_KIND, "bridge");
	message_nest_end(msg, nest);
	return msg;
}

/* Find the bridge, or make it: down, so that its sysctls come before its first packet. */
static int find_or_create(struct netlink *nl, const struct bridge *bridge, const char *name,
			  const uint8_t mac[LINK_MAC_LEN], struct link_info *ret_info,
			  struct err *err)
{
	int r;

	r = netlink_call(nl, create_message(bridge, name, mac), EEXIST, err,
			 "make the bridge '%s' of network '%s'", name, bridge->network);
	if (r == 0)
		r = link_query(nl, name, ret_info, err);
	if (r < 0)
		return r;
	if (ret_info->group != link_group(bridge->project_id) ||
	    strcmp(ret_info->kind, "bridge") != 0)
		return err_foreign_link(err, name);
	return 0;
}

static int set_sysctls(const struct bridge *bridge, const char *name, struct err *err)
{
	const struct {
		const char *family, *key, *value;
	} settings[] = {
		/* Ports published on 127.0.0.1 reach their container with that as the source. */
		{"ipv4", "route_localnet", "1"},
		/* No container may send as somebody outside its network. */
		{"ipv4", "rp_filter", "1"},
		{"ipv6", "accept_ra", "0"},
		{"ipv6", "accept_redirects", "0"},
		/* Nothing is to wait for the answers that nobody gives. */
		{"ipv6", "accept_dad", "0"},
		{"ipv6", "disable_ipv6", bridge->gateway6.len ? "0" : "1"},
	};
	int r;

	r = forwarding_enable(err);
	if (r == 0 && bridge->gateway6.len)
		r = forwarding_enable6(err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(settings); i++)
		r = sysctl_net(settings[i].value, err, "%s/conf/%s/%s", settings[i].family, name,
			       settings[i].key);
	return r;
}

static int configure(struct netlink *nl, const struct bridge *bridge, const char *name,
		     const uint8_t mac[LINK_MAC_LEN], const struct link_info *info, struct err *err)
{
	CLEANUP(netlink_batch_release) struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct nl_msg *msg = link_message(RTM_NEWLINK, 0, info->ifindex, NULL, true);
	char alias[LINK_ALIAS_MAX];
	int r;

	snprintf(alias, sizeof(alias), "stack:%s:%s", bridge->project, bridge->network);
	message_put_text(msg, IFLA_IFALIAS, alias);
	if (bridge->mtu)
		message_put_u32(msg, IFLA_MTU, bridge->mtu);
	if (memcmp(info->mac, mac, LINK_MAC_LEN) != 0)
		message_put(msg, IFLA_ADDRESS, mac, LINK_MAC_LEN);
	netlink_batch_add(&batch, msg, 0, "bring the bridge '%s' up", name);
	link_add_altname(&batch, name, bridge->network);
	r = link_set_address(nl, &batch, info->ifindex, name, &bridge->gateway, err);
	if (r == 0)
		r = link_set_address(nl, &batch, info->ifindex, name, &bridge->gateway6, err);
	return r < 0 ? r : netlink_batch_send(nl, &batch, err);
}

int bridge_ensure(struct netlink *nl, const struct bridge *bridge, int *ret_ifindex,
		  struct err *err)
{
	uint8_t mac[LINK_MAC_LEN];
	struct link_info info;
	char name[IFNAMSIZ];
	int r;

	bridge_link(bridge, name);
	endpoint_mac(bridge->gateway.addr, mac);
	r = find_or_create(nl, bridge, name, mac, &info, err);
	if (r == 0)
		r = set_sysctls(bridge, name, err);
	if (r == 0)
		r = configure(nl, bridge, name, mac, &info, err);
	if (r < 0)
		return r;
	*ret_ifindex = info.ifindex;
	return 0;
}

int bridge_address(struct netlink *nl, const char *name, struct cidr *ret_gateway, struct err *err)
{
	struct link_info info;
	int r;

	r = link_query(nl, name, &info, err);
	return r < 0 ? r : link_address(nl, info.ifindex, name, ret_gateway, err);
}

/* "stack:<project>:<network>", as configure() puts it. */
static void read_alias(const char *alias, struct bridge_found *found)
{
	static const char prefix[] = "stack:";
	const char *project = alias + strlen(prefix), *colon;

	if (strncmp(alias, prefix, strlen(prefix)) != 0)
		return;
	colon = strchr(project, ':');
	if (!colon || (size_t)(colon - project) >= sizeof(found->project))
		return;
	memcpy(found->project, project, (size_t)(colon - project));
	snprintf(found->network, sizeof(found->network), "%s", colon + 1);
}

int bridge_find(struct netlink *nl, const char *name, struct bridge_found *ret, struct err *err)
{
	struct bridge_found found = {.ifindex = 0};
	struct err failure = ERR_INIT;
	struct link_info info;
	int r = link_query(nl, name, &info, &failure);

	if (r == -ENODEV)
		return err_set(
			err, ENODEV,
			"there is no network '%s' on this host: bring the project up that it "
			"is of, or make a bridge of that name",
			name);
	if (r < 0)
		return err_set(err, failure.code, "%s", failure.msg);
	if (strcmp(info.kind, "bridge") != 0)
		return err_set(err, ENOTSUP, "the link '%s' of this host is no bridge", name);
	found.ifindex = info.ifindex;
	found.group = info.group;
	snprintf(found.link, sizeof(found.link), "%s", info.name);
	read_alias(info.alias, &found);
	r = link_address(nl, info.ifindex, name, &found.gateway, NULL);
	if (r < 0)
		return err_set(err, -r,
			       "the bridge '%s' has no IPv4 address, so there is none to give to a "
			       "container: give it one with its subnet first",
			       name);
	*ret = found;
	return 0;
}

int bridge_parent(struct netlink *nl, const char *name, int *ret_ifindex, struct err *err)
{
	struct err failure = ERR_INIT;
	struct link_info info;
	int r = link_query(nl, name, &info, &failure);

	if (r == -ENODEV)
		return err_set(err, ENODEV, "this host has no link '%s'", name);
	if (r < 0)
		return err_set(err, failure.code, "%s", failure.msg);
	*ret_ifindex = info.ifindex;
	return 0;
}

int bridge_remove(struct netlink *nl, const char *project_id, const char *name, struct err *err)
{
	return link_remove(nl, name, link_group(project_id), err);
}
