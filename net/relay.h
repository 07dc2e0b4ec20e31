// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_RELAY_H
#define STACK_NET_RELAY_H

#include "net/cidr.h"

struct uv_loop_s;

/*
 * Relay: published ports that the packet filter cannot lead on
 *
 * A packet from ::1 never leaves the host, and a container without IPv6 cannot
 * be given an IPv6 packet.  So what reaches a port that is kept for us
 * (net/port.h) on an IPv6 address, since no rule turned it round before, is
 * taken here and passed on, byte by byte or datagram by datagram.  To the
 * service, the client is the host then.
 *
 * Everything happens on the loop, and nothing waits: who does not read is not
 * read from either, so that a connection costs no more than what one read
 * brought.  A connection that ended in one direction goes on in the other.  A
 * datagram for which there is no room is lost, as on any network.
 */
#define RELAY_CONNECTIONS_MAX 512   /* the next one is closed at once */
#define RELAY_FLOWS_MAX	      512   /* clients over UDP; the next one replaces the oldest */
#define RELAY_FLOW_IDLE_MS    60000 /* then a UDP client is forgotten */

/* Of several with the same host port, each new client gets one at random. */
struct relay_port {
	uint8_t protocol;      /* IPPROTO_TCP, IPPROTO_UDP */
	struct cidr host_addr; /* length 0: every one; IPv6 in any case */
	uint16_t host_port;
	int fd;			 /* bound to them; stays the caller's, who closes it later */
	struct cidr addr, addr6; /* of the container; addr6 of length 0: it has none */
	uint16_t port;
};

struct relays;

/* Relays of one project; none yet.  Running out of memory ends the program. */
struct relays *relays_new(struct uv_loop_s *loop);

/*
 * Relay the N ports given, and no others.  Connections that are open stay, also
 * those of a port that is no longer relayed; clients over UDP whose container is
 * not among them are led to another one.  What cannot be relayed is logged.
 */
void relays_sync(struct relays *relays, const struct relay_port *ports, size_t n);

/*
 * The port is given up: stop relaying it at once, as it could not be reserved again
 * otherwise.  One that is not relayed is success.
 */
void relays_give_up(struct relays *relays, uint8_t protocol, const struct cidr *host_addr,
		    uint16_t host_port);

/*
 * End all.  The memory goes in the loop's next turn, so run the loop once more
 * before closing it.  NULL is fine.
 */
void relays_free(struct relays *relays);

#endif
