// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/endpoint_check.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "net/bridge.h"
#include "net/link.h"
#include "net/message.h"
#include "net/netlink.h"
#include "net/netns.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* Somewhere outside (RFC 5737, RFC 3849); nothing is sent there. */
#define ELSEWHERE  "192.0.2.1"
#define ELSEWHERE6 "2001:db8::1"

/* Which way a packet would go. */
struct way {
	int ifindex; /* 0: none */
	struct cidr gateway;
};

static int on_route(const struct nlmsghdr *reply, void *data)
{
	struct nlattr *out =
		nlmsg_find_attr((struct nlmsghdr *)reply, sizeof(struct rtmsg), RTA_OIF);
	struct nlattr *gateway =
		nlmsg_find_attr((struct nlmsghdr *)reply, sizeof(struct rtmsg), RTA_GATEWAY);
	struct way *way = data;

	if (out)
		way->ifindex = (int)nla_get_u32(out);
	if (gateway && nla_len(gateway) >= (int)cidr_bytes(&way->gateway)) {
		memcpy(&way->gateway.addr, nla_data(gateway), cidr_bytes(&way->gateway));
		way->gateway.len = cidr_full(&way->gateway);
	}
	return 0;
}

/* No way at all is an answer, too. */
static int find_way(struct netlink *nl, const struct cidr *to, struct way *ret, struct err *err)
{
	const struct rtmsg header = {.rtm_family = cidr_family(to), .rtm_dst_len = cidr_full(to)};
	struct nl_msg *msg = message_new(RTM_GETROUTE, 0, &header, sizeof(header));
	struct err failure = ERR_INIT;
	int r;

	*ret = (struct way){.gateway = {.family = cidr_family(to)}};
	message_put(msg, RTA_DST, &to->addr, cidr_bytes(to));
	r = netlink_query(nl, msg, on_route, ret, &failure, "look for a route");
	if (r == 0 || r == -ENETUNREACH || r == -EHOSTUNREACH)
		return 0;
	return err_set(err, failure.code, "%s", failure.msg);
}

/* An address of the subnet that is neither OWN nor the first one. */
static struct cidr neighbour(const struct cidr *own)
{
	struct cidr addr = cidr_nth(own, 2);

	return cidr_same_address(&addr, own) ? cidr_nth(own, 3) : addr;
}

/* The link IFINDEX has ADDRESS, and its subnet is reached through it directly. */
static int check_address(struct netlink *nl, int ifindex, const char *name,
			 const struct cidr *address, const char **ret_wrong, struct err *err)
{
	struct cidr next = neighbour(address);
	struct way way;
	int r;

	if (!address->len)
		return 0;
	if (!link_has_address(nl, ifindex, name, address)) {
		*ret_wrong = "its address is gone";
		return 0;
	}
	r = find_way(nl, &next, &way, err);
	if (r == 0 && (way.ifindex != ifindex || way.gateway.len))
		*ret_wrong = "the route to its subnet is gone";
	return r;
}

/* What is ELSEWHERE, outside, is reached through GATEWAY. */
static int check_way_out(struct netlink *nl, const char *elsewhere, const struct cidr *gateway,
			 const char **ret_wrong, struct err *err)
{
	struct cidr to;
	struct way way;
	int r = 0;

	if (!gateway->len || *ret_wrong)
		return 0;
	r = cidr_parse_address(elsewhere, &to, err);
	if (r == 0)
		r = find_way(nl, &to, &way, err);
	if (r == 0 && (!way.gateway.len || !cidr_same_address(&way.gateway, gateway)))
		*ret_wrong = "its default route is gone";
	return r;
}

static int check_addresses(struct netlink *nl, int ifindex, const struct endpoint *endpoint,
			   const char **ret_wrong, struct err *err)
{
	const char *name = endpoint->ifname;
	int r = check_address(nl, ifindex, name, &endpoint->address, ret_wrong, err);

	if (r == 0 && !*ret_wrong)
		r = check_address(nl, ifindex, name, &endpoint->address6, ret_wrong, err);
	if (r == 0)
		r = check_way_out(nl, ELSEWHERE, &endpoint->gateway, ret_wrong, err);
	if (r == 0)
		r = check_way_out(nl, ELSEWHERE6, &endpoint->gateway6, ret_wrong, err);
	return r;
}

static int check_inside(const struct endpoint *endpoint, const struct link_info *host,
			bool link_only, const char **ret_wrong, struct err *err)
{
	CLEANUP(netlink_cleanup) struct netlink *nl = NULL;
	struct link_info far;
	int r = netns_socket(endpoint->netns_fd, &nl, err);

	if (r < 0)
		return r;
	if (link_query(nl, endpoint->ifname, &far, NULL) < 0 || far.peer != host->ifindex) {
		*ret_wrong = "its link in the container is gone";
		return 0;
	}
	if (link_only)
		return 0;
	if (!far.up) {
		*ret_wrong = "its link in the container is down";
		return 0;
	}
	return check_addresses(nl, far.ifindex, endpoint, ret_wrong, err);
}

int endpoint_check(struct netlink *nl, const char *project_id, const struct endpoint *endpoint,
		   bool link_only, const char **ret_wrong, struct err *err)
{
	char name[IFNAMSIZ];
	struct link_info host;

	*ret_wrong = NULL;
	if (endpoint->kind != ENDPOINT_PAIR) {
		host = (struct link_info){.ifindex = endpoint->bridge_ifindex};
		return check_inside(endpoint, &host, link_only, ret_wrong, err);
	}
	endpoint_name(project_id, endpoint->container, endpoint->network, name);
	if (link_query(nl, name, &host, NULL) < 0)
		*ret_wrong = "its link is gone";
	else if (host.master != endpoint->bridge_ifindex)
		*ret_wrong = "its link is not in the bridge";
	else if (!host.up)
		*ret_wrong = "its link is down";
	return *ret_wrong ? 0 : check_inside(endpoint, &host, link_only, ret_wrong, err);
}

/* As the kernel makes it with the address, so that it knows its own again: for IPv6, that is
 * by its metric. */
#define PREFIX_METRIC6 256

static int restore_route(struct netlink *nl, int ifindex, const struct cidr *address,
			 struct err *err)
{
	bool six = cidr_is_v6(address);
	const struct rtmsg header = {
		.rtm_family = cidr_family(address),
		.rtm_dst_len = address->len,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_KERNEL,
		.rtm_scope = six ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
	};
	const struct cidr subnet = cidr_subnet(address);
	struct nl_msg *msg;

	if (!address->len)
		return 0;
	msg = message_new(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
	message_put(msg, RTA_DST, &subnet.addr, cidr_bytes(&subnet));
	if (six)
		message_put_u32(msg, RTA_PRIORITY, PREFIX_METRIC6);
	else
		message_put(msg, RTA_PREFSRC, &address->addr, sizeof(address->addr));
	message_put_u32(msg, RTA_OIF, (uint32_t)ifindex);
	return netlink_call(nl, msg, 0, err, "restore the route to the subnet");
}

int endpoint_restore_route(const struct endpoint *endpoint, struct err *err)
{
	CLEANUP(netlink_cleanup) struct netlink *nl = NULL;
	struct link_info far;
	int r = netns_socket(endpoint->netns_fd, &nl, err);

	if (r == 0)
		r = link_query(nl, endpoint->ifname, &far, err);
	if (r == 0)
		r = restore_route(nl, far.ifindex, &endpoint->address, err);
	return r < 0 ? r : restore_route(nl, far.ifindex, &endpoint->address6, err);
}

int bridge_check(struct netlink *nl, const struct bridge *bridge, const char **ret_wrong,
		 struct err *err)
{
	struct link_info info;
	char name[IFNAMSIZ];
	int r;

	*ret_wrong = NULL;
	bridge_link(bridge, name);
	if (link_query(nl, name, &info, NULL) < 0)
		*ret_wrong = "its bridge is gone";
	else if (!info.up)
		*ret_wrong = "its bridge is down";
	if (*ret_wrong)
		return 0;
	r = check_address(nl, info.ifindex, name, &bridge->gateway, ret_wrong, err);
	if (r == 0 && !*ret_wrong)
		r = check_address(nl, info.ifindex, name, &bridge->gateway6, ret_wrong, err);
	return r;
}

int bridge_restore_route(struct netlink *nl, const struct bridge *bridge, int ifindex,
			 struct err *err)
{
	int r = restore_route(nl, ifindex, &bridge->gateway, err);

	return r < 0 ? r : restore_route(nl, ifindex, &bridge->gateway6, err);
}
