// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/dns_server.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/*
 * Questions that are passed on to the host's resolvers
 *
 * A request is one question of a client: plain memory in server->requests.  An
 * attempt is its socket towards one upstream and the timer that ends it: two
 * handles, which take a turn of the loop to close.  A request has one attempt
 * at a time and lets go of it to go on with the next upstream; an attempt
 * without request only waits for its handles to close.
 *
 * A question that came over TCP goes out over TCP: its client has seen the
 * truncated answer already.
 */
struct attempt {
	struct dns_server *server;
	struct dns_request *request; /* NULL: abandoned */
	union {
		uv_handle_t any;
		uv_udp_t udp;
		uv_tcp_t tcp;
	} socket;
	uv_timer_t timer;
	uv_connect_t connect;
	unsigned n_handles;
	struct dns_frame frame; /* over TCP: the answer, as far as it has come */
	uint8_t answer[];
};

struct dns_request {
	TAILQ_ENTRY(dns_request) link;
	struct dns_server *server;
	struct dns_origin origin;
	struct dns_query query;
	struct dns_upstreams upstreams;
	size_t next; /* upstream to ask next */
	struct attempt *attempt;
	uint8_t client_id[2];
	size_t len;
	uint8_t msg[]; /* with the id of the current attempt */
};

static void request_next(struct dns_request *request);

static void on_attempt_closed(uv_handle_t *handle)
{
	struct attempt *attempt = handle->data;

	if (--attempt->n_handles > 0)
		return;
	dns_server_unref(attempt->server);
	free(attempt);
}

static void request_drop_attempt(struct dns_request *request)
{
	struct attempt *attempt = request->attempt;

	if (!attempt)
		return;
	request->attempt = NULL;
	attempt->request = NULL;
	uv_close(&attempt->socket.any, on_attempt_closed);
	uv_close((uv_handle_t *)&attempt->timer, on_attempt_closed);
}

static void request_free(struct dns_request *request)
{
	request_drop_attempt(request);
	TAILQ_REMOVE(&request->server->requests, request, link);
	request->server->n_requests--;
	free(request);
}

/*
 * Give MSG, which is changed, to the client, under the id that it knows.  The
 * request goes first: if the client turns out to have gone, dns_forward_cancel()
 * is called for it.
 */
static void request_finish(struct dns_request *request, uint8_t *msg, size_t len)
{
	struct dns_server *server = request->server;
	struct dns_origin origin = request->origin;

	memcpy(msg, request->client_id, sizeof(request->client_id));
	request_free(request);
	dns_server_reply(server, &origin, msg, len);
}

static void request_fail(struct dns_request *request)
{
	uint8_t *out = request->server->out;

	request_finish(request, out,
		       dns_answer_error(request->msg, &request->query, true, DNS_SERVFAIL, out));
}

/* MSG came from the upstream.  One that does not fit the question may be forged: wait on. */
static void attempt_received(struct attempt *attempt, uint8_t *msg, size_t len)
{
	struct dns_request *request = attempt->request;
	enum dns_rcode rcode;

	if (!dns_answers(msg, len, request->msg, &request->query))
		return;
	rcode = dns_get_rcode(msg);
	if ((rcode == DNS_SERVFAIL || rcode == DNS_REFUSED) && request->next < request->upstreams.n)
		request_next(request);
	else
		request_finish(request, msg, len);
}

static void on_timeout(uv_timer_t *timer)
{
	struct attempt *attempt = timer->data;

	request_next(attempt->request);
}

static void on_udp_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
	struct attempt *attempt = handle->data;

	(void)suggested;
	*ret_buf = uv_buf_init((char *)attempt->server->in, sizeof(attempt->server->in));
}

static void on_udp_recv(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf, const struct sockaddr *peer,
			unsigned flags)
{
	struct attempt *attempt = udp->data;

	(void)flags;
	if (n < 0) /* nobody listens there */
		request_next(attempt->request);
	else if (peer)
		attempt_received(attempt, (uint8_t *)buf->base, (size_t)n);
}

static int attempt_start_udp(struct attempt *attempt, const union dns_endpoint *upstream)
{
	struct dns_request *request = attempt->request;
	uv_buf_t buf = uv_buf_init((char *)request->msg, (unsigned)request->len);
	uv_udp_t *udp = &attempt->socket.udp;
	int r;

	/* Connected: the kernel draws the port and drops what others send to it. */
	r = uv_udp_connect(udp, &upstream->any);
	if (r == 0)
		r = uv_udp_recv_start(udp, on_udp_alloc, on_udp_recv);
	if (r == 0)
		r = uv_udp_try_send(udp, &buf, 1, NULL);
	return r < 0 ? r : 0;
}

static void on_tcp_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
	struct attempt *attempt = handle->data;

	(void)suggested;
	*ret_buf = dns_frame_room(&attempt->frame);
}

static void on_tcp_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct attempt *attempt = stream->data;
	ssize_t len;

	(void)buf;
	if (n == 0)
		return;
	len = n < 0 ? n : dns_frame_add(&attempt->frame, (size_t)n);
	if (len < 0) {
		request_next(attempt->request);
	} else if (len > 0) {
		attempt->frame.have = 0;
		attempt_received(attempt, attempt->answer, (size_t)len);
	}
}

static void on_connected(uv_connect_t *connect, int status)
{
	struct attempt *attempt = connect->data;
	struct dns_request *request = attempt->request;
	uv_stream_t *stream = connect->handle;
	uint8_t prefix[2];
	uv_buf_t bufs[2];

	if (!request)
		return;
	dns_put16(prefix, (unsigned)request->len);
	bufs[0] = uv_buf_init((char *)prefix, sizeof(prefix));
	bufs[1] = uv_buf_init((char *)request->msg, (unsigned)request->len);
	/* A new connection takes a question whole; one that does not is of no use. */
	if (status < 0 || uv_try_write(stream, bufs, 2) != (int)(sizeof(prefix) + request->len) ||
	    uv_read_start(stream, on_tcp_alloc, on_tcp_read) < 0)
		request_next(request);
}

static int attempt_start_tcp(struct attempt *attempt, const union dns_endpoint *upstream)
{
	attempt->frame = (struct dns_frame){.msg = attempt->answer, .max = DNS_MESSAGE_MAX};
	attempt->connect.data = attempt;
	return uv_tcp_connect(&attempt->connect, &attempt->socket.tcp, &upstream->any,
			      on_connected);
}

/* Ask UPSTREAM.  On failure the caller goes on with the next one. */
static int request_ask(struct dns_request *request, const union dns_endpoint *upstream)
{
	bool tcp = request->origin.client != NULL;
	struct dns_server *server = request->server;
	struct attempt *attempt = calloc(1, sizeof(*attempt) + (tcp ? DNS_MESSAGE_MAX : 0));

	if (!attempt)
		return UV_ENOMEM;
	if (getrandom(request->msg, 2, GRND_NONBLOCK) != 2 ||
	    (tcp ? uv_tcp_init(server->loop, &attempt->socket.tcp)
		 : uv_udp_init(server->loop, &attempt->socket.udp)) < 0) {
		free(attempt);
		return UV_EIO;
	}
	uv_timer_init(server->loop, &attempt->timer);
	attempt->socket.any.data = attempt->timer.data = attempt;
	attempt->n_handles = 2;
	attempt->server = server;
	attempt->request = request;
	request->attempt = attempt;
	dns_server_ref(server);
	uv_timer_start(&attempt->timer, on_timeout, DNS_FORWARD_MS / request->upstreams.n, 0);
	return tcp ? attempt_start_tcp(attempt, upstream) : attempt_start_udp(attempt, upstream);
}

/* The current upstream did not help: on to the next, or give up. */
static void request_next(struct dns_request *request)
{
	do {
		request_drop_attempt(request);
		if (request->next == request->upstreams.n) {
			request_fail(request);
			return;
		}
	} while (request_ask(request, &request->upstreams.list[request->next++]) < 0);
}

static bool same_endpoint(const union dns_endpoint *upstream, const struct sockaddr_in *listen)
{
	return upstream->any.sa_family == AF_INET && upstream->in.sin_port == listen->sin_port &&
	       upstream->in.sin_addr.s_addr == listen->sin_addr.s_addr;
}

static bool is_ours(const struct dns_server *server, const union dns_endpoint *upstream)
{
	const struct dns_server *each = server;

	do {
		if (same_endpoint(upstream, &each->listen))
			return true;
		each = each->sibling;
	} while (each != server);
	return false;
}

static struct dns_upstreams upstreams_for(struct dns_server *server,
					  const struct dns_origin *origin)
{
	const struct dns_asker *asker = dns_server_asker(server, origin->peer.sin_addr);
	struct dns_upstreams own = {.n = 0};

	if (!asker)
		return *dns_resolv_get(&server->resolv);
	own.n = asker->n_upstreams;
	memcpy(own.list, asker->upstreams, own.n * sizeof(own.list[0]));
	return own;
}

void dns_forward(struct dns_server *server, const struct dns_origin *origin, const uint8_t *msg,
		 size_t len, const struct dns_query *query)
{
	struct dns_upstreams upstreams = upstreams_for(server, origin);
	struct dns_request *request;

	request = server->n_requests < DNS_IN_FLIGHT_MAX ? malloc(sizeof(*request) + len) : NULL;
	if (!request) {
		len = dns_answer_error(msg, query, true, DNS_SERVFAIL, server->out);
		dns_server_reply(server, origin, server->out, len);
		return;
	}
	*request = (struct dns_request){
		.server = server,
		.origin = *origin,
		.query = *query,
		.len = len,
	};
	memcpy(request->msg, msg, len);
	memcpy(request->client_id, msg, sizeof(request->client_id));
	for (size_t i = 0; i < upstreams.n; i++) {
		if (!is_ours(server, &upstreams.list[i]))
			request->upstreams.list[request->upstreams.n++] = upstreams.list[i];
	}
	TAILQ_INSERT_TAIL(&server->requests, request, link);
	server->n_requests++;
	request_next(request);
}

void dns_forward_cancel(struct dns_server *server, const struct dns_client *client)
{
	struct dns_request *request, *next;

	for (request = TAILQ_FIRST(&server->requests); request; request = next) {
		next = TAILQ_NEXT(request, link);
		if (!client || request->origin.client == client)
			request_free(request);
	}
}
