// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_MONITOR_H
#define STACK_NET_MONITOR_H

#include <net/if.h>
#include <stdbool.h>

struct err;
struct netlink;

/*
 * Monitor: what becomes less of our networks
 *
 * One socket that hears of links, addresses and routes that go, in the network
 * namespace it was opened in and in all those that this one has a veth pair to
 * (NETLINK_LISTEN_ALL_NSID): a container's namespace needs no socket of its own.
 * What comes into being is not reported, so that making containers is silent;
 * only of queues, which are changed in place, all is told.
 * Source: netlink(7), rtnetlink(7).
 */
struct monitor;

enum monitor_what {
	MONITOR_LINK_GONE,
	MONITOR_LINK_DOWN,
	MONITOR_UNPLUGGED, /* it is in no bridge any more */
	MONITOR_ADDRESS_GONE,
	MONITOR_ROUTE_GONE,
	MONITOR_QUEUE_CHANGED, /* of a link here: its bandwidth, perhaps */
	MONITOR_LOST,	       /* more happened than could be told: anything may be different */
};

#define MONITOR_HERE (-1)

struct monitor_event {
	enum monitor_what what;
	int nsid;	     /* whose namespace: MONITOR_HERE, or monitor_nsid() */
	int ifindex;	     /* 0: not known */
	char name[IFNAMSIZ]; /* of links only; "" else */
};

int monitor_open(struct monitor **ret_monitor, struct err *err);

/* Readable: call monitor_read().  The descriptor stays the monitor's. */
int monitor_fd(const struct monitor *monitor);

/* Tell ON_EVENT all that has come. */
void monitor_read(struct monitor *monitor,
		  void (*on_event)(void *data, const struct monitor_event *event), void *data);

/* NULL is fine. */
void monitor_free(struct monitor *monitor);

/*
 * The number that the namespace of NL has for the one of NETNS_FD, as in the
 * events; negative when it has none.
 */
int monitor_nsid(struct netlink *nl, int netns_fd);

#endif
