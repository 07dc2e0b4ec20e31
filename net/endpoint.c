// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attaching goes in three steps, each for all containers before the next, so
 * that the kernel is entered once per step and not once per container:
 *
 *  1. the pairs, their far ends born inside the containers' namespaces;
 *  2. the host's ends: alias, alternative name, hairpin;
 *  3. in each namespace: address, up, route.
 *
 * What exists already comes back from step 1 as EEXIST and is looked at one
 * by one: a pair of ours that connects the two right places stays.
 */
#include "net/endpoint.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/hash.h"
#include "net/beside.h"
#include "net/link.h"
#include "net/message.h"
#include "net/netlink.h"
#include "net/netns.h"
#include "net/sysctl.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_HASH_DIGITS 13
#define LOOPBACK_IFINDEX 1    /* the first link of every namespace */
#define BRIDGE_PORTS_MAX 1023 /* BR_MAX_PORTS, of which one is nobody's */

/* One endpoint on its way through the steps. */
struct attach {
	const struct endpoint *endpoint;
	char name[IFNAMSIZ];
	uint8_t mac[ENDPOINT_MAC_LEN];
	int result; /* 0 or -errno: it takes no further step */
};

struct attach_run {
	struct netlink *nl;
	const char *project;
	uint32_t group;
	struct attach *items;
	size_t n;
	struct err first; /* the first failure, for the caller */
};

void endpoint_mac(struct in_addr addr, uint8_t ret_mac[ENDPOINT_MAC_LEN])
{
	ret_mac[0] = 0x02; /* locally administered */
	ret_mac[1] = 0x42;
	memcpy(ret_mac + 2, &addr, sizeof(addr));
}

bool endpoint_mac_parse(const char *text, uint8_t ret[ENDPOINT_MAC_LEN])
{
	unsigned int b[ENDPOINT_MAC_LEN];
	char rest;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &rest) != ENDPOINT_MAC_LEN)
		return false;
	for (size_t i = 0; i < ENDPOINT_MAC_LEN; i++)
		ret[i] = (uint8_t)b[i];
	return true;
}

void endpoint_name(const char *project_id, const char *container, const char *network,
		   char ret_name[IFNAMSIZ])
{
	char hash[NAME_HASH_DIGITS + 1];

	hash_name(hash, NAME_HASH_DIGITS, project_id, container, network, NULL);
	snprintf(ret_name, IFNAMSIZ, "sv%s", hash);
}

uint32_t link_group(const char *project_id)
{
	uint32_t group = (uint32_t)strtoul(project_id, NULL, 16);

	return group ? group : 1; /* 0 is the group of all links that have none */
}

static void fail(struct attach_run *run, struct attach *item, const struct err *failure)
{
	item->result = -failure->code;
	if (run->first.code != 0)
		return;
	run->first = *failure;
	err_wrap(&run->first, "container '%s', network '%s'", item->endpoint->container,
		 item->endpoint->network);
}

/* The far end: its name and MAC are given here, the rest of it is step 3. */
static void put_peer(struct nl_msg *msg, const struct attach *item)
{
	struct nlattr *peer = message_nest(msg, VETH_INFO_PEER);

	message_reserve(msg, sizeof(struct ifinfomsg));
	message_put_text(msg, IFLA_IFNAME, item->endpoint->ifname);
	message_put(msg, IFLA_ADDRESS, item->mac, sizeof(item->mac));
	message_put_u32(msg, IFLA_NET_NS_FD, (uint32_t)item->endpoint->netns_fd);
	if (item->endpoint->mtu)
		message_put_u32(msg, IFLA_MTU, item->endpoint->mtu);
	message_nest_end(msg, peer);
}

static struct nl_msg *pair_message(const struct attach_run *run, const struct attach *item)
{
	struct nl_msg *msg =
		link_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, item->name, true);
	uint8_t mac[ENDPOINT_MAC_LEN];
	struct nlattr *info, *data;

	/* Derived, and higher than others: a bridge of somebody else's takes the lowest of its
	 * ports, and everybody's ARP entries for it would be wrong when it changes. */
	memcpy(mac, item->mac, sizeof(mac));
	mac[0] = 0xfe;
	message_put(msg, IFLA_ADDRESS, mac, sizeof(mac));
	message_put_u32(msg, IFLA_GROUP, run->group);
	message_put_u32(msg, IFLA_MASTER, (uint32_t)item->endpoint->bridge_ifindex);
	if (item->endpoint->mtu)
		message_put_u32(msg, IFLA_MTU, item->endpoint->mtu);
	info = message_nest(msg, IFLA_LINKINFO);
	message_put_text(msg, IFLA_INFO_KIND, "veth");
	data = message_nest(msg, IFLA_INFO_DATA);
	put_peer(msg, item);
	message_nest_end(msg, data);
	message_nest_end(msg, info);
	return msg;
}

/* Do the two links name each other as their other end? */
static bool is_pair(const struct link_info *host, const struct link_info *far)
{
	return host->peer == far->ifindex && far->peer == host->ifindex &&
	       strcmp(far->kind, "veth") == 0;
}

static int far_end(const struct endpoint *endpoint, struct link_info *ret_info, struct err *err)
{
	CLEANUP(netlink_cleanup) struct netlink *nl = NULL;
	int r;

	r = netns_socket(endpoint->netns_fd, &nl, err);
	return r < 0 ? r : link_query(nl, endpoint->ifname, ret_info, err);
}

/*
 * Something of that name exists, or did: keep it if it is this very pair, replace
 * it if it is ours but leads elsewhere.  The pair of an earlier container of that
 * name, whose namespace some process held a little longer, goes any moment by itself.
 */
static int settle_existing(struct attach_run *run, struct attach *item, struct err *err)
{
	const struct endpoint *endpoint = item->endpoint;
	struct link_info host = {.ifindex = 0}, far;
	int r;

	r = link_query(run->nl, item->name, &host, err);
	if (r < 0 && r != -ENODEV)
		return r;
	if (r == 0 && host.group != run->group)
		return err_foreign_link(err, item->name);
	r = far_end(endpoint, &far, err);
	if (r == 0 && is_pair(&host, &far))
		return 0;
	if (r == 0)
		return err_set(err, EEXIST, "the container's interface '%s' leads elsewhere",
			       endpoint->ifname);
	if (r != -ENODEV)
		return r;
	r = link_remove(run->nl, item->name, run->group, err);
	if (r < 0)
		return r;
	return netlink_call(run->nl, pair_message(run, item), 0, err, "connect it to its network");
}

static bool is_pair_end(const struct attach *item)
{
	return item->endpoint->kind == ENDPOINT_PAIR;
}

static void create_pairs(struct attach_run *run)
{
	CLEANUP(netlink_batch_release) struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct err failure = ERR_INIT;
	size_t request = 0;
	int r;

	for (size_t i = 0; i < run->n; i++)
		if (is_pair_end(&run->items[i]))
			netlink_batch_add(&batch, pair_message(run, &run->items[i]), EEXIST,
					  "connect it to its network");
	netlink_batch_send(run->nl, &batch, &failure);
	for (size_t i = 0; i < run->n; i++) {
		struct attach *item = &run->items[i];

		if (!is_pair_end(item))
			r = beside_create(run->nl, item->endpoint, item->name, item->mac,
					  run->group, &failure);
		else
			r = netlink_batch_result(&batch, request++, &failure);
		if (r == -EEXIST && is_pair_end(item))
			r = settle_existing(run, item, &failure);
		if (r == -EXFULL)
			r = err_set(&failure, EXFULL,
				    "the kernel lets a bridge have %d ports, and all are in use: "
				    "put some containers into another network",
				    BRIDGE_PORTS_MAX);
		if (r < 0)
			fail(run, item, &failure);
	}
}

/* Without hairpin a packet for the container's own published port, which comes
 * back to where it came from, would be dropped by the bridge.  Isolated ports do not
 * hear of each other, not even by ARP. */
static struct nl_msg *port_message(const struct attach *item)
{
	struct nl_msg *msg = link_message(RTM_NEWLINK, 0, 0, item->name, false);
	struct nlattr *info = message_nest(msg, IFLA_LINKINFO), *data;

	message_put_text(msg, IFLA_INFO_SLAVE_KIND, "bridge");
	data = message_nest(msg, IFLA_INFO_SLAVE_DATA);
	message_put_u8(msg, IFLA_BRPORT_MODE, 1);
	message_put_u8(msg, IFLA_BRPORT_ISOLATED, item->endpoint->isolated);
	message_nest_end(msg, data);
	message_nest_end(msg, info);
	return msg;
}

#define REQUESTS_PER_HOST_END 3

static void add_host_end(struct netlink_batch *batch, const struct attach_run *run,
			 const struct attach *item)
{
	struct nl_msg *msg = link_message(RTM_NEWLINK, 0, 0, item->name, true);
	char alias[LINK_ALIAS_MAX];

	/* The kernel ignores an alias in the message that makes the link.  Master and up are
	 * for a pair that was there and was tampered with. */
	snprintf(alias, sizeof(alias), "stack:%s:%s:%s", run->project, item->endpoint->container,
		 item->endpoint->network);
	message_put_text(msg, IFLA_IFALIAS, alias);
	message_put_u32(msg, IFLA_MASTER, (uint32_t)item->endpoint->bridge_ifindex);
	netlink_batch_add(batch, msg, 0, "set up the link '%s'", item->name);
	netlink_batch_add(batch, port_message(item), 0, "set up the bridge's port '%s'",
			  item->name);
	link_add_altname(batch, item->name, item->endpoint->container);
}

static void configure_host_ends(struct attach_run *run)
{
	CLEANUP(netlink_batch_release) struct netlink_batch batch = NETLINK_BATCH_INIT;
	struct err failure = ERR_INIT;
	size_t request = 0;

	for (size_t i = 0; i < run->n; i++)
		if (run->items[i].result == 0 && is_pair_end(&run->items[i]))
			add_host_end(&batch, run, &run->items[i]);
	netlink_batch_send(run->nl, &batch, &failure);
	for (size_t i = 0; i < run->n; i++) {
		if (run->items[i].result < 0 || !is_pair_end(&run->items[i]))
			continue;
		for (int k = 0; k < REQUESTS_PER_HOST_END; k++)
			if (netlink_batch_result(&batch, request++, &failure) < 0 &&
			    run->items[i].result == 0)
				fail(run, &run->items[i], &failure);
	}
}

static struct nl_msg *route_message(const struct cidr *gateway, int ifindex)
{
	const struct rtmsg header = {
		.rtm_family = cidr_family(gateway),
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	struct nl_msg *msg =
		message_new(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));

	message_put(msg, RTA_GATEWAY, &gateway->addr, cidr_bytes(gateway));
	message_put_u32(msg, RTA_OIF, (uint32_t)ifindex);
	return msg;
}

/* In the container's namespace, which has IPv6 off for new links. */
static int enable_ipv6(void *ifname, struct err *err)
{
	return sysctl_net("0", err, "ipv6/conf/%s/disable_ipv6", (const char *)ifname);
}

static void set_route(struct netlink_batch *batch, int ifindex, const struct cidr *gateway)
{
	if (gateway->len)
		netlink_batch_add(batch, route_message(gateway, ifindex), 0,
				  "give the container its default route");
}

static int configure_far_end(const struct attach *item, struct err *err)
{
	CLEANUP(netlink_batch_release) struct netlink_batch batch = NETLINK_BATCH_INIT;
	CLEANUP(netlink_cleanup) struct netlink *nl = NULL;
	const struct endpoint *endpoint = item->endpoint;
	const char *ifname = endpoint->ifname;
	struct link_info info;
	struct nl_msg *up;
	int r;

	r = netns_socket(endpoint->netns_fd, &nl, err);
	if (r == 0)
		r = link_query(nl, ifname, &info, err);
	if (r == 0 && endpoint->address6.len)
		r = netns_call(endpoint->netns_fd, enable_ipv6, (void *)ifname, err);
	if (r < 0)
		return r;
	up = link_message(RTM_NEWLINK, 0, info.ifindex, NULL, true);
	if (endpoint->kind != ENDPOINT_IPVLAN &&
	    memcmp(info.mac, item->mac, sizeof(item->mac)) != 0)
		message_put(up, IFLA_ADDRESS, item->mac, sizeof(item->mac));
	netlink_batch_add(&batch, link_message(RTM_NEWLINK, 0, LOOPBACK_IFINDEX, NULL, true), 0,
			  "bring the container's loopback up");
	r = link_set_address(nl, &batch, info.ifindex, ifname, &endpoint->address, err);
	if (r == 0)
		r = link_set_address(nl, &batch, info.ifindex, ifname, &endpoint->address6, err);
	for (size_t i = 0; i < endpoint->n_link_local; i++)
		link_add_address(&batch, info.ifindex, ifname, &endpoint->link_local[i]);
	netlink_batch_add(&batch, up, 0, "bring the container's '%s' up", ifname);
	set_route(&batch, info.ifindex, &endpoint->gateway);
	set_route(&batch, info.ifindex, &endpoint->gateway6);
	return r < 0 ? r : netlink_batch_send(nl, &batch, err);
}

static void prepare(struct attach_run *run, const char *project_id,
		    const struct endpoint *endpoints)
{
	for (size_t i = 0; i < run->n; i++) {
		struct attach *item = &run->items[i];

		item->endpoint = &endpoints[i];
		endpoint_name(project_id, endpoints[i].container, endpoints[i].network, item->name);
		endpoint_mac(endpoints[i].address.addr, item->mac);
		if (endpoints[i].mac)
			memcpy(item->mac, endpoints[i].mac, sizeof(item->mac));
	}
}

int endpoints_attach(struct netlink *nl, const char *project, const char *project_id,
		     const struct endpoint *endpoints, size_t n, struct err *err)
{
	CLEANUP_FREE struct attach *items = calloc(n + 1, sizeof(*items));
	struct attach_run run = {
		.nl = nl,
		.project = project,
		.group = link_group(project_id),
		.items = items,
		.n = n,
		.first = ERR_INIT,
	};
	struct err failure = ERR_INIT;

	if (!items)
		return err_nomem(err);
	prepare(&run, project_id, endpoints);
	create_pairs(&run);
	configure_host_ends(&run);
	for (size_t i = 0; i < n; i++)
		if (items[i].result == 0 && configure_far_end(&items[i], &failure) < 0)
			fail(&run, &items[i], &failure);
	if (run.first.code == 0)
		return 0;
	if (err)
		*err = run.first;
	return -run.first.code;
}

int endpoint_detach(struct netlink *nl, const char *project_id, const char *container,
		    const char *network, struct err *err)
{
	char name[IFNAMSIZ];

	endpoint_name(project_id, container, network, name);
	return link_remove(nl, name, link_group(project_id), err);
}

int links_remove_group(struct netlink *nl, const char *project_id, struct err *err)
{
	struct nl_msg *msg = link_message(RTM_DELLINK, 0, 0, NULL, false);

	message_put_u32(msg, IFLA_GROUP, link_group(project_id));
	return netlink_call(nl, msg, ENODEV, err, "remove the links of the project");
}
