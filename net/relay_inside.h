// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_RELAY_INSIDE_H
#define STACK_NET_RELAY_INSIDE_H

#include "core/base/err.h"
#include "net/relay.h"

#include <sys/queue.h>
#include <uv.h>

/*
 * Inside of the relay: what relay.c (which ports there are), relay_tcp.c and
 * relay_udp.c share.
 *
 * Lifetime: `refs` of the relays counts themselves and each open handle, as
 * closing takes a turn of the loop.
 */
struct relay_connection;
struct relay_flow;
struct relay_server;

/* Where clients are led; the addresses are tried in this order. */
struct relay_target {
	union relay_name {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} names[2];
	size_t n;
};

/* One port that is relayed. */
struct relay {
	struct relays *owner;
	uint8_t protocol;
	struct cidr host_addr;
	uint16_t host_port;
	int fd; /* of the last sync, while that lasts */
	struct relay_target *targets;
	size_t n_targets;
	struct relay_target *wanted; /* put together by a sync that is under way */
	size_t n_wanted;
	struct relay_server *server; /* NULL: it does not run */
};

struct relays {
	unsigned int refs;
	uv_loop_t *loop;
	struct relay **items;
	size_t n, cursor;
	TAILQ_HEAD(relay_connections, relay_connection) connections;
	unsigned int n_connections;
	unsigned int n_flows;
	char buffer[65536]; /* what was read last; nothing stays in it over a turn */
};

void relays_ref(struct relays *relays);
void relays_unref(struct relays *relays);

/* One of the targets, at random; there is one at least. */
const struct relay_target *relay_choose(const struct relay *relay);

/*
 * relay_tcp.c: listen on a duplicate of FD, for RELAY; stop again, which leaves the
 * connections alone; end all connections.
 */
int relay_tcp_start(struct relay *relay, int fd, struct relay_server **ret, struct err *err);
void relay_tcp_stop(struct relay_server *server);
void relay_tcp_close_all(struct relays *relays);

/* relay_udp.c: likewise.  The clients go with the server. */
int relay_udp_start(struct relay *relay, int fd, struct relay_server **ret, struct err *err);
void relay_udp_stop(struct relay_server *server);

/* The relay has other targets: forget the clients whose target is gone. */
void relay_udp_retarget(struct relay_server *server);

#endif
