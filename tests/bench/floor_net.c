// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/floor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#define BRIDGE	  "floor0"
#define NETNS_DIR "/run/netns"

/* Several netlink messages, sent at once; the last one asks for the answer. */
struct batch {
	char data[4096];
	size_t len;
	struct nlmsghdr *head;
};

static int host_netns = -1, host_socket = -1;

static int open_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		die("netlink socket");
	return fd;
}

static void add_message(struct batch *batch, int type, int flags, const void *body, size_t size)
{
	batch->head = (struct nlmsghdr *)(batch->data + batch->len);
	*batch->head = (struct nlmsghdr){.nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
					 .nlmsg_type = (uint16_t)type,
					 .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags)};
	memcpy(NLMSG_DATA(batch->head), body, size);
	batch->len += NLMSG_ALIGN(batch->head->nlmsg_len);
}

static struct rtattr *add_attr(struct batch *batch, int type, const void *data, size_t size)
{
	struct rtattr *attr = (struct rtattr *)(batch->data + batch->len);

	*attr = (struct rtattr){.rta_type = (uint16_t)type, .rta_len = (uint16_t)RTA_LENGTH(size)};
	if (size)
		memcpy(RTA_DATA(attr), data, size);
	batch->len += RTA_ALIGN(attr->rta_len);
	batch->head->nlmsg_len = (uint32_t)(batch->data + batch->len - (char *)batch->head);
	return attr;
}

static void end_nest(struct batch *batch, struct rtattr *nest)
{
	nest->rta_len = (uint16_t)(batch->data + batch->len - (char *)nest);
}

/* Send, and wait for the answer to the last message: the kernel works through them in order. */
static void send_batch(int fd, struct batch *batch)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char rest[1024];
	} answer;

	batch->head->nlmsg_flags |= NLM_F_ACK;
	if (send(fd, batch->data, batch->len, 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		die("netlink");
	if (answer.error.error) {
		fprintf(stderr, "netlink: %s\n", strerror(-answer.error.error));
		die("netlink request");
	}
}

static void add_link_up(struct batch *batch, int index)
{
	struct ifinfomsg link = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};

	add_message(batch, RTM_NEWLINK, 0, &link, sizeof(link));
}

static void add_address(struct batch *batch, int index, uint32_t address)
{
	struct ifaddrmsg msg = {
		.ifa_family = AF_INET, .ifa_prefixlen = 16, .ifa_index = (unsigned)index};

	add_message(batch, RTM_NEWADDR, NLM_F_CREATE, &msg, sizeof(msg));
	add_attr(batch, IFA_LOCAL, &address, sizeof(address));
	add_attr(batch, IFA_ADDRESS, &address, sizeof(address));
}

int net_bridge(void)
{
	struct batch batch = {.len = 0};
	struct ifinfomsg link = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct rtattr *info;
	int index;

	host_netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	host_socket = open_socket();
	add_message(&batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof(link));
	add_attr(&batch, IFLA_IFNAME, BRIDGE, sizeof(BRIDGE));
	info = add_attr(&batch, IFLA_LINKINFO, NULL, 0);
	add_attr(&batch, IFLA_INFO_KIND, "bridge", 6);
	end_nest(&batch, info);
	send_batch(host_socket, &batch);

	index = (int)if_nametoindex(BRIDGE);
	batch.len = 0;
	add_address(&batch, index, htonl(0x0a630001));
	send_batch(host_socket, &batch);
	return index;
}

/* Both ends in one message: ours in the bridge and up, the peer named and placed. */
static void make_veth(int bridge, int netns, int i)
{
	struct batch batch = {.len = 0};
	struct ifinfomsg link = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct ifinfomsg peer = {.ifi_index = 2}; /* no IFF_UP before it has its other end */
	struct rtattr *info, *data, *end;
	char name[IFNAMSIZ];

	snprintf(name, sizeof(name), "floor-%d", i);
	add_message(&batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof(link));
	add_attr(&batch, IFLA_IFNAME, name, strlen(name) + 1);
	add_attr(&batch, IFLA_MASTER, &bridge, sizeof(bridge));
	info = add_attr(&batch, IFLA_LINKINFO, NULL, 0);
	add_attr(&batch, IFLA_INFO_KIND, "veth", 4);
	data = add_attr(&batch, IFLA_INFO_DATA, NULL, 0);
	end = add_attr(&batch, VETH_INFO_PEER, &peer, sizeof(peer));
	add_attr(&batch, IFLA_IFNAME, "eth0", 5);
	add_attr(&batch, IFLA_NET_NS_FD, &netns, sizeof(netns));
	end_nest(&batch, end);
	end_nest(&batch, data);
	end_nest(&batch, info);
	send_batch(host_socket, &batch);
}

static void configure_inside(int fd, int i)
{
	struct batch batch = {.len = 0};
	struct rtmsg route = {.rtm_family = AF_INET,
			      .rtm_table = RT_TABLE_MAIN,
			      .rtm_protocol = RTPROT_STATIC,
			      .rtm_type = RTN_UNICAST};
	uint32_t gateway = htonl(0x0a630001);

	add_link_up(&batch, 1);
	add_address(&batch, 2, htonl(0x0a630002 + (uint32_t)i));
	add_link_up(&batch, 2);
	add_message(&batch, RTM_NEWROUTE, NLM_F_CREATE, &route, sizeof(route));
	add_attr(&batch, RTA_GATEWAY, &gateway, sizeof(gateway));
	send_batch(fd, &batch);
}

int net_container(int bridge, int i)
{
	char path[64];
	int netns, fd, inside;

	if (unshare(CLONE_NEWNET) < 0)
		die("unshare");
	snprintf(path, sizeof(path), NETNS_DIR "/floor-%d", i);
	fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0444);
	close(fd);
	if (mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL) < 0)
		die(path);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	inside = open_socket();
	if (setns(host_netns, CLONE_NEWNET) < 0)
		die("setns");
	make_veth(bridge, netns, i);
	configure_inside(inside, i);
	close(inside);
	return netns;
}

void net_remove(int bridge, int n)
{
	struct batch batch = {.len = 0};
	struct ifinfomsg link = {.ifi_index = bridge};
	char path[64];

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), NETNS_DIR "/floor-%d", i);
		umount2(path, MNT_DETACH);
		unlink(path);
	}
	add_message(&batch, RTM_DELLINK, 0, &link, sizeof(link));
	send_batch(host_socket, &batch);
	/* The links go when the kernel has taken the namespaces apart: part of the price. */
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "floor-%d", i);
		while (if_nametoindex(path))
			usleep(500);
	}
}
