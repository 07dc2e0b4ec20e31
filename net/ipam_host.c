// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/base/paths.h"
#include "net/ipam.h"
#include "net/lock.h"
#include "net/message.h"
#include "net/netlink.h"

#include <limits.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* Put the address in the first attribute of TYPE into RET, whose family is set. */
static bool get_addr(const struct nlmsghdr *message, int header, int type, struct cidr *ret)
{
	struct nlattr *attr = nlmsg_find_attr((struct nlmsghdr *)message, header, type);

	if (!attr || nla_len(attr) < (int)cidr_bytes(ret))
		return false;
	memcpy(&ret->addr6, nla_data(attr), cidr_bytes(ret));
	return true;
}

static int on_address(const struct nlmsghdr *message, void *data)
{
	const struct ifaddrmsg *header = nlmsg_data(message);
	struct cidr cidr = {.family = header->ifa_family, .len = header->ifa_prefixlen};

	if (message->nlmsg_type == RTM_NEWADDR &&
	    get_addr(message, sizeof(*header), IFA_ADDRESS, &cidr))
		cidr_list_add(data, cidr_subnet(&cidr));
	return 0;
}

static int on_route(const struct nlmsghdr *message, void *data)
{
	const struct rtmsg *header = nlmsg_data(message);
	struct cidr cidr = {.family = header->rtm_family, .len = header->rtm_dst_len};

	/* A default route leads everywhere and takes nothing. */
	if (message->nlmsg_type == RTM_NEWROUTE && header->rtm_dst_len > 0 &&
	    get_addr(message, sizeof(*header), RTA_DST, &cidr))
		cidr_list_add(data, cidr_subnet(&cidr));
	return 0;
}

static int list_taken(struct netlink *nl, uint8_t family, struct cidr_list *taken, struct err *err)
{
	const struct ifaddrmsg address = {.ifa_family = family};
	const struct rtmsg route = {.rtm_family = family, .rtm_table = RT_TABLE_UNSPEC};
	int r;

	r = netlink_query(nl, message_new(RTM_GETADDR, NLM_F_DUMP, &address, sizeof(address)),
			  on_address, taken, err, "list the host's addresses");
	if (r == 0)
		r = netlink_query(nl, message_new(RTM_GETROUTE, NLM_F_DUMP, &route, sizeof(route)),
				  on_route, taken, err, "list the host's routes");
	return r;
}

int ipam_taken(struct netlink *nl, struct cidr_list *ret_taken, struct err *err)
{
	CLEANUP(cidr_list_release) struct cidr_list taken = CIDR_LIST_INIT;
	int r;

	r = list_taken(nl, AF_INET, &taken, err);
	/* A kernel without IPv6 answers with what it has of other families. */
	if (r == 0)
		r = list_taken(nl, AF_INET6, &taken, err);
	if (r < 0)
		return r;
	*ret_taken = taken;
	taken = (struct cidr_list)CIDR_LIST_INIT;
	return 0;
}

struct neighbours {
	int ifindex;
	struct cidr_list *list;
};

static int on_neighbour(const struct nlmsghdr *message, void *data)
{
	const struct ndmsg *header = nlmsg_data(message);
	const struct neighbours *neighbours = data;
	struct cidr cidr = {.family = AF_INET, .len = 32};

	/* One that did not answer is nobody's. */
	if (message->nlmsg_type == RTM_NEWNEIGH && header->ndm_ifindex == neighbours->ifindex &&
	    !(header->ndm_state & (NUD_FAILED | NUD_INCOMPLETE)) &&
	    get_addr(message, sizeof(*header), NDA_DST, &cidr))
		cidr_list_add(neighbours->list, cidr);
	return 0;
}

static int on_own_address(const struct nlmsghdr *message, void *data)
{
	const struct ifaddrmsg *header = nlmsg_data(message);
	const struct neighbours *neighbours = data;
	struct cidr cidr = {.family = AF_INET, .len = 32};

	if (message->nlmsg_type == RTM_NEWADDR && header->ifa_family == AF_INET &&
	    header->ifa_index == (uint32_t)neighbours->ifindex &&
	    get_addr(message, sizeof(*header), IFA_LOCAL, &cidr))
		cidr_list_add(neighbours->list, cidr);
	return 0;
}

int ipam_neighbours(struct netlink *nl, int ifindex, struct cidr_list *list, struct err *err)
{
	const struct ndmsg neighbour = {.ndm_family = AF_INET, .ndm_ifindex = ifindex};
	const struct ifaddrmsg address = {.ifa_family = AF_INET};
	struct neighbours neighbours = {ifindex, list};
	int r;

	r = netlink_query(nl, message_new(RTM_GETNEIGH, NLM_F_DUMP, &neighbour, sizeof(neighbour)),
			  on_neighbour, &neighbours, err, "list the host's neighbours");
	return r < 0 ? r
		     : netlink_query(
			       nl, message_new(RTM_GETADDR, NLM_F_DUMP, &address, sizeof(address)),
			       on_own_address, &neighbours, err, "list the host's addresses");
}

int ipam_lock(const struct paths *paths, int *ret_fd, struct err *err)
{
	int r = fd_mkdir_p(paths->run, 0700, err);

	return r < 0 ? r : lock_directory(paths->run, IPAM_LOCK_MS, ret_fd, err);
}
