// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/monitor.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "net/message.h"
#include "net/netlink.h"

#include <errno.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Enough for the messages of a thousand links. */
#define RECEIVE_BUFFER (1 << 20)

struct monitor {
	int fd;
};

static int open_socket(struct monitor *monitor, struct err *err)
{
	const struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE |
			     RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE | RTMGRP_TC,
	};
	const int one = 1, size = RECEIVE_BUFFER;

	monitor->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (monitor->fd < 0)
		return err_sys(err, errno, "open a netlink socket");
	/* Less room is more often MONITOR_LOST, nothing worse. */
	(void)setsockopt(monitor->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (setsockopt(monitor->fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &one, sizeof(one)) < 0 ||
	    bind(monitor->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(err, errno, "listen to changes of the network");
	return 0;
}

int monitor_open(struct monitor **ret_monitor, struct err *err)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));
	int r;

	if (!monitor)
		return err_nomem(err);
	r = open_socket(monitor, err);
	if (r < 0)
		monitor_free(monitor);
	else
		*ret_monitor = monitor;
	return r;
}

int monitor_fd(const struct monitor *monitor)
{
	return monitor->fd;
}

void monitor_free(struct monitor *monitor)
{
	if (!monitor)
		return;
	if (monitor->fd >= 0)
		close(monitor->fd);
	free(monitor);
}

/* A new link changes all of its flags; one that somebody set down only some. */
static bool was_set_down(const struct ifinfomsg *link)
{
	return !(link->ifi_flags & IFF_UP) && link->ifi_change != UINT32_MAX &&
	       (link->ifi_change & IFF_UP);
}

/* False: nothing that we want to know. */
static bool parse_link(const struct nlmsghdr *message, struct monitor_event *ret)
{
	const struct ifinfomsg *link = nlmsg_data(message);
	struct nlattr *name =
		nlmsg_find_attr((struct nlmsghdr *)message, sizeof(*link), IFLA_IFNAME);

	ret->ifindex = link->ifi_index;
	if (name)
		snprintf(ret->name, sizeof(ret->name), "%.*s", nla_len(name),
			 (const char *)nla_data(name));
	if (message->nlmsg_type == RTM_DELLINK)
		ret->what = link->ifi_family == AF_BRIDGE ? MONITOR_UNPLUGGED : MONITOR_LINK_GONE;
	else if (was_set_down(link))
		ret->what = MONITOR_LINK_DOWN;
	else
		return false;
	return true;
}

static bool parse_address(const struct nlmsghdr *message, struct monitor_event *ret)
{
	const struct ifaddrmsg *address = nlmsg_data(message);

	ret->what = MONITOR_ADDRESS_GONE;
	ret->ifindex = (int)address->ifa_index;
	return true;
}

static bool parse_route(const struct nlmsghdr *message, struct monitor_event *ret)
{
	const struct rtmsg *route = nlmsg_data(message);
	struct nlattr *out = nlmsg_find_attr((struct nlmsghdr *)message, sizeof(*route), RTA_OIF);

	if (route->rtm_table != RT_TABLE_MAIN)
		return false;
	ret->what = MONITOR_ROUTE_GONE;
	ret->ifindex = out ? (int)nla_get_u32(out) : 0;
	return true;
}

/* What a container does to the queues in its own namespace is no matter. */
static bool parse_queue(const struct nlmsghdr *message, struct monitor_event *ret)
{
	const struct tcmsg *queue = nlmsg_data(message);

	if (ret->nsid != MONITOR_HERE)
		return false;
	ret->what = MONITOR_QUEUE_CHANGED;
	ret->ifindex = queue->tcm_ifindex;
	return if_indextoname((unsigned int)queue->tcm_ifindex, ret->name) != NULL;
}

static bool parse(const struct nlmsghdr *message, struct monitor_event *ret)
{
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return nlmsg_valid_hdr(message, sizeof(struct ifinfomsg)) &&
		       parse_link(message, ret);
	case RTM_DELADDR:
		return nlmsg_valid_hdr(message, sizeof(struct ifaddrmsg)) &&
		       parse_address(message, ret);
	case RTM_DELROUTE:
		return nlmsg_valid_hdr(message, sizeof(struct rtmsg)) && parse_route(message, ret);
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
	case RTM_DELTFILTER:
		return nlmsg_valid_hdr(message, sizeof(struct tcmsg)) && parse_queue(message, ret);
	default:
		return false;
	}
}

static int nsid_of(struct msghdr *header)
{
	int nsid = MONITOR_HERE;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c))
		if (c->cmsg_level == SOL_NETLINK && c->cmsg_type == NETLINK_LISTEN_ALL_NSID)
			memcpy(&nsid, CMSG_DATA(c), sizeof(nsid));
	return nsid;
}

void monitor_read(struct monitor *monitor,
		  void (*on_event)(void *data, const struct monitor_event *event), void *data)
{
	_Alignas(struct nlmsghdr) char bytes[16384];

	for (;;) {
		_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
		struct iovec iov = {bytes, sizeof(bytes)};
		struct msghdr header = {.msg_iov = &iov,
					.msg_iovlen = 1,
					.msg_control = control,
					.msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(monitor->fd, &header, 0);
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if ((n < 0 && errno == ENOBUFS) || (n >= 0 && header.msg_flags & MSG_TRUNC))
			on_event(data, &(struct monitor_event){.what = MONITOR_LOST,
							       .nsid = MONITOR_HERE});
		else if (n <= 0)
			return;
		for (struct nlmsghdr *m = (struct nlmsghdr *)bytes; n > 0 && nlmsg_ok(m, left);
		     m = nlmsg_next(m, &left)) {
			struct monitor_event event = {.nsid = nsid_of(&header)};

			if (parse(m, &event))
				on_event(data, &event);
		}
	}
}

static int on_nsid(const struct nlmsghdr *reply, void *data)
{
	struct nlattr *id =
		nlmsg_find_attr((struct nlmsghdr *)reply, sizeof(struct rtgenmsg), NETNSA_NSID);

	if (id)
		*(int *)data = (int)nla_get_u32(id);
	return 0;
}

int monitor_nsid(struct netlink *nl, int netns_fd)
{
	const struct rtgenmsg header = {.rtgen_family = AF_UNSPEC};
	struct nl_msg *msg = message_new(RTM_GETNSID, 0, &header, sizeof(header));
	int nsid = NETNSA_NSID_NOT_ASSIGNED;

	message_put_u32(msg, NETNSA_FD, (uint32_t)netns_fd);
	if (netlink_query(nl, msg, on_nsid, &nsid, NULL, "ask for a namespace") < 0)
		return NETNSA_NSID_NOT_ASSIGNED;
	return nsid;
}
