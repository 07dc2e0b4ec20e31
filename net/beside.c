// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/beside.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "net/link.h"
#include "net/message.h"
#include "net/netlink.h"
#include "net/netns.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

static const char *const kinds[] = {
	[ENDPOINT_MACVLAN] = "macvlan",
	[ENDPOINT_IPVLAN] = "ipvlan",
};

/* The first of each kind is its default. */
static const struct mode {
	enum endpoint_kind kind;
	const char *name;
	uint16_t number;
} modes[] = {
	{ENDPOINT_MACVLAN, "bridge", MACVLAN_MODE_BRIDGE},
	{ENDPOINT_MACVLAN, "private", MACVLAN_MODE_PRIVATE},
	{ENDPOINT_MACVLAN, "vepa", MACVLAN_MODE_VEPA},
	{ENDPOINT_MACVLAN, "passthru", MACVLAN_MODE_PASSTHRU},
	{ENDPOINT_IPVLAN, "l2", IPVLAN_MODE_L2},
	{ENDPOINT_IPVLAN, "l3", IPVLAN_MODE_L3},
	{ENDPOINT_IPVLAN, "l3s", IPVLAN_MODE_L3S},
};

static const struct mode *find_mode(const struct endpoint *endpoint)
{
	const char *name = endpoint->mode ? endpoint->mode : "";

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (modes[i].kind == endpoint->kind && (!*name || strcmp(modes[i].name, name) == 0))
			return &modes[i];
	return NULL;
}

static void put_mode(struct nl_msg *msg, const struct mode *mode)
{
	struct nlattr *data = message_nest(msg, IFLA_INFO_DATA);

	if (mode->kind == ENDPOINT_MACVLAN)
		message_put_u32(msg, IFLA_MACVLAN_MODE, mode->number);
	else
		message_put(msg, IFLA_IPVLAN_MODE, &mode->number, sizeof(mode->number));
	message_nest_end(msg, data);
}

static struct nl_msg *create_message(const struct endpoint *endpoint, const char *name,
				     const uint8_t mac[ENDPOINT_MAC_LEN], uint32_t group,
				     const struct mode *mode)
{
	struct nl_msg *msg = link_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, name, false);
	struct nlattr *info;

	message_put_u32(msg, IFLA_GROUP, group);
	message_put_u32(msg, IFLA_LINK, (uint32_t)endpoint->bridge_ifindex);
	message_put_u32(msg, IFLA_NET_NS_FD, (uint32_t)endpoint->netns_fd);
	if (endpoint->mtu)
		message_put_u32(msg, IFLA_MTU, endpoint->mtu);
	/* ipvlan has the parent's, that is what it is for. */
	if (endpoint->kind == ENDPOINT_MACVLAN)
		message_put(msg, IFLA_ADDRESS, mac, ENDPOINT_MAC_LEN);
	info = message_nest(msg, IFLA_LINKINFO);
	message_put_text(msg, IFLA_INFO_KIND, kinds[endpoint->kind]);
	put_mode(msg, mode);
	message_nest_end(msg, info);
	return msg;
}

/* -ENODEV: the container has no interface of that name yet. */
static int check_existing(struct netlink *inside, const struct endpoint *endpoint, struct err *err)
{
	struct link_info info;
	int r = link_query(inside, endpoint->ifname, &info, err);

	if (r < 0)
		return r;
	if (strcmp(info.kind, kinds[endpoint->kind]) == 0 && info.peer == endpoint->bridge_ifindex)
		return 0;
	return err_set(err, EEXIST, "the container's interface '%s' leads elsewhere",
		       endpoint->ifname);
}

static int give_name(struct netlink *inside, const struct endpoint *endpoint, const char *name,
		     struct err *err)
{
	struct link_info info;
	struct nl_msg *msg;
	int r = link_query(inside, name, &info, err);

	if (r < 0)
		return r;
	msg = link_message(RTM_NEWLINK, 0, info.ifindex, NULL, false);
	message_put_text(msg, IFLA_IFNAME, endpoint->ifname);
	return netlink_call(inside, msg, 0, err, "name the container's interface '%s'",
			    endpoint->ifname);
}

int beside_create(struct netlink *nl, const struct endpoint *endpoint, const char *name,
		  const uint8_t mac[ENDPOINT_MAC_LEN], uint32_t group, struct err *err)
{
	CLEANUP(netlink_cleanup) struct netlink *inside = NULL;
	const struct mode *mode = find_mode(endpoint);
	int r;

	if (!mode)
		return err_set(err, EINVAL, "there is no mode '%s' of %s", endpoint->mode,
			       kinds[endpoint->kind]);
	r = netns_socket(endpoint->netns_fd, &inside, err);
	if (r == 0)
		r = check_existing(inside, endpoint, err);
	if (r != -ENODEV)
		return r;
	/* EEXIST: made, and not named, by somebody who was killed. */
	r = netlink_call(nl, create_message(endpoint, name, mac, group, mode), EEXIST, err,
			 "make a link beside the host's");
	if (r == -EOPNOTSUPP)
		return err_set(err, EOPNOTSUPP,
			       "this kernel has no %s; use another driver, such as bridge",
			       kinds[endpoint->kind]);
	return r < 0 ? r : give_name(inside, endpoint, name, err);
}

int beside_remove(const char *project_id, int netns_fd, const char *ifname, struct err *err)
{
	CLEANUP(netlink_cleanup) struct netlink *inside = NULL;
	int r = netns_socket(netns_fd, &inside, err);

	return r < 0 ? r : link_remove(inside, ifname, link_group(project_id), err);
}
