// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/dns.h"

#include "core/base/cleanup.h"
#include "net/dns_server.h"
#include "net/dns_zone.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

/*
 * The sockets are made and bound here and only then given to libuv: it has no
 * way to bind to a device, and it would set SO_REUSEADDR on the UDP socket
 * first, with which two servers can have one port and nobody is told.
 */
#define LISTEN_BACKLOG DNS_TCP_MAX

void dns_server_ref(struct dns_server *server)
{
	server->refs++;
}

void dns_server_unref(struct dns_server *server)
{
	if (--server->refs > 0)
		return;
	dns_zone_free(server->zone);
	dns_resolv_release(&server->resolv);
	free(server->askers);
	free(server);
}

static void on_server_closed(uv_handle_t *handle)
{
	dns_server_unref(handle->data);
}

void dns_server_reply(struct dns_server *server, const struct dns_origin *origin,
		      const uint8_t *msg, size_t len)
{
	uv_buf_t buf = uv_buf_init((char *)msg, (unsigned)len);

	if (origin->client)
		dns_tcp_send(origin->client, msg, len);
	else
		uv_udp_try_send(&server->udp, &buf, 1, (const struct sockaddr *)&origin->peer);
}

void dns_server_handle(struct dns_server *server, const struct dns_origin *origin,
		       const uint8_t *msg, size_t len)
{
	struct dns_query query;
	size_t reply_len;

	server->view.client = origin->peer.sin_addr;
	switch (dns_answer(&server->view, origin->client != NULL, msg, len, &query, server->out,
			   &reply_len)) {
	case DNS_DROP:
		break;
	case DNS_REPLY:
		dns_server_reply(server, origin, server->out, reply_len);
		break;
	case DNS_FORWARD:
		dns_forward(server, origin, msg, len, &query);
		break;
	}
}

static void on_udp_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
	struct dns_server *server = handle->data;

	(void)suggested;
	*ret_buf = uv_buf_init((char *)server->in, DNS_QUERY_MAX);
}

static void on_udp_recv(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf, const struct sockaddr *peer,
			unsigned flags)
{
	struct dns_origin origin = {.client = NULL};

	/* An error here is an earlier answer's (its port has gone), nothing to act on. */
	if (n <= 0 || !peer || (flags & UV_UDP_PARTIAL))
		return;
	memcpy(&origin.peer, peer, sizeof(origin.peer));
	dns_server_handle(udp->data, &origin, (const uint8_t *)buf->base, (size_t)n);
}

static void on_connection(uv_stream_t *stream, int status)
{
	if (status == 0)
		dns_tcp_accept(stream->data);
}

static int bind_error(const struct dns_config *config, int code, struct err *err)
{
	char addr[INET_ADDRSTRLEN];
	unsigned port = ntohs(config->listen.sin_port);

	inet_ntop(AF_INET, &config->listen.sin_addr, addr, sizeof(addr));
	if (code == EADDRINUSE)
		return err_set(
			err, code,
			"DNS for the network: another program has port %u of %s; if it is a "
			"DNS server that listens on all addresses, make it listen on its own",
			port, addr);
	if (code == EADDRNOTAVAIL)
		return err_set(err, code,
			       "DNS for the network: this host does not have the address %s", addr);
	if (code == ENODEV)
		return err_set(err, code, "DNS for the network: there is no device '%s'",
			       config->device);
	return err_sys(err, code, "DNS for the network on %s, port %u", addr, port);
}

/* A bound socket of TYPE, not yet listening. */
static int bind_socket(const struct dns_config *config, int type, int *ret_fd, struct err *err)
{
	CLEANUP_FD int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	if (fd < 0)
		return bind_error(config, errno, err);
	if (config->device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, config->device,
					 (socklen_t)strlen(config->device)) < 0)
		return bind_error(config, errno, err);
	/* Connections of a supervisor that has gone may be in TIME_WAIT. */
	if (type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return bind_error(config, errno, err);
	if (bind(fd, (const struct sockaddr *)&config->listen, sizeof(config->listen)) < 0)
		return bind_error(config, errno, err);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int start_udp(struct dns_server *server, const struct dns_config *config, struct err *err)
{
	CLEANUP_FD int fd = -1;
	int r, off = 0;

	r = bind_socket(config, SOCK_DGRAM, &fd, err);
	if (r < 0)
		return r;
	r = uv_udp_open(&server->udp, fd);
	if (r < 0)
		return bind_error(config, -r, err);
	if (setsockopt(TAKE_FD(fd), SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off)) < 0)
		return bind_error(config, errno, err);
	r = uv_udp_recv_start(&server->udp, on_udp_alloc, on_udp_recv);
	return r < 0 ? bind_error(config, -r, err) : 0;
}

static int start_tcp(struct dns_server *server, const struct dns_config *config, struct err *err)
{
	CLEANUP_FD int fd = -1;
	int r;

	r = bind_socket(config, SOCK_STREAM, &fd, err);
	if (r < 0)
		return r;
	r = uv_tcp_open(&server->tcp, fd);
	if (r < 0)
		return bind_error(config, -r, err);
	(void)TAKE_FD(fd);
	r = uv_listen((uv_stream_t *)&server->tcp, LISTEN_BACKLOG, on_connection);
	return r < 0 ? bind_error(config, -r, err) : 0;
}

/* What needs no handle, so that it can be undone with free() alone. */
static int server_prepare(struct dns_server *server, const struct dns_config *config,
			  struct err *err)
{
	int r;

	r = dns_resolv_init(&server->resolv, config, err);
	if (r < 0)
		return r;
	r = dns_zone_new(NULL, 0, NULL, &server->zone, err);
	if (r < 0)
		return r;
	server->view = (struct dns_view){.zone = server->zone, .internal = config->internal};
	if (getrandom(&server->view.random, sizeof(server->view.random), GRND_NONBLOCK) < 0 ||
	    server->view.random == 0)
		server->view.random = 1;
	server->listen = config->listen;
	server->sibling = server;
	TAILQ_INIT(&server->clients);
	TAILQ_INIT(&server->requests);
	return 0;
}

int dns_server_new(struct uv_loop_s *loop, const struct dns_config *config,
		   struct dns_server **ret_server, struct err *err)
{
	struct dns_server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return err_nomem(err);
	server->loop = loop;
	server->refs = 1;
	r = server_prepare(server, config, err);
	if (r < 0) {
		dns_server_unref(server);
		return r;
	}
	server->udp.data = server->tcp.data = server;
	uv_udp_init(loop, &server->udp);
	uv_tcp_init(loop, &server->tcp);
	server->refs = 2;
	r = start_udp(server, config, err);
	if (r == 0)
		r = start_tcp(server, config, err);
	if (r < 0) {
		dns_server_free(server);
		return r;
	}
	if (config->sibling) {
		server->sibling = config->sibling->sibling;
		config->sibling->sibling = server;
	}
	*ret_server = server;
	return 0;
}

int dns_server_set_records(struct dns_server *server, const struct dns_record *records, size_t n,
			   const struct dns_members *members, struct err *err)
{
	struct dns_zone *zone;
	int r;

	r = dns_zone_new(records, n, members, &zone, err);
	if (r < 0)
		return r;
	dns_zone_free(server->zone);
	server->zone = zone;
	server->view.zone = zone;
	return 0;
}

static int by_client(const void *a, const void *b)
{
	const struct dns_asker *left = a, *right = b;

	return memcmp(&left->client, &right->client, sizeof(left->client));
}

int dns_server_set_askers(struct dns_server *server, const struct dns_asker *askers, size_t n,
			  struct err *err)
{
	struct dns_asker *copy = calloc(n + 1, sizeof(*copy));

	if (!copy)
		return err_nomem(err);
	if (n > 0)
		memcpy(copy, askers, n * sizeof(*copy));
	qsort(copy, n, sizeof(*copy), by_client);
	free(server->askers);
	server->askers = copy;
	server->n_askers = n;
	return 0;
}

int dns_server_add_asker(struct dns_server *server, const struct dns_asker *asker, struct err *err)
{
	struct dns_asker *there = (struct dns_asker *)dns_server_asker(server, asker->client),
			 *grown;

	if (!there) {
		grown = reallocarray(server->askers, server->n_askers + 1, sizeof(*grown));
		if (!grown)
			return err_nomem(err);
		server->askers = grown;
		there = &grown[server->n_askers++];
	}
	*there = *asker;
	qsort(server->askers, server->n_askers, sizeof(*asker), by_client);
	return 0;
}

bool dns_is_name(const char *name)
{
	struct dns_name parsed;

	return dns_name_from_text(name, &parsed) == 0;
}

const struct dns_asker *dns_server_asker(const struct dns_server *server, struct in_addr client)
{
	const struct dns_asker wanted = {.client = client};

	return server->n_askers == 0 ? NULL
				     : bsearch(&wanted, server->askers, server->n_askers,
					       sizeof(wanted), by_client);
}

void dns_server_free(struct dns_server *server)
{
	struct dns_server *before = server;

	if (!server)
		return;
	while (before->sibling != server)
		before = before->sibling;
	before->sibling = server->sibling;
	dns_tcp_close_all(server);
	dns_forward_cancel(server, NULL);
	uv_close((uv_handle_t *)&server->udp, on_server_closed);
	uv_close((uv_handle_t *)&server->tcp, on_server_closed);
}
