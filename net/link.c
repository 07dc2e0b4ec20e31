// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/link.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "net/message.h"
#include "net/netlink.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

struct nl_msg *link_message(int type, int flags, int ifindex, const char *name, bool up)
{
	const struct ifinfomsg header = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = ifindex,
		.ifi_flags = up ? IFF_UP : 0,
		.ifi_change = up ? IFF_UP : 0,
	};
	struct nl_msg *msg = message_new(type, flags, &header, sizeof(header));

	if (ifindex == 0 && name)
		message_put_text(msg, IFLA_IFNAME, name);
	return msg;
}

static void take_number(struct nlattr *attr, void *ret)
{
	if (attr && nla_len(attr) >= (int)sizeof(uint32_t))
		memcpy(ret, nla_data(attr), sizeof(uint32_t));
}

static void take_kind(struct nlattr *linkinfo, struct link_info *info)
{
	struct nlattr *kind =
		linkinfo ? nla_find(nla_data(linkinfo), nla_len(linkinfo), IFLA_INFO_KIND) : NULL;

	if (kind)
		nla_strlcpy(info->kind, kind, sizeof(info->kind));
}

static int on_link(const struct nlmsghdr *reply, void *data)
{
	struct nlattr *attrs[IFLA_MAX + 1];
	struct link_info *info = data;

	if (reply->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse((struct nlmsghdr *)reply, sizeof(struct ifinfomsg), attrs, IFLA_MAX, NULL) <
		    0)
		return 0;
	info->ifindex = ((const struct ifinfomsg *)nlmsg_data(reply))->ifi_index;
	info->up = ((const struct ifinfomsg *)nlmsg_data(reply))->ifi_flags & IFF_UP;
	take_number(attrs[IFLA_GROUP], &info->group);
	take_number(attrs[IFLA_LINK], &info->peer);
	take_number(attrs[IFLA_MASTER], &info->master);
	if (attrs[IFLA_ADDRESS] && nla_len(attrs[IFLA_ADDRESS]) == LINK_MAC_LEN)
		memcpy(info->mac, nla_data(attrs[IFLA_ADDRESS]), LINK_MAC_LEN);
	if (attrs[IFLA_IFNAME])
		nla_strlcpy(info->name, attrs[IFLA_IFNAME], sizeof(info->name));
	if (attrs[IFLA_IFALIAS])
		nla_strlcpy(info->alias, attrs[IFLA_IFALIAS], sizeof(info->alias));
	take_kind(attrs[IFLA_LINKINFO], info);
	return 0;
}

int link_query(struct netlink *nl, const char *name, struct link_info *ret_info, struct err *err)
{
	struct nl_msg *msg = link_message(RTM_GETLINK, 0, 0, NULL, false);
	struct link_info info = {.ifindex = 0};
	int r;

	message_put_text(msg, IFLA_ALT_IFNAME, name);
	r = netlink_query(nl, msg, on_link, &info, err, "look for the link '%s'", name);
	if (r < 0)
		return r;
	if (info.ifindex == 0)
		return err_set(err, EBADMSG, "the kernel gave no answer about the link '%s'", name);
	*ret_info = info;
	return 0;
}

void link_add_altname(struct netlink_batch *batch, const char *name, const char *altname)
{
	struct nl_msg *msg =
		link_message(RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL, 0, name, false);
	struct nlattr *nest = message_nest(msg, IFLA_PROP_LIST | NLA_F_NESTED);

	message_put_text(msg, IFLA_ALT_IFNAME, altname);
	message_nest_end(msg, nest);
	netlink_batch_add(batch, msg, EEXIST, "call the link '%s' also '%s'", name, altname);
}

static struct nl_msg *address_message(int type, int flags, int ifindex, const struct cidr *address)
{
	const struct ifaddrmsg header = {
		.ifa_family = cidr_family(address),
		.ifa_prefixlen = address->len,
		.ifa_index = (uint32_t)ifindex,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		/* Addresses are given out by us: nobody has to be asked whether they are free. */
		.ifa_flags = cidr_is_v6(address) ? IFA_F_NODAD : 0,
	};
	struct nl_msg *msg = message_new(type, flags, &header, sizeof(header));

	message_put(msg, IFA_LOCAL, &address->addr, cidr_bytes(address));
	message_put(msg, IFA_ADDRESS, &address->addr, cidr_bytes(address));
	return msg;
}

void link_add_address(struct netlink_batch *batch, int ifindex, const char *name,
		      const struct cidr *address)
{
	struct nl_msg *msg =
		address_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, ifindex, address);
	struct cidr broadcast = cidr_nth(address, cidr_size(address) - 1);
	char text[CIDR_TEXT_SIZE];

	if (!cidr_is_v6(address) && address->len < 31)
		message_put(msg, IFA_BROADCAST, &broadcast.addr, sizeof(broadcast.addr));
	cidr_format(address, text);
	netlink_batch_add(batch, msg, 0, "give the link '%s' the address %s", name, text);
}

struct addresses {
	int ifindex;
	struct cidr_list list;
};

static void addresses_release(struct addresses *addresses)
{
	cidr_list_release(&addresses->list);
}

static int on_address(const struct nlmsghdr *reply, void *data)
{
	const struct ifaddrmsg *header = nlmsg_data(reply);
	struct cidr cidr = {.family = header->ifa_family, .len = header->ifa_prefixlen};
	struct addresses *addresses = data;
	struct nlattr *local;

	/* IPv6 has IFA_LOCAL only where there is a peer. */
	local = nlmsg_find_attr((struct nlmsghdr *)reply, sizeof(*header),
				cidr_is_v6(&cidr) ? IFA_ADDRESS : IFA_LOCAL);
	/* A kernel without strict checking ignores the index asked for and lists all links. */
	if (reply->nlmsg_type != RTM_NEWADDR || header->ifa_index != (uint32_t)addresses->ifindex ||
	    !local || nla_len(local) < (int)cidr_bytes(&cidr))
		return 0;
	memcpy(&cidr.addr6, nla_data(local), cidr_bytes(&cidr));
	if (!cidr_is_v6(&cidr) || header->ifa_scope != RT_SCOPE_LINK)
		cidr_list_add(&addresses->list, cidr);
	return 0;
}

static int list_addresses(struct netlink *nl, const char *name, uint8_t family,
			  struct addresses *addresses, struct err *err)
{
	const struct ifaddrmsg header = {
		.ifa_family = family,
		.ifa_index = (uint32_t)addresses->ifindex,
	};

	return netlink_query(nl, message_new(RTM_GETADDR, NLM_F_DUMP, &header, sizeof(header)),
			     on_address, addresses, err, "list the addresses of the link '%s'",
			     name);
}

static bool same(const struct cidr *a, const struct cidr *b)
{
	return cidr_same_address(a, b) && a->len == b->len;
}

int link_set_address(struct netlink *nl, struct netlink_batch *batch, int ifindex, const char *name,
		     const struct cidr *address, struct err *err)
{
	CLEANUP(addresses_release) struct addresses addresses = {.ifindex = ifindex};
	int r;

	if (!address->len)
		return 0;
	link_add_address(batch, ifindex, name, address);
	r = list_addresses(nl, name, cidr_family(address), &addresses, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < addresses.list.n; i++) {
		const struct cidr *other = &addresses.list.items[i];

		if (same(other, address))
			continue;
		netlink_batch_add(batch, address_message(RTM_DELADDR, 0, ifindex, other),
				  EADDRNOTAVAIL, "remove an address from the link '%s'", name);
	}
	return 0;
}

bool link_has_address(struct netlink *nl, int ifindex, const char *name, const struct cidr *address)
{
	CLEANUP(addresses_release) struct addresses addresses = {.ifindex = ifindex};

	if (list_addresses(nl, name, cidr_family(address), &addresses, NULL) < 0)
		return false;
	for (size_t i = 0; i < addresses.list.n; i++)
		if (same(&addresses.list.items[i], address))
			return true;
	return false;
}

int link_address(struct netlink *nl, int ifindex, const char *name, struct cidr *ret_address,
		 struct err *err)
{
	CLEANUP(addresses_release) struct addresses addresses = {.ifindex = ifindex};
	int r;

	r = list_addresses(nl, name, AF_INET, &addresses, err);
	if (r < 0)
		return r;
	if (addresses.list.n == 0)
		return err_set(err, EADDRNOTAVAIL, "the link '%s' has no address", name);
	*ret_address = addresses.list.items[0];
	return 0;
}

int err_foreign_link(struct err *err, const char *name)
{
	return err_set(err, EEXIST,
		       "there is a network link '%s' that is not this project's; remove it with "
		       "`ip link del %s` if nothing needs it",
		       name, name);
}

int link_remove(struct netlink *nl, const char *name, uint32_t group, struct err *err)
{
	struct err failure = ERR_INIT;
	struct link_info info;
	int r;

	r = link_query(nl, name, &info, &failure);
	if (r == -ENODEV)
		return 0;
	if (r < 0)
		return err_set(err, failure.code, "%s", failure.msg);
	if (info.group != group)
		return err_foreign_link(err, name);
	return netlink_call(nl, link_message(RTM_DELLINK, 0, info.ifindex, NULL, false), ENODEV,
			    err, "remove the link '%s'", name);
}
