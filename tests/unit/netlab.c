// SPDX-License-Identifier: GPL-2.0-or-later
#include "netlab.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "net/bridge.h"
#include "net/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_MS 400

struct lab lab = {.host = -1, .other = -1};

void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("'%s' failed", command);
}

/* What COMMAND prints, to be freed. */
char *output(const char *command)
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

struct cidr ip(const char *text)
{
	struct cidr addr;

	assert_ok(cidr_parse_address(text, &addr, &err));
	return addr;
}

struct cidr prefix(const char *text)
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

pid_t start_server(int netns_fd, const char *name, int type, uint16_t port)
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

void stop_server(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int client_ask(void *data, struct err *err)
{
	struct client *client = data;
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(client->port)};
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(client->from_port)};
	struct timeval timeout = {.tv_usec = TIMEOUT_MS * 1000L};
	CLEANUP_FD int fd = socket(AF_INET, client->type | SOCK_CLOEXEC, 0);
	ssize_t n;

	addr.sin_addr = ip(client->to).addr;
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

/* One container of a network, with a namespace of its own. */
int lab_add_container(const char *id, const char *name, const char *network, int bridge,
		      const char *address, const char *gateway)
{
	char netns[NETNS_NAME_MAX];
	struct endpoint endpoint = {
		.container = name,
		.network = network,
		.ifname = "eth0",
		.bridge_ifindex = bridge,
		.address = prefix(address),
		.gateway = gateway ? ip(gateway) : (struct cidr){.len = 0},
	};

	netns_name(id, name, netns);
	assert_ok(netns_create(netns, -1, &endpoint.netns_fd, &err));
	assert_ok(endpoints_attach(lab.nl, id, id, &endpoint, 1, &err));
	return endpoint.netns_fd;
}

int lab_add_bridge(const char *id, const char *network, const char *gateway)
{
	const struct bridge bridge = {
		.project = id,
		.project_id = id,
		.network = network,
		.gateway = prefix(gateway),
	};
	int ifindex = 0;

	assert_ok(bridge_ensure(lab.nl, &bridge, &ifindex, &err));
	return ifindex;
}

void lab_remove_project(const char *id)
{
	const struct firewall_rules none = {.project = id};
	char start[64];
	char **names = NULL;
	size_t n = 0;

	snprintf(start, sizeof(start), "stack-%s-", id);
	assert_ok(firewall_sync(lab.firewall, id, &none, &err));
	assert_ok(links_remove_group(lab.nl, id, &err));
	assert_ok(netns_list(start, &names, &n, &err));
	for (size_t i = 0; i < n; i++)
		assert_ok(netns_remove(names[i], &err));
	netns_names_free(names);
}

static void serve_in(int fd, const char *name, int type, uint16_t port)
{
	lab.servers[lab.n_servers++] = start_server(fd, name, type, port);
}

static void set_rules(void)
{
	lab.shop_nets[0] = (struct firewall_network){.name = "shop_default",
						     .bridge = lab.shop_bridge,
						     .subnet = prefix("10.201.1.0/24")};
	lab.shop_nets[1] = (struct firewall_network){.name = "shop_vault",
						     .bridge = lab.vault_bridge,
						     .subnet = prefix("10.201.2.0/24"),
						     .internal = true};
	lab.blog_nets[0] = (struct firewall_network){.name = "blog_default",
						     .bridge = lab.blog_bridge,
						     .subnet = prefix("10.201.3.0/24")};
	lab.shop_ports[0] = (struct firewall_port){.service = "web",
						   .bridge = lab.shop_bridge,
						   .protocol = IPPROTO_TCP,
						   .host_port = 8080,
						   .addr = ip("10.201.1.10"),
						   .port = 80,
						   .count = 1};
	lab.shop_ports[1] = lab.shop_ports[0];
	lab.shop_ports[1].host_addr = ip("127.0.0.1");
	lab.shop_ports[1].host_port = 8081;
	lab.shop_ports[2] = lab.shop_ports[0];
	lab.shop_ports[2].protocol = IPPROTO_UDP;
	lab.shop_ports[2].host_port = 5353;
	lab.shop_ports[2].port = 53;
	lab.shop_ports[3] = lab.shop_ports[0];
	lab.shop_ports[3].host_port = 9000;
	lab.shop_ports[3].port = 7000;
	lab.shop_ports[3].count = 3;
	lab.shop_rules = (struct firewall_rules){"shop", lab.shop_nets, 2, lab.shop_ports, 4};
	lab.blog_rules = (struct firewall_rules){"blog", lab.blog_nets, 1, NULL, 0};
}

void lab_add_projects(void)
{
	int shop, vault, blog;

	shop = lab_add_bridge(SHOP, "shop_default", "10.201.1.1/24");
	vault = lab_add_bridge(SHOP, "shop_vault", "10.201.2.1/24");
	blog = lab_add_bridge(BLOG, "blog_default", "10.201.3.1/24");
	bridge_name(SHOP, "shop_default", lab.shop_bridge);
	bridge_name(SHOP, "shop_vault", lab.vault_bridge);
	bridge_name(BLOG, "blog_default", lab.blog_bridge);
	lab.web = lab_add_container(SHOP, "shop-web-1", "shop_default", shop, "10.201.1.10/24",
				    "10.201.1.1");
	lab.db = lab_add_container(SHOP, "shop-db-1", "shop_default", shop, "10.201.1.11/24",
				   "10.201.1.1");
	lab.vault = lab_add_container(SHOP, "shop-vault-1", "shop_vault", vault, "10.201.2.10/24",
				      NULL);
	lab.blog = lab_add_container(BLOG, "blog-1", "blog_default", blog, "10.201.3.10/24",
				     "10.201.3.1");
	set_rules();
	assert_ok(firewall_sync(lab.firewall, SHOP, &lab.shop_rules, &err));
	assert_ok(firewall_sync(lab.firewall, BLOG, &lab.blog_rules, &err));
	serve_in(lab.web, "web", SOCK_STREAM, 80);
	serve_in(lab.web, "web7002", SOCK_STREAM, 7002);
	serve_in(lab.web, "udp", SOCK_DGRAM, 53);
	serve_in(lab.db, "db", SOCK_STREAM, 5432);
	serve_in(lab.vault, "vault", SOCK_STREAM, 80);
	serve_in(lab.blog, "blog", SOCK_STREAM, 80);
}

void lab_remove_projects(void)
{
	for (size_t i = 0; i < lab.n_servers; i++)
		stop_server(lab.servers[i]);
	close(lab.web);
	close(lab.db);
	close(lab.vault);
	close(lab.blog);
	lab_remove_project(SHOP);
	lab_remove_project(BLOG);
	lab.n_servers = 0;
}

int lab_setup(void **state)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    mount("", "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0 ||
	    mount("run", "/run", "tmpfs", 0, "mode=755") < 0)
		return -1;
	assert_ok(netlink_open(NETLINK_ROUTE, &lab.nl, &err));
	assert_ok(firewall_choose(&lab.firewall, &err));
	assert_ok(netns_create("other", -1, &lab.other, &err));
	run("ip link set lo up; ip link add out0 type veth peer name eth0 netns other; "
	    "ip addr add " HOST "/24 dev out0; ip link set out0 up; ip -n other link set lo up; "
	    "ip -n other addr add " OTHER "/24 dev eth0; ip -n other link set eth0 up; "
	    "ip -n other route add 10.201.0.0/16 via " HOST);
	lab.host = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	lab_add_projects();
	return 0;
}

int lab_teardown(void **state)
{
	lab_remove_projects();
	netlink_free(lab.nl);
	close(lab.other);
	close(lab.host);
	return 0;
}
