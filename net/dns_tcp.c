// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/log.h"
#include "net/dns_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * TCP clients of the DNS server
 *
 * A client may keep its connection and send question after question (RFC 7766
 * 6.2.1).  What it may not do is cost us anything by waiting: the idle timer
 * starts anew only with a whole question, a newcomer takes the place of the
 * one that is idle longest, and who does not read its answers is cut off.
 */
#define UNREAD_MAX (128 * 1024) /* two answers of the longest kind */

struct dns_client {
	TAILQ_ENTRY(dns_client) link;
	struct dns_server *server;
	uv_tcp_t tcp;
	uv_timer_t idle;
	unsigned n_handles;
	bool closing;
	struct sockaddr_in peer;
	struct dns_frame frame;
	uint8_t msg[DNS_QUERY_MAX];
};

/* What the socket did not take at once. */
struct unsent {
	uv_write_t write;
	uint8_t data[];
};

uv_buf_t dns_frame_room(struct dns_frame *frame)
{
	size_t head = sizeof(frame->prefix);

	if (frame->have < head)
		return uv_buf_init((char *)frame->prefix + frame->have,
				   (unsigned)(head - frame->have));
	return uv_buf_init((char *)frame->msg + (frame->have - head),
			   (unsigned)(head + dns_frame_len(frame) - frame->have));
}

ssize_t dns_frame_add(struct dns_frame *frame, size_t n)
{
	size_t len;

	frame->have += n;
	if (frame->have < sizeof(frame->prefix))
		return 0;
	len = dns_frame_len(frame);
	if (len == 0 || len > frame->max)
		return -EMSGSIZE;
	return frame->have == sizeof(frame->prefix) + len ? (ssize_t)len : 0;
}

static void on_client_closed(uv_handle_t *handle)
{
	struct dns_client *client = handle->data;

	if (--client->n_handles > 0)
		return;
	dns_server_unref(client->server);
	free(client);
}

static void client_close(struct dns_client *client)
{
	if (client->closing)
		return;
	client->closing = true;
	TAILQ_REMOVE(&client->server->clients, client, link);
	client->server->n_clients--;
	dns_forward_cancel(client->server, client);
	uv_close((uv_handle_t *)&client->tcp, on_client_closed);
	uv_close((uv_handle_t *)&client->idle, on_client_closed);
}

static void on_idle(uv_timer_t *timer)
{
	client_close(timer->data);
}

static void client_touch(struct dns_client *client)
{
	struct dns_clients *clients = &client->server->clients;

	TAILQ_REMOVE(clients, client, link);
	TAILQ_INSERT_TAIL(clients, client, link);
	uv_timer_start(&client->idle, on_idle, DNS_TCP_IDLE_MS, 0);
}

static void on_client_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
	struct dns_client *client = handle->data;

	(void)suggested;
	*ret_buf = dns_frame_room(&client->frame);
}

static void on_client_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct dns_client *client = stream->data;
	struct dns_origin origin = {.client = client, .peer = client->peer};
	ssize_t len;

	(void)buf;
	if (n == 0)
		return;
	len = n < 0 ? n : dns_frame_add(&client->frame, (size_t)n);
	if (len < 0) {
		client_close(client);
		return;
	}
	if (len == 0)
		return;
	client->frame.have = 0;
	client_touch(client);
	dns_server_handle(client->server, &origin, client->msg, (size_t)len);
}

void dns_tcp_accept(struct dns_server *server)
{
	int len;
	struct dns_client *client = calloc(1, sizeof(*client));

	/* libuv offers no connection until this one is taken: TCP is lost, UDP is not. */
	if (!client) {
		log_error("out of memory: DNS answers over UDP only");
		return;
	}
	client->server = server;
	client->n_handles = 2;
	client->frame = (struct dns_frame){.msg = client->msg, .max = sizeof(client->msg)};
	client->tcp.data = client->idle.data = client;
	uv_tcp_init(server->loop, &client->tcp);
	uv_timer_init(server->loop, &client->idle);
	dns_server_ref(server);
	if (server->n_clients == DNS_TCP_MAX)
		client_close(TAILQ_FIRST(&server->clients));
	TAILQ_INSERT_TAIL(&server->clients, client, link);
	server->n_clients++;
	if (uv_accept((uv_stream_t *)&server->tcp, (uv_stream_t *)&client->tcp) < 0 ||
	    uv_read_start((uv_stream_t *)&client->tcp, on_client_alloc, on_client_read) < 0) {
		client_close(client);
		return;
	}
	len = sizeof(client->peer);
	uv_tcp_getpeername(&client->tcp, (struct sockaddr *)&client->peer, &len);
	client_touch(client);
}

static void on_written(uv_write_t *write, int status)
{
	struct dns_client *client = write->handle->data;

	if (status < 0)
		client_close(client);
	free(write->data);
}

/* Queue what is left of PREFIX and MSG behind the SENT bytes. */
static int send_rest(struct dns_client *client, const uint8_t prefix[2], const uint8_t *msg,
		     size_t len, size_t sent)
{
	struct unsent *unsent = malloc(sizeof(*unsent) + 2 + len);
	uv_buf_t buf;

	if (!unsent)
		return -ENOMEM;
	memcpy(unsent->data, prefix, 2);
	memcpy(unsent->data + 2, msg, len);
	unsent->write.data = unsent;
	buf = uv_buf_init((char *)unsent->data + sent, (unsigned)(2 + len - sent));
	if (uv_write(&unsent->write, (uv_stream_t *)&client->tcp, &buf, 1, on_written) < 0) {
		free(unsent);
		return -EIO;
	}
	return 0;
}

void dns_tcp_send(struct dns_client *client, const uint8_t *msg, size_t len)
{
	uv_stream_t *stream = (uv_stream_t *)&client->tcp;
	uint8_t prefix[2];
	uv_buf_t bufs[2] = {
		uv_buf_init((char *)prefix, sizeof(prefix)),
		uv_buf_init((char *)msg, (unsigned)len),
	};
	int sent;

	if (client->closing)
		return;
	dns_put16(prefix, (unsigned)len);
	sent = uv_try_write(stream, bufs, 2);
	if (sent == UV_EAGAIN)
		sent = 0;
	if (sent < 0 || uv_stream_get_write_queue_size(stream) > UNREAD_MAX ||
	    ((size_t)sent < 2 + len && send_rest(client, prefix, msg, len, (size_t)sent) < 0))
		client_close(client);
}

void dns_tcp_close_all(struct dns_server *server)
{
	while (!TAILQ_EMPTY(&server->clients))
		client_close(TAILQ_FIRST(&server->clients));
}
