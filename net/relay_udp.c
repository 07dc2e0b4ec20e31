// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Datagrams that are relayed
 *
 * Each client, that is an address and a port of it and the one of ours that it
 * sends to, has a socket towards the service, so that answers find their way back;
 * they leave under the address that the client knows.
 */
#include "core/base/cleanup.h"
#include "net/relay_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SWEEP_MS     10000
#define READ_AT_ONCE 64 /* then others have their turn */

struct relay_server {
	uv_poll_t poll;
	uv_timer_t sweep;
	unsigned int n_handles;
	int fd;
	struct relay *relay;
	struct relays *owner;
	TAILQ_HEAD(flows, relay_flow) flows; /* the one idle longest first */
};

struct relay_flow {
	TAILQ_ENTRY(relay_flow) link;
	struct relay_server *server; /* NULL: it is being closed */
	struct relays *owner;
	uv_udp_t service;
	union relay_name name; /* of the service */
	struct sockaddr_in6 peer;
	struct in6_pktinfo local;
	uint64_t last_ms;
};

static void on_flow_closed(uv_handle_t *handle)
{
	struct relay_flow *flow = handle->data;

	relays_unref(flow->owner);
	free(flow);
}

static void close_flow(struct relay_flow *flow)
{
	TAILQ_REMOVE(&flow->server->flows, flow, link);
	flow->server = NULL;
	flow->owner->n_flows--;
	uv_close((uv_handle_t *)&flow->service, on_flow_closed);
}

static void touch(struct relay_flow *flow)
{
	flow->last_ms = uv_now(flow->owner->loop);
	TAILQ_REMOVE(&flow->server->flows, flow, link);
	TAILQ_INSERT_TAIL(&flow->server->flows, flow, link);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
	const struct relay_flow *flow = handle->data;

	(void)suggested;
	*ret_buf = uv_buf_init(flow->owner->buffer, sizeof(flow->owner->buffer));
}

/* An answer: to the client, from the address that it sent to. */
static void answer(struct relay_flow *flow, char *data, size_t len)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(flow->local))] = {0};
	struct iovec iov = {data, len};
	struct msghdr header = {.msg_name = &flow->peer,
				.msg_namelen = sizeof(flow->peer),
				.msg_iov = &iov,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof(control)};
	struct cmsghdr *info = CMSG_FIRSTHDR(&header);

	info->cmsg_level = IPPROTO_IPV6;
	info->cmsg_type = IPV6_PKTINFO;
	info->cmsg_len = CMSG_LEN(sizeof(flow->local));
	memcpy(CMSG_DATA(info), &flow->local, sizeof(flow->local));
	(void)sendmsg(flow->server->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void on_answer(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf, const struct sockaddr *peer,
		      unsigned int flags)
{
	struct relay_flow *flow = udp->data;

	/* An error is that of an earlier datagram, which nobody there wanted. */
	if (n < 0 || !peer || (flags & UV_UDP_PARTIAL) || !flow->server)
		return;
	touch(flow);
	answer(flow, buf->base, (size_t)n);
}

static void on_sweep(uv_timer_t *timer)
{
	struct relay_server *server = timer->data;
	uint64_t now = uv_now(server->owner->loop);
	struct relay_flow *flow;

	while ((flow = TAILQ_FIRST(&server->flows)) && now - flow->last_ms > RELAY_FLOW_IDLE_MS)
		close_flow(flow);
	if (!flow)
		uv_timer_stop(timer);
}

/* Make room: the client that is idle longest goes; false: there is none of this port's. */
static bool make_room(struct relay_server *server)
{
	if (server->owner->n_flows < RELAY_FLOWS_MAX)
		return true;
	if (TAILQ_EMPTY(&server->flows))
		return false;
	close_flow(TAILQ_FIRST(&server->flows));
	return true;
}

static struct relay_flow *new_flow(struct relay_server *server, const struct sockaddr_in6 *peer,
				   const struct in6_pktinfo *local)
{
	struct relay_flow *flow;

	if (!make_room(server))
		return NULL;
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		abort();
	*flow = (struct relay_flow){.server = server,
				    .owner = server->owner,
				    .name = relay_choose(server->relay)->names[0],
				    .peer = *peer,
				    .local = *local};
	relays_ref(flow->owner);
	flow->owner->n_flows++;
	/* It runs while there is somebody to be forgotten. */
	if (TAILQ_EMPTY(&server->flows))
		uv_timer_start(&server->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	TAILQ_INSERT_TAIL(&server->flows, flow, link);
	uv_udp_init(flow->owner->loop, &flow->service);
	flow->service.data = flow;
	if (uv_udp_connect(&flow->service, &flow->name.any) == 0 &&
	    uv_udp_recv_start(&flow->service, on_alloc, on_answer) == 0)
		return flow;
	close_flow(flow);
	return NULL;
}

static struct relay_flow *find_flow(struct relay_server *server, const struct sockaddr_in6 *peer,
				    const struct in6_pktinfo *local)
{
	struct relay_flow *flow;

	TAILQ_FOREACH_REVERSE(flow, &server->flows, flows, link)
	if (flow->peer.sin6_port == peer->sin6_port &&
	    flow->peer.sin6_scope_id == peer->sin6_scope_id &&
	    IN6_ARE_ADDR_EQUAL(&flow->peer.sin6_addr, &peer->sin6_addr) &&
	    memcmp(&flow->local, local, sizeof(*local)) == 0)
		return flow;
	return new_flow(server, peer, local);
}

/* One datagram from a client into the buffer; false: there is none. */
static bool receive(struct relay_server *server, struct sockaddr_in6 *ret_peer,
		    struct in6_pktinfo *ret_local, size_t *ret_len)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(*ret_local))];
	struct iovec iov = {server->owner->buffer, sizeof(server->owner->buffer)};
	struct msghdr header = {.msg_name = ret_peer,
				.msg_namelen = sizeof(*ret_peer),
				.msg_iov = &iov,
				.msg_iovlen = 1,
				.msg_control = control,
				.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(server->fd, &header, MSG_DONTWAIT);

	*ret_local = (struct in6_pktinfo){.ipi6_ifindex = 0};
	if (n < 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c))
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
			memcpy(ret_local, CMSG_DATA(c), sizeof(*ret_local));
	*ret_len = (size_t)n;
	return true;
}

static void on_datagrams(uv_poll_t *poll, int status, int events)
{
	struct relay_server *server = poll->data;
	struct in6_pktinfo local;
	struct sockaddr_in6 peer;
	size_t len;

	(void)status;
	(void)events;
	for (int i = 0; i < READ_AT_ONCE && receive(server, &peer, &local, &len); i++) {
		struct relay_flow *flow = find_flow(server, &peer, &local);
		uv_buf_t buf = uv_buf_init(server->owner->buffer, (unsigned int)len);

		if (!flow)
			continue;
		touch(flow);
		(void)uv_udp_try_send(&flow->service, &buf, 1, NULL);
	}
}

static void on_server_closed(uv_handle_t *handle)
{
	struct relay_server *server = handle->data;

	if (--server->n_handles > 0)
		return;
	relays_unref(server->owner);
	free(server);
}

int relay_udp_start(struct relay *relay, int fd, struct relay_server **ret, struct err *err)
{
	CLEANUP_FD int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	struct relay_server *server;
	const int on = 1;
	int r;

	if (copy < 0 || setsockopt(copy, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) < 0)
		return err_sys(err, errno, "prepare its socket");
	server = calloc(1, sizeof(*server));
	if (!server)
		abort();
	r = uv_poll_init(relay->owner->loop, &server->poll, copy);
	if (r < 0) {
		free(server);
		return err_sys(err, -r, "watch its socket");
	}
	server->relay = relay;
	server->owner = relay->owner;
	server->fd = TAKE_FD(copy);
	server->n_handles = 2;
	server->poll.data = server->sweep.data = server;
	TAILQ_INIT(&server->flows);
	relays_ref(server->owner);
	uv_timer_init(server->owner->loop, &server->sweep);
	uv_poll_start(&server->poll, UV_READABLE, on_datagrams);
	*ret = server;
	return 0;
}

void relay_udp_retarget(struct relay_server *server)
{
	const struct relay *relay = server->relay;
	struct relay_flow *flow, *next;

	for (flow = TAILQ_FIRST(&server->flows); flow; flow = next) {
		bool there = false;

		next = TAILQ_NEXT(flow, link);
		for (size_t i = 0; i < relay->n_targets && !there; i++)
			there = memcmp(&relay->targets[i].names[0], &flow->name,
				       sizeof(flow->name)) == 0;
		if (!there)
			close_flow(flow);
	}
}

void relay_udp_stop(struct relay_server *server)
{
	while (!TAILQ_EMPTY(&server->flows))
		close_flow(TAILQ_FIRST(&server->flows));
	uv_close((uv_handle_t *)&server->poll, on_server_closed);
	/* Now, not with the memory: the port may be wanted again before. */
	close(server->fd);
	uv_close((uv_handle_t *)&server->sweep, on_server_closed);
}
