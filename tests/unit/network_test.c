// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The network of containers against the real kernel: who reaches whom.
 *
 * The test is a host of its own: it has its own network namespace, and its own
 * /run for the names of namespaces and the lock, so nothing of the machine is
 * touched.  "Another host" is a namespace joined by a veth pair.  Without root
 * there is nothing to test here.
 */
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/strbuf.h"
#include "net/bridge.h"
#include "net/conntrack.h"
#include "net/endpoint.h"
#include "net/firewall.h"
#include "net/netlink.h"
#include "net/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SHOP	   "aaaa1111" /* ids of two projects */
#define BLOG	   "bbbb2222"
#define HOST	   "198.51.100.1"
#define OTHER	   "198.51.100.2"
#define TIMEOUT_MS 400
#define MANY	   100

static struct netlink *nl;
static int other_fd = -1, host_fd = -1;

#define assert_ok(call)                                                                            \
	do {                                                                                       \
		struct err err = ERR_INIT;                                                         \
		int r_ = (call);                                                                   \
		if (r_ < 0)                                                                        \
			fail_msg("%s: %d %s", #call, r_, err.msg);                                 \
	} while (0)

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("'%s' failed", command);
}

/* What COMMAND prints, to be freed. */
static char *output(const char *command)
{
	struct strbuf out = STRBUF_INIT;
	FILE *pipe = popen(command, "re");
	char line[512];

	assert_non_null(pipe);
	while (fgets(line, sizeof(line), pipe))
		strbuf_puts(&out, line);
	assert_int_equal(pclose(pipe), 0);
	return strbuf_take(&out);
}

static struct in_addr ip(const char *text)
{
	struct in_addr addr;

	assert_int_equal(inet_pton(AF_INET, text, &addr), 1);
	return addr;
}

static struct cidr prefix(const char *text)
{
	struct cidr cidr;

	assert_int_equal(cidr_parse(text, &cidr, NULL), 0);
	return cidr;
}

/* A server that tells every client its own name and the client's address. */
struct server {
	const char *name;
	int type;
	uint16_t port;
	int fd;
};

static int open_server(void *data, struct err *err)
{
	struct server *server = data;
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(server->port)};
	int one = 1;

	server->fd = socket(AF_INET, server->type | SOCK_CLOEXEC, 0);
	setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(server->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    (server->type == SOCK_STREAM && listen(server->fd, 64) < 0))
		return err_sys(err, errno, "serve");
	return 0;
}

static void answer(const struct server *server, int fd, const struct sockaddr_in *peer)
{
	char text[128], address[INET_ADDRSTRLEN];
	int len;

	inet_ntop(AF_INET, &peer->sin_addr, address, sizeof(address));
	len = snprintf(text, sizeof(text), "%s %s", server->name, address);
	sendto(fd, text, (size_t)len, MSG_NOSIGNAL,
	       server->type == SOCK_DGRAM ? (const struct sockaddr *)peer : NULL,
	       server->type == SOCK_DGRAM ? sizeof(*peer) : 0);
}

static void serve(const struct server *server)
{
	for (;;) {
		struct sockaddr_in peer;
		socklen_t len = sizeof(peer);
		char ignored[64];
		int fd;

		if (server->type == SOCK_DGRAM) {
			if (recvfrom(server->fd, ignored, sizeof(ignored), 0,
				     (struct sockaddr *)&peer, &len) >= 0)
				answer(server, server->fd, &peer);
			continue;
		}
		fd = accept4(server->fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		answer(server, fd, &peer);
		close(fd);
	}
}

static pid_t start_server(int netns_fd, const char *name, int type, uint16_t port)
{
	struct server server = {.name = name, .type = type, .port = port};
	pid_t pid;

	assert_ok(netns_call(netns_fd, open_server, &server, &err));
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(&server);
	}
	close(server.fd);
	return pid;
}

static void stop_server(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A client: connects, or sends, and returns what comes back; "" when nothing does. */
struct client {
	int type;
	const char *to;
	uint16_t port, from_port;
	char reply[128];
};

static int ask_here(void *data, struct err *err)
{
	struct client *client = data;
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(client->port)};
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(client->from_port)};
	struct timeval timeout = {.tv_usec = TIMEOUT_MS * 1000L};
	CLEANUP_FD int fd = socket(AF_INET, client->type | SOCK_CLOEXEC, 0);
	ssize_t n;

	addr.sin_addr = ip(client->to);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	client->reply[0] = '\0';
	if (client->from_port && bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0)
		return err_sys(err, errno, "bind");
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return 0;
	if (client->type == SOCK_DGRAM)
		send(fd, "?", 1, MSG_NOSIGNAL);
	n = recv(fd, client->reply, sizeof(client->reply) - 1, 0);
	client->reply[n > 0 ? n : 0] = '\0';
	return 0;
}

#define assert_reply(fd, socket_type, address, number, expected)                                   \
	do {                                                                                       \
		struct client c_ = {.type = (socket_type), .to = (address), .port = (number)};     \
		assert_ok(netns_call((fd), ask_here, &c_, &err));                                  \
		if (strcmp(c_.reply, (expected)) != 0)                                             \
			fail_msg("%s:%d answered '%s', not '%s'", c_.to, c_.port, c_.reply,        \
				 (expected));                                                      \
	} while (0)

#define assert_tcp(fd, address, number, expected)                                                  \
	assert_reply(fd, SOCK_STREAM, address, number, expected)
#define NOTHING ""

/* One container of a network, with a namespace of its own. */
static int add_container(const char *id, const char *name, const char *network, int bridge,
			 const char *address, const char *gateway)
{
	char netns[NETNS_NAME_MAX];
	struct endpoint endpoint = {
		.container = name,
		.network = network,
		.ifname = "eth0",
		.bridge_ifindex = bridge,
		.address = prefix(address),
		.gateway = gateway ? ip(gateway) : (struct in_addr){.s_addr = INADDR_ANY},
	};

	netns_name(id, name, netns);
	assert_ok(netns_create(netns, &endpoint.netns_fd, &err));
	assert_ok(endpoints_attach(nl, id, id, &endpoint, 1, &err));
	return endpoint.netns_fd;
}

static int add_bridge(const char *id, const char *network, const char *gateway)
{
	const struct bridge bridge = {
		.project = id,
		.project_id = id,
		.network = network,
		.gateway = prefix(gateway),
	};
	int ifindex = 0;

	assert_ok(bridge_ensure(nl, &bridge, &ifindex, &err));
	return ifindex;
}

static void remove_project(const char *id)
{
	const struct firewall_rules none = {.project = id};
	char start[64];
	char **names = NULL;
	size_t n = 0;

	snprintf(start, sizeof(start), "stack-%s-", id);
	assert_ok(firewall_sync(id, &none, &err));
	assert_ok(links_remove_group(nl, id, &err));
	assert_ok(netns_list(start, &names, &n, &err));
	for (size_t i = 0; i < n; i++)
		assert_ok(netns_remove(names[i], &err));
	netns_names_free(names);
}

/* Project "shop": web and db on one network, vault on an internal one.  Project "blog": one. */
struct world {
	int web, db, vault, blog;
	char shop_bridge[IFNAMSIZ], vault_bridge[IFNAMSIZ], blog_bridge[IFNAMSIZ];
	pid_t servers[8];
	size_t n;
	struct firewall_network shop_nets[2], blog_nets[1];
	struct firewall_port shop_ports[4];
	struct firewall_rules shop, blog_rules;
};

static struct world world;

static void serve_in(int fd, const char *name, int type, uint16_t port)
{
	world.servers[world.n++] = start_server(fd, name, type, port);
}

static void rules_of_world(void)
{
	world.shop_nets[0] = (struct firewall_network){.name = "shop_default",
						       .bridge = world.shop_bridge,
						       .subnet = prefix("10.201.1.0/24")};
	world.shop_nets[1] = (struct firewall_network){.name = "shop_vault",
						       .bridge = world.vault_bridge,
						       .subnet = prefix("10.201.2.0/24"),
						       .internal = true};
	world.blog_nets[0] = (struct firewall_network){.name = "blog_default",
						       .bridge = world.blog_bridge,
						       .subnet = prefix("10.201.3.0/24")};
	world.shop_ports[0] = (struct firewall_port){.service = "web",
						     .bridge = world.shop_bridge,
						     .protocol = IPPROTO_TCP,
						     .host_port = 8080,
						     .addr = ip("10.201.1.10"),
						     .port = 80,
						     .count = 1};
	world.shop_ports[1] = world.shop_ports[0];
	world.shop_ports[1].host_addr = ip("127.0.0.1");
	world.shop_ports[1].host_port = 8081;
	world.shop_ports[2] = world.shop_ports[0];
	world.shop_ports[2].protocol = IPPROTO_UDP;
	world.shop_ports[2].host_port = 5353;
	world.shop_ports[2].port = 53;
	world.shop_ports[3] = world.shop_ports[0];
	world.shop_ports[3].host_port = 9000;
	world.shop_ports[3].port = 7000;
	world.shop_ports[3].count = 3;
	world.shop = (struct firewall_rules){"shop", world.shop_nets, 2, world.shop_ports, 4};
	world.blog_rules = (struct firewall_rules){"blog", world.blog_nets, 1, NULL, 0};
}

static int make_world(void **state)
{
	int shop, vault, blog;

	shop = add_bridge(SHOP, "shop_default", "10.201.1.1/24");
	vault = add_bridge(SHOP, "shop_vault", "10.201.2.1/24");
	blog = add_bridge(BLOG, "blog_default", "10.201.3.1/24");
	bridge_name(SHOP, "shop_default", world.shop_bridge);
	bridge_name(SHOP, "shop_vault", world.vault_bridge);
	bridge_name(BLOG, "blog_default", world.blog_bridge);
	world.web = add_container(SHOP, "shop-web-1", "shop_default", shop, "10.201.1.10/24",
				  "10.201.1.1");
	world.db = add_container(SHOP, "shop-db-1", "shop_default", shop, "10.201.1.11/24",
				 "10.201.1.1");
	world.vault =
		add_container(SHOP, "shop-vault-1", "shop_vault", vault, "10.201.2.10/24", NULL);
	world.blog =
		add_container(BLOG, "blog-1", "blog_default", blog, "10.201.3.10/24", "10.201.3.1");
	rules_of_world();
	assert_ok(firewall_sync(SHOP, &world.shop, &err));
	assert_ok(firewall_sync(BLOG, &world.blog_rules, &err));
	serve_in(world.web, "web", SOCK_STREAM, 80);
	serve_in(world.web, "web7002", SOCK_STREAM, 7002);
	serve_in(world.web, "udp", SOCK_DGRAM, 53);
	serve_in(world.db, "db", SOCK_STREAM, 5432);
	serve_in(world.vault, "vault", SOCK_STREAM, 80);
	serve_in(world.blog, "blog", SOCK_STREAM, 80);
	return 0;
}

static int end_world(void **state)
{
	for (size_t i = 0; i < world.n; i++)
		stop_server(world.servers[i]);
	close(world.web);
	close(world.db);
	close(world.vault);
	close(world.blog);
	remove_project(SHOP);
	remove_project(BLOG);
	world = (struct world){.n = 0};
	return 0;
}

static void test_published_port_from_everywhere(void **state)
{
	assert_tcp(other_fd, HOST, 8080, "web " OTHER);
	assert_tcp(host_fd, HOST, 8080, "web 10.201.1.1");
	assert_tcp(host_fd, "127.0.0.1", 8080, "web 10.201.1.1");
	assert_tcp(host_fd, "10.201.1.1", 8080, "web 10.201.1.1");
	assert_tcp(world.web, HOST, 8080, "web 10.201.1.1");
	assert_tcp(world.web, "10.201.1.1", 8080, "web 10.201.1.1");
	assert_tcp(world.db, HOST, 8080, "web 10.201.1.1");
	assert_tcp(world.blog, HOST, 8080, "web 10.201.1.1");
	assert_reply(other_fd, SOCK_DGRAM, HOST, 5353, "udp " OTHER);
	assert_reply(host_fd, SOCK_DGRAM, "127.0.0.1", 5353, "udp 10.201.1.1");
}

static void test_range_is_shifted_port_by_port(void **state)
{
	assert_tcp(other_fd, HOST, 9002, "web7002 " OTHER);
	assert_tcp(host_fd, "127.0.0.1", 9002, "web7002 10.201.1.1");
	assert_tcp(other_fd, HOST, 9001, NOTHING);
}

static void test_loopback_port_is_for_this_host_only(void **state)
{
	assert_tcp(host_fd, "127.0.0.1", 8081, "web 10.201.1.1");
	assert_tcp(host_fd, HOST, 8081, NOTHING);
	assert_tcp(other_fd, HOST, 8081, NOTHING);
	assert_tcp(world.db, HOST, 8081, NOTHING);
}

static void test_containers_reach_each_other_and_out(void **state)
{
	pid_t outside = start_server(other_fd, "outside", SOCK_STREAM, 80);

	assert_tcp(world.db, "10.201.1.10", 80, "web 10.201.1.11");
	assert_tcp(world.web, "10.201.1.11", 5432, "db 10.201.1.10");
	assert_tcp(host_fd, "10.201.1.11", 5432, "db 10.201.1.1");
	assert_tcp(world.web, OTHER, 80, "outside " HOST);
	assert_tcp(world.blog, OTHER, 80, "outside " HOST);
	stop_server(outside);
}

static void test_transit_traffic_is_not_hijacked(void **state)
{
	pid_t outside = start_server(other_fd, "outside", SOCK_STREAM, 8080);

	/* The same port number, but not on this host. */
	assert_tcp(world.db, OTHER, 8080, "outside " HOST);
	stop_server(outside);
}

static void test_networks_are_closed_to_others(void **state)
{
	pid_t outside = start_server(other_fd, "outside", SOCK_STREAM, 80);

	assert_tcp(other_fd, "10.201.1.10", 80, NOTHING); /* has a route to it */
	assert_tcp(other_fd, "10.201.1.11", 5432, NOTHING);
	assert_tcp(world.blog, "10.201.1.10", 80, NOTHING);
	assert_tcp(world.web, "10.201.3.10", 80, NOTHING);
	assert_tcp(world.vault, "10.201.1.10", 80, NOTHING);
	assert_tcp(world.web, "10.201.2.10", 80, NOTHING);
	assert_tcp(world.vault, OTHER, 80, NOTHING);
	assert_tcp(host_fd, "10.201.2.10", 80, "vault 10.201.2.1");
	stop_server(outside);
}

/* An internal network without a route out can still be given one from inside. */
static void test_internal_network_is_closed_by_rules_too(void **state)
{
	pid_t outside = start_server(other_fd, "outside", SOCK_STREAM, 80);

	run("ip -n stack-" SHOP "-shop-vault-1 route add default via 10.201.2.1");
	assert_tcp(world.vault, OTHER, 80, NOTHING);
	assert_tcp(world.vault, "10.201.1.10", 80, NOTHING);
	stop_server(outside);
}

static void test_loopback_of_host_is_closed_to_containers(void **state)
{
	pid_t local = start_server(host_fd, "local", SOCK_STREAM, 6000);

	assert_tcp(host_fd, "127.0.0.1", 6000, "local 127.0.0.1");
	/* A container that may route as it likes sends 127.0.0.1 to the bridge. */
	run("ip netns exec stack-" SHOP "-shop-db-1 sh -c 'sysctl -qw "
	    "net.ipv4.conf.all.route_localnet=1; ip route del local 127.0.0.0/8 table local; "
	    "ip route del local 127.0.0.1 table local; ip route add 127.0.0.1 via 10.201.1.1'");
	assert_tcp(world.db, "127.0.0.1", 6000, NOTHING);
	stop_server(local);
}

static void test_second_sync_commits_nothing(void **state)
{
	bool intact = false;
	char *before, *after;

	/* A commit would carry the counters over, but from a moment ago; a chain of another
	 * program that loses its counters is how one sees it.  So look at the check itself. */
	assert_ok(firewall_check(SHOP, &world.shop, &intact, &err));
	assert_true(intact);
	before = output("iptables-legacy-save");
	assert_ok(firewall_sync(SHOP, &world.shop, &err));
	after = output("iptables-legacy-save");
	assert_non_null(strstr(before, "-A STACK-" SHOP));
	assert_null(strstr(after, "unsupported"));
	free(before);
	free(after);
}

static void test_damage_is_seen_and_healed(void **state)
{
	static const char *const damages[] = {
		"iptables-legacy -t nat -F STACK-" SHOP,
		"iptables-legacy -t nat -D STACK-" SHOP " 2",
		"iptables-legacy -t nat -F PREROUTING",
		"iptables-legacy -F",
		"iptables-legacy -I STACK-" SHOP " -j DROP",
		"iptables-legacy -A FORWARD -j STACK",
		"iptables-legacy -t raw -F; iptables-legacy -t raw -X",
		"iptables-legacy -F; iptables-legacy -X; iptables-legacy -t nat -F; "
		"iptables-legacy -t nat -X",
	};
	char *good =
		output("iptables-legacy -S; iptables-legacy -t nat -S; iptables-legacy -t raw -S");

	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		bool intact = true;

		run(damages[i]);
		assert_ok(firewall_check(SHOP, &world.shop, &intact, &err));
		if (intact)
			fail_msg("not noticed: %s", damages[i]);
		assert_ok(firewall_sync(SHOP, &world.shop, &err));
		assert_ok(firewall_sync(BLOG, &world.blog_rules, &err));
		assert_ok(firewall_check(SHOP, &world.shop, &intact, &err));
		assert_true(intact);
		assert_tcp(other_fd, HOST, 8080, "web " OTHER);
		assert_tcp(world.blog, "10.201.1.10", 80, NOTHING);
	}
	free(good);
}

static void test_policy_drop_and_docker_user(void **state)
{
	pid_t outside = start_server(other_fd, "outside", SOCK_STREAM, 80);
	char *rules;

	remove_project(BLOG);
	assert_ok(firewall_sync(SHOP, &(struct firewall_rules){.project = "shop"}, &err));
	run("iptables-legacy -P FORWARD DROP; iptables-legacy -N DOCKER-USER; "
	    "iptables-legacy -A DOCKER-USER -j RETURN; iptables-legacy -A FORWARD -j DOCKER-USER; "
	    "iptables-legacy -A FORWARD -i docker0 -j ACCEPT");
	assert_ok(firewall_sync(SHOP, &world.shop, &err));
	rules = output("iptables-legacy -S FORWARD");
	assert_string_equal(rules, "-P FORWARD DROP\n"
				   "-A FORWARD -j DOCKER-USER\n"
				   "-A FORWARD -m comment --comment stack -j STACK-USER\n"
				   "-A FORWARD -m comment --comment stack -j STACK\n"
				   "-A FORWARD -i docker0 -j ACCEPT\n");
	free(rules);
	assert_tcp(other_fd, HOST, 8080, "web " OTHER);
	assert_tcp(world.web, OTHER, 80, "outside " HOST);
	assert_tcp(world.web, HOST, 8080, "web 10.201.1.1");
	assert_tcp(world.db, "10.201.1.10", 80, "web 10.201.1.11");
	/* The administrator's chain decides first, and stays. */
	run("iptables-legacy -A STACK-USER -s " OTHER " -j DROP");
	assert_tcp(other_fd, HOST, 8080, NOTHING);
	assert_ok(firewall_sync(SHOP, &(struct firewall_rules){.project = "shop"}, &err));
	rules = output("iptables-legacy -S");
	assert_non_null(strstr(rules, "-A STACK-USER -s " OTHER "/32 -j DROP"));
	assert_null(strstr(rules, SHOP));
	free(rules);
	run("iptables-legacy -F; iptables-legacy -X; iptables-legacy -P FORWARD ACCEPT");
	stop_server(outside);
}

static const char all_rules[] = "for t in raw filter nat; do iptables-legacy -t $t -S; done";

static void test_foreign_rules_stay_byte_by_byte(void **state)
{
	char *before, *after;

	end_world(state);
	run("iptables-legacy -t nat -A PREROUTING -p tcp --dport 99 -j REDIRECT --to-ports 100; "
	    "iptables-legacy -N MINE; iptables-legacy -A MINE -m limit --limit 5/min -j LOG; "
	    "iptables-legacy -A FORWARD -i nowhere+ -j MINE; "
	    "iptables-legacy -t raw -A PREROUTING -p udp -j CT --notrack -s 192.0.2.0/24");
	before = output(all_rules);
	make_world(state);
	assert_tcp(other_fd, HOST, 8080, "web " OTHER);
	end_world(state);
	after = output(all_rules);
	assert_string_equal(before, after);
	free(before);
	free(after);
	run("iptables-legacy -t nat -F; iptables-legacy -F; iptables-legacy -X; "
	    "iptables-legacy -t raw -F");
	make_world(state);
}

static void test_udp_client_follows_the_port(void **state)
{
	struct client client = {.type = SOCK_DGRAM, .to = HOST, .port = 5353, .from_port = 40000};
	const struct conntrack_match moved = {.protocol = IPPROTO_UDP, .host_port = 5353};
	pid_t second = start_server(world.db, "second", SOCK_DGRAM, 53);
	size_t deleted = 0;

	assert_ok(conntrack_flush(&moved, 1, NULL, &err)); /* of earlier tests */
	assert_ok(netns_call(other_fd, ask_here, &client, &err));
	assert_string_equal(client.reply, "udp " OTHER);
	world.shop_ports[2].addr = ip("10.201.1.11");
	assert_ok(firewall_sync(SHOP, &world.shop, &err));
	/* Without the flush the flow keeps its old translation. */
	assert_ok(netns_call(other_fd, ask_here, &client, &err));
	assert_string_equal(client.reply, "udp " OTHER);
	assert_ok(conntrack_flush(&moved, 1, &deleted, &err));
	assert_int_equal(deleted, 1);
	assert_ok(netns_call(other_fd, ask_here, &client, &err));
	assert_string_equal(client.reply, "second " OTHER);
	stop_server(second);
}

static void test_second_attach_changes_nothing_and_repairs(void **state)
{
	int bridge = add_bridge(SHOP, "shop_default", "10.201.1.1/24");
	char *before, *after;
	char name[IFNAMSIZ], command[256];

	before = output("ip -br link; ip -br addr; ip -n stack-" SHOP "-shop-web-1 -br addr");
	close(add_container(SHOP, "shop-web-1", "shop_default", bridge, "10.201.1.10/24",
			    "10.201.1.1"));
	after = output("ip -br link; ip -br addr; ip -n stack-" SHOP "-shop-web-1 -br addr");
	assert_string_equal(before, after);
	free(after);

	endpoint_name(SHOP, "shop-web-1", "shop_default", name);
	snprintf(command, sizeof(command),
		 "ip link set %s nomaster down; ip addr flush dev %s; ip link set %s down; "
		 "ip -n stack-%s-shop-web-1 addr flush dev eth0; "
		 "ip -n stack-%s-shop-web-1 addr add 10.9.9.9/24 dev eth0",
		 name, world.shop_bridge, world.shop_bridge, SHOP, SHOP);
	run(command);
	assert_tcp(other_fd, HOST, 8080, NOTHING);
	add_bridge(SHOP, "shop_default", "10.201.1.1/24");
	close(add_container(SHOP, "shop-web-1", "shop_default", bridge, "10.201.1.10/24",
			    "10.201.1.1"));
	after = output("ip -br addr show up; ip -n stack-" SHOP "-shop-web-1 -br addr");
	assert_null(strstr(after, "10.9.9.9"));
	assert_tcp(other_fd, HOST, 8080, "web " OTHER);
	free(before);
	free(after);
}

static void test_foreign_bridge_is_left_alone(void **state)
{
	const struct bridge bridge = {"p", "cccc3333", "n", {.addr = {0x0107c90a}, .len = 24}};
	char name[IFNAMSIZ], command[128];
	struct err refused = ERR_INIT;
	int ifindex;

	bridge_name("cccc3333", "n", name);
	snprintf(command, sizeof(command), "ip link add %s type bridge", name);
	run(command);
	assert_int_equal(bridge_ensure(nl, &bridge, &ifindex, &refused), -EEXIST);
	assert_non_null(strstr(refused.msg, "not this project's"));
	assert_int_equal(bridge_remove(nl, "cccc3333", name, NULL), -EEXIST);
	snprintf(command, sizeof(command), "ip link del %s", name);
	run(command);
	assert_ok(bridge_remove(nl, "cccc3333", name, &err));
}

static void test_altname_and_alias_name_the_owner(void **state)
{
	char *text = output("ip -d link show shop-web-1; ip -d link show shop_default");

	assert_non_null(strstr(text, "alias stack:" SHOP ":shop-web-1:shop_default"));
	assert_non_null(strstr(text, "hairpin on"));
	assert_non_null(strstr(text, "alias stack:" SHOP ":shop_default"));
	assert_non_null(strstr(text, "02:42:0a:c9:01:01"));
	free(text);
	text = output("ip -n stack-" SHOP "-shop-web-1 addr; "
		      "ip -n stack-" SHOP "-shop-web-1 route");
	assert_non_null(strstr(text, "02:42:0a:c9:01:0a"));
	assert_non_null(strstr(text, "default via 10.201.1.1 dev eth0"));
	assert_null(strstr(text, "inet6 fe80"));
	free(text);
}

static void test_bridge_knows_its_subnet(void **state)
{
	struct cidr gateway;
	char text[CIDR_TEXT_SIZE];

	assert_ok(bridge_address(nl, world.shop_bridge, &gateway, &err));
	cidr_format(&gateway, text);
	assert_string_equal(text, "10.201.1.1/24");
	assert_int_equal(bridge_address(nl, "sbnowhere", &gateway, NULL), -ENODEV);
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void test_many_at_once(void **state)
{
	int bridge = add_bridge("dddd4444", "many", "10.201.9.1/24");
	struct endpoint endpoints[MANY];
	char names[MANY][16], netns[NETNS_NAME_MAX], address[32];
	double start = now_us(), made, attached, again, gone;

	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "many-%d", i);
		snprintf(address, sizeof(address), "10.201.9.%d/24", i + 2);
		endpoints[i] = (struct endpoint){.container = names[i],
						 .network = "many",
						 .ifname = "eth0",
						 .bridge_ifindex = bridge,
						 .address = prefix(address),
						 .gateway = ip("10.201.9.1")};
		netns_name("dddd4444", names[i], netns);
		assert_ok(netns_create(netns, &endpoints[i].netns_fd, &err));
	}
	made = now_us();
	assert_ok(endpoints_attach(nl, "many", "dddd4444", endpoints, MANY, &err));
	attached = now_us();
	assert_ok(endpoints_attach(nl, "many", "dddd4444", endpoints, MANY, &err));
	again = now_us();
	for (int i = 0; i < MANY; i++)
		close(endpoints[i].netns_fd);
	gone = now_us();
	assert_ok(links_remove_group(nl, "dddd4444", &err));
	print_message("%d containers, us each: netns %.0f, attach %.0f, attach again %.0f; "
		      "group delete %.1f ms in all\n",
		      MANY, (made - start) / MANY, (attached - made) / MANY,
		      (again - attached) / MANY, (now_us() - gone) / 1e3);
	remove_project("dddd4444");
}

/* The kernel takes links away some milliseconds after the namespace is gone. */
static void test_nothing_is_left(void **state)
{
	char *text = NULL;
	char **names;
	size_t n;

	end_world(state);
	for (int i = 0; i < 100; i++) {
		free(text);
		text = output("ip -br link");
		if (!strstr(text, "sv") && !strstr(text, "sb"))
			break;
		poll(NULL, 0, 10);
	}
	assert_null(strstr(text, "sv"));
	assert_null(strstr(text, "sb"));
	free(text);
	text = output(all_rules);
	assert_null(strstr(text, "STACK"));
	free(text);
	assert_ok(netns_list("stack-", &names, &n, &err));
	assert_int_equal(n, 0);
	netns_names_free(names);
	make_world(state);
}

static int make_host(void **state)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    mount("", "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0 ||
	    mount("run", "/run", "tmpfs", 0, "mode=755") < 0)
		return -1;
	assert_ok(netlink_open(NETLINK_ROUTE, &nl, &err));
	assert_ok(netns_create("other", &other_fd, &err));
	run("ip link set lo up; ip link add out0 type veth peer name eth0 netns other; "
	    "ip addr add " HOST "/24 dev out0; ip link set out0 up; ip -n other link set lo up; "
	    "ip -n other addr add " OTHER "/24 dev eth0; ip -n other link set eth0 up; "
	    "ip -n other route add 10.201.0.0/16 via " HOST);
	host_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return make_world(state);
}

static int end_host(void **state)
{
	end_world(state);
	netlink_free(nl);
	close(other_fd);
	close(host_fd);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_port_from_everywhere),
		cmocka_unit_test(test_range_is_shifted_port_by_port),
		cmocka_unit_test(test_loopback_port_is_for_this_host_only),
		cmocka_unit_test(test_containers_reach_each_other_and_out),
		cmocka_unit_test(test_transit_traffic_is_not_hijacked),
		cmocka_unit_test(test_networks_are_closed_to_others),
		cmocka_unit_test(test_internal_network_is_closed_by_rules_too),
		cmocka_unit_test(test_second_sync_commits_nothing),
		cmocka_unit_test(test_damage_is_seen_and_healed),
		cmocka_unit_test(test_udp_client_follows_the_port),
		cmocka_unit_test(test_second_attach_changes_nothing_and_repairs),
		cmocka_unit_test(test_foreign_bridge_is_left_alone),
		cmocka_unit_test(test_altname_and_alias_name_the_owner),
		cmocka_unit_test(test_bridge_knows_its_subnet),
		cmocka_unit_test(test_foreign_rules_stay_byte_by_byte),
		cmocka_unit_test(test_nothing_is_left),
		cmocka_unit_test(test_loopback_of_host_is_closed_to_containers),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_policy_drop_and_docker_user),
	};

	if (geteuid() != 0) {
		print_message("needs root: skipped\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, make_host, end_host);
}
