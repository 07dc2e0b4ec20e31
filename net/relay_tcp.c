// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections that are relayed
 *
 * Each has two sides.  What one side brings is written to the other at once; what
 * that does not take is kept, and the first side is not read until it is gone.
 * A side's end is passed on as an end of writing; when both have ended, or one
 * failed, all is closed.
 */
#include "core/base/cleanup.h"
#include "net/relay_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG	    128
#define KEEPALIVE_S 60

struct relay_server {
	uv_tcp_t listener;
	struct relay *relay; /* NULL: it was stopped */
	struct relays *owner;
};

struct side {
	struct relay_connection *connection;
	uv_tcp_t tcp;
	uv_write_t write;
	uv_shutdown_t shutdown;
	char *unsent; /* that `write` is about */
};

struct relay_connection {
	TAILQ_ENTRY(relay_connection) link;
	struct relays *owner;
	struct side client, service;
	uv_connect_t connect;
	struct relay_target target;
	size_t tried; /* of its names */
	unsigned int n_open, n_ended;
	bool closing;
};

static struct side *other(struct side *side)
{
	struct relay_connection *connection = side->connection;

	return side == &connection->client ? &connection->service : &connection->client;
}

static void on_side_closed(uv_handle_t *handle)
{
	struct side *side = handle->data;
	struct relay_connection *connection = side->connection;

	free(TAKE_PTR(side->unsent));
	if (--connection->n_open > 0)
		return;
	relays_unref(connection->owner);
	free(connection);
}

static void close_connection(struct relay_connection *connection)
{
	if (connection->closing)
		return;
	connection->closing = true;
	TAILQ_REMOVE(&connection->owner->connections, connection, link);
	connection->owner->n_connections--;
	uv_close((uv_handle_t *)&connection->client.tcp, on_side_closed);
	/* Where one name failed and the next is to be tried, it is being closed already. */
	if (!uv_is_closing((uv_handle_t *)&connection->service.tcp))
		uv_close((uv_handle_t *)&connection->service.tcp, on_side_closed);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
	const struct side *side = handle->data;
	struct relays *owner = side->connection->owner;

	(void)suggested;
	*ret_buf = uv_buf_init(owner->buffer, sizeof(owner->buffer));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void on_written(uv_write_t *write, int status)
{
	struct side *side = write->data;

	free(TAKE_PTR(side->unsent));
	if (status < 0 || uv_read_start((uv_stream_t *)&other(side)->tcp, on_alloc, on_read) < 0)
		close_connection(side->connection);
}

/* Keep what TO did not take, and wait for it to do so. */
static int send_rest(struct side *to, const char *data, size_t len)
{
	uv_buf_t buf;

	to->unsent = malloc(len);
	if (!to->unsent)
		return -ENOMEM;
	memcpy(to->unsent, data, len);
	buf = uv_buf_init(to->unsent, (unsigned int)len);
	to->write.data = to;
	uv_read_stop((uv_stream_t *)&other(to)->tcp);
	return uv_write(&to->write, (uv_stream_t *)&to->tcp, &buf, 1, on_written);
}

static int pass_on(struct side *to, const char *data, size_t len)
{
	uv_buf_t buf = uv_buf_init((char *)data, (unsigned int)len);
	int sent = uv_try_write((uv_stream_t *)&to->tcp, &buf, 1);

	if (sent == UV_EAGAIN)
		sent = 0;
	if (sent < 0 || (size_t)sent == len)
		return sent;
	return send_rest(to, data + sent, len - (size_t)sent);
}

static void on_shut_down(uv_shutdown_t *shutdown, int status)
{
	struct side *side = shutdown->data;

	if (status < 0 || ++side->connection->n_ended == 2)
		close_connection(side->connection);
}

/* The side's end goes on to the other one, behind all that is on its way there. */
static int pass_end_on(struct side *to)
{
	to->shutdown.data = to;
	return uv_shutdown(&to->shutdown, (uv_stream_t *)&to->tcp, on_shut_down);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct side *side = stream->data;
	int r = 0;

	if (n > 0)
		r = pass_on(other(side), buf->base, (size_t)n);
	else if (n == UV_EOF)
		r = pass_end_on(other(side));
	else
		r = (int)n;
	if (r < 0)
		close_connection(side->connection);
}

static void try_next_name(struct relay_connection *connection);

/* The failed attempt is out of the way. */
static void on_attempt_closed(uv_handle_t *handle)
{
	struct side *side = handle->data;

	if (side->connection->closing) {
		on_side_closed(handle);
		return;
	}
	uv_tcp_init(side->connection->owner->loop, &side->tcp);
	try_next_name(side->connection);
}

static void attempt_failed(struct relay_connection *connection)
{
	if (connection->tried < connection->target.n)
		uv_close((uv_handle_t *)&connection->service.tcp, on_attempt_closed);
	else
		close_connection(connection);
}

static void on_connected(uv_connect_t *connect, int status)
{
	struct relay_connection *connection = connect->data;

	if (connection->closing)
		return;
	if (status < 0) {
		attempt_failed(connection);
		return;
	}
	uv_tcp_keepalive(&connection->service.tcp, 1, KEEPALIVE_S);
	if (uv_read_start((uv_stream_t *)&connection->client.tcp, on_alloc, on_read) < 0 ||
	    uv_read_start((uv_stream_t *)&connection->service.tcp, on_alloc, on_read) < 0)
		close_connection(connection);
}

static void try_next_name(struct relay_connection *connection)
{
	const union relay_name *name = &connection->target.names[connection->tried++];

	connection->connect.data = connection;
	if (uv_tcp_connect(&connection->connect, &connection->service.tcp, &name->any,
			   on_connected) < 0)
		attempt_failed(connection);
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct relay_server *server = stream->data;
	struct relays *owner = server->owner;
	struct relay_connection *connection;

	if (status < 0 || !server->relay)
		return;
	connection = calloc(1, sizeof(*connection));
	if (!connection)
		abort();
	connection->owner = owner;
	connection->client.connection = connection->service.connection = connection;
	connection->client.tcp.data = &connection->client;
	connection->service.tcp.data = &connection->service;
	connection->target = *relay_choose(server->relay);
	connection->n_open = 2;
	relays_ref(owner);
	TAILQ_INSERT_TAIL(&owner->connections, connection, link);
	owner->n_connections++;
	uv_tcp_init(owner->loop, &connection->client.tcp);
	uv_tcp_init(owner->loop, &connection->service.tcp);
	if (uv_accept(stream, (uv_stream_t *)&connection->client.tcp) < 0 ||
	    owner->n_connections > RELAY_CONNECTIONS_MAX ||
	    uv_tcp_keepalive(&connection->client.tcp, 1, KEEPALIVE_S) < 0)
		close_connection(connection);
	else
		try_next_name(connection);
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct relay_server *server = handle->data;

	relays_unref(server->owner);
	free(server);
}

/*
 * A port that is listened on again has connections of the last time, which only
 * SO_REUSEADDR lets it have.  Who listens is alone for all that; who only keeps
 * the port is not, so the option goes with the listening.
 */
static void set_reuse(int fd, int on)
{
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

int relay_tcp_start(struct relay *relay, int fd, struct relay_server **ret, struct err *err)
{
	CLEANUP_FD int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	struct relay_server *server;
	int r;

	if (copy < 0)
		return err_sys(err, errno, "duplicate its socket");
	server = calloc(1, sizeof(*server));
	if (!server)
		abort();
	*server = (struct relay_server){.relay = relay, .owner = relay->owner};
	relays_ref(server->owner);
	uv_tcp_init(server->owner->loop, &server->listener);
	server->listener.data = server;
	set_reuse(copy, 1);
	r = uv_tcp_open(&server->listener, copy);
	if (r == 0) {
		(void)TAKE_FD(copy);
		r = uv_listen((uv_stream_t *)&server->listener, BACKLOG, on_connection);
	}
	if (r < 0) {
		relay_tcp_stop(server);
		return err_sys(err, -r, "listen");
	}
	*ret = server;
	return 0;
}

void relay_tcp_stop(struct relay_server *server)
{
	uv_os_fd_t fd;

	server->relay = NULL;
	/* The socket stays with whom it is kept by: closing our copy would not end the listening.
	 */
	if (uv_fileno((uv_handle_t *)&server->listener, &fd) == 0) {
		(void)shutdown(fd, SHUT_RDWR);
		set_reuse(fd, 0);
	}
	uv_close((uv_handle_t *)&server->listener, on_listener_closed);
}

void relay_tcp_close_all(struct relays *relays)
{
	while (!TAILQ_EMPTY(&relays->connections))
		close_connection(TAILQ_FIRST(&relays->connections));
}
