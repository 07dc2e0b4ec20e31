// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_TESTS_NETLAB_H
#define STACK_TESTS_NETLAB_H

#include "core/base/err.h"
#include "net/endpoint.h"
#include "net/firewall.h"
#include "net/netns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <cmocka.h>

/*
 * A laboratory for network tests: a host, another host, and two projects
 *
 * The test is a host of its own: it has its own network namespace, and its own
 * /run for the names of namespaces and the lock, so nothing of the machine is
 * touched.  "Another host" is a namespace joined by a veth pair, with a route
 * to the containers' subnets.  Everything needs root.
 */
#define SHOP  "aaaa1111" /* the projects' ids */
#define BLOG  "bbbb2222"
#define HOST  "198.51.100.1"
#define OTHER "198.51.100.2"

/* Project "shop": web and db on one network, vault on an internal one.  Project "blog": one. */
struct lab {
	struct netlink *nl;
	const struct firewall_backend *firewall; /* as STACK_FIREWALL says */
	int host, other;			 /* network namespaces */
	int web, db, vault, blog;		 /* of the containers */
	char shop_bridge[IFNAMSIZ], vault_bridge[IFNAMSIZ], blog_bridge[IFNAMSIZ];
	pid_t servers[8];
	size_t n_servers;
	struct firewall_network shop_nets[2], blog_nets[1];
	struct firewall_port shop_ports[4];
	struct firewall_rules shop_rules, blog_rules;
};

extern struct lab lab;

/* Group fixtures: the hosts with the projects, and the end of all. */
int lab_setup(void **state);
int lab_teardown(void **state);

/* The projects alone, with all their kernel objects. */
void lab_add_projects(void);
void lab_remove_projects(void);

int lab_add_bridge(const char *id, const char *network, const char *gateway);

/* One container with a namespace of its own, whose descriptor is returned; GATEWAY may be NULL. */
int lab_add_container(const char *id, const char *name, const char *network, int bridge,
		      const char *address, const char *gateway);
void lab_remove_project(const char *id);

void run(const char *command);
char *output(const char *command); /* what it prints, to be freed */
struct cidr ip(const char *text);
struct cidr prefix(const char *text);

/* A server that answers "<name> <the client's address>". */
pid_t start_server(int netns_fd, const char *name, int type, uint16_t port);
void stop_server(pid_t pid);

/* A client: connects, or sends, and keeps what comes back; "" when nothing does. */
struct client {
	int type;
	const char *to;
	uint16_t port, from_port;
	char reply[128];
};

#define NOTHING ""

/* For netns_call(). */
int client_ask(void *client, struct err *err);

#define assert_ok(call)                                                                            \
	do {                                                                                       \
		struct err err = ERR_INIT;                                                         \
		int r_ = (call);                                                                   \
		if (r_ < 0)                                                                        \
			fail_msg("%s: %d %s", #call, r_, err.msg);                                 \
	} while (0)

#define assert_reply(fd, socket_type, address, number, expected)                                   \
	do {                                                                                       \
		struct client c_ = {.type = (socket_type), .to = (address), .port = (number)};     \
		assert_ok(netns_call((fd), client_ask, &c_, &err));                                \
		if (strcmp(c_.reply, (expected)) != 0)                                             \
			fail_msg("%s:%d answered '%s', not '%s'", c_.to, c_.port, c_.reply,        \
				 (expected));                                                      \
	} while (0)

#define assert_tcp(fd, address, number, expected)                                                  \
	assert_reply(fd, SOCK_STREAM, address, number, expected)
#endif
