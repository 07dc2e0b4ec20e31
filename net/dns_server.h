// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_DNS_SERVER_H
#define STACK_NET_DNS_SERVER_H

#include "net/dns.h"
#include "net/dns_answer.h"
#include "net/dns_resolv.h"

#include <sys/queue.h>
#include <uv.h>

/*
 * Inside of the DNS server: what dns.c (life, UDP), dns_tcp.c (TCP clients)
 * and dns_forward.c (questions to other resolvers) share.
 *
 * Lifetime: `refs` counts the server itself and each open handle that leads to
 * it.  Closing takes a turn of the loop, so dns_server_free() closes everything
 * and whoever drops the last reference frees the memory.
 *
 * Everything is one thread, and a message is dealt with before the next is
 * read, so one buffer for what comes in and one for what goes out is enough.
 */
#define DNS_QUERY_MAX 4096 /* a longer query is none that a resolver library sends */

struct dns_client;
struct dns_request;

struct dns_server {
	unsigned refs;
	uv_loop_t *loop;
	uv_udp_t udp;
	uv_tcp_t tcp;
	struct sockaddr_in listen;
	struct dns_server *sibling; /* a ring of all servers of the process; alone: itself */
	struct dns_zone *zone;
	struct dns_view view;
	struct dns_resolv resolv;
	struct dns_asker *askers; /* by address */
	size_t n_askers;
	TAILQ_HEAD(dns_clients, dns_client) clients; /* the one idle longest first */
	unsigned n_clients;
	TAILQ_HEAD(dns_requests, dns_request) requests;
	unsigned n_requests;
	uint8_t in[DNS_MESSAGE_MAX], out[DNS_MESSAGE_MAX];
};

/* Who asked: a TCP client, or with CLIENT NULL a UDP socket. */
struct dns_origin {
	struct dns_client *client; /* NULL: it came over UDP */
	struct sockaddr_in peer;
};

/* NULL: CLIENT has no resolvers of its own. */
const struct dns_asker *dns_server_asker(const struct dns_server *server, struct in_addr client);

void dns_server_ref(struct dns_server *server);
void dns_server_unref(struct dns_server *server);

/* Deal with the LEN bytes of MSG from ORIGIN: answer, forward or drop. */
void dns_server_handle(struct dns_server *server, const struct dns_origin *origin,
		       const uint8_t *msg, size_t len);

/* Send an answer.  One that cannot be sent is lost, as on any network. */
void dns_server_reply(struct dns_server *server, const struct dns_origin *origin,
		      const uint8_t *msg, size_t len);

/*
 * A message with its length before it, as TCP carries it (RFC 7766 8).  What
 * is to be read next is known exactly, so nothing is ever read too far.
 */
struct dns_frame {
	uint8_t prefix[2];
	uint8_t *msg;
	size_t have, max; /* bytes read, with the prefix; size of msg */
};

/* Where the next bytes go, for uv_alloc_cb. */
uv_buf_t dns_frame_room(struct dns_frame *frame);

/*
 * N bytes were read.  Returns the length of the message if it is complete, 0 if
 * not yet, -EMSGSIZE if it is empty or over `max`.  Set `have` to 0 for the next.
 */
ssize_t dns_frame_add(struct dns_frame *frame, size_t n);

/* The length of the message that the prefix announces. */
static inline size_t dns_frame_len(const struct dns_frame *frame)
{
	return dns_get16(frame->prefix);
}

/* dns_tcp.c: take the connection that waits at server->tcp. */
void dns_tcp_accept(struct dns_server *server);
void dns_tcp_send(struct dns_client *client, const uint8_t *msg, size_t len);
void dns_tcp_close_all(struct dns_server *server);

/*
 * dns_forward.c: ask the upstreams the question MSG, parsed as QUERY, for
 * ORIGIN, who gets one answer, be it SERVFAIL, unless it is cancelled before.
 */
void dns_forward(struct dns_server *server, const struct dns_origin *origin, const uint8_t *msg,
		 size_t len, const struct dns_query *query);

/* Forget the questions of a client that has gone; NULL: of everyone. */
void dns_forward_cancel(struct dns_server *server, const struct dns_client *client);

#endif
