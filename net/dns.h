// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_DNS_H
#define STACK_NET_DNS_H

#include "core/base/err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

struct uv_loop_s;

/*
 * DNS: how the services of a network find each other
 *
 * One server per network, on the network's gateway address, UDP and TCP (RFC
 * 1035, RFC 7766).  It lives on the supervisor's loop and never waits.
 *
 *	a name of ours		A, AAAA: all its addresses of that family in random
 *				order, TTL DNS_TTL_S; any other type: no error, no data
 *	an address of ours	PTR: the first name it was given
 *	below stack.internal	NXDOMAIN: only we know these, and the host may ask
 *				us because we asked it
 *	anything else		asked of the client's resolvers (dns_server_set_askers())
 *				or else the host's, and their answer
 *				passed on as it is; REFUSED on an internal network,
 *				because a name is data that leaves the network
 *				(CVE-2024-29018)
 *
 * Forwarding: each question goes out with a random id from a socket, and so a
 * source port, of its own; only an answer from the asked address with that id
 * and question counts.  A resolver that is silent for its share of
 * DNS_FORWARD_MS, cannot be reached or answers SERVFAIL or REFUSED is followed
 * by the next.  When none is left, or DNS_IN_FLIGHT_MAX questions are under
 * way, the client gets SERVFAIL.
 *
 * A hostile client costs a bounded amount: a descriptor per question in flight
 * and per TCP connection (DNS_IN_FLIGHT_MAX + DNS_TCP_MAX per network, so
 * raise RLIMIT_NOFILE), and no memory at all for what is answered from the
 * records over UDP.
 */
#define DNS_PORT	  53
#define DNS_HOST_DOMAIN	  "stack.internal" /* what the host asks below: NAME.PROJECT.… */
#define DNS_TTL_S	  2    /* addresses change; a cached one is a refused connection */
#define DNS_FORWARD_MS	  4000 /* below the 5 s after which a client's resolver gives up */
#define DNS_UPSTREAMS_MAX 3    /* MAXNS of resolv.conf(5) */
#define DNS_IN_FLIGHT_MAX 1024
#define DNS_TCP_MAX	  64 /* the 65th connection ends the one that is idle longest */
#define DNS_TCP_IDLE_MS	  10000

union dns_endpoint {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* ADDR is an IPv4 or IPv6 address, whose port is DNS_PORT.  -EINVAL: it is none. */
int dns_endpoint_parse(const char *addr, union dns_endpoint *ret_endpoint);

struct dns_server;

/* Everything is copied but `sibling`. */
struct dns_config {
	/* The gateway address of the network and DNS_PORT. */
	struct sockaddr_in listen;
	/*
	 * The network's bridge: only what came in through it is answered, as the
	 * containers of other networks can reach this address too.  NULL: no such
	 * restriction.  A bridge that was made anew needs a new server.
	 */
	const char *device;
	bool internal;
	/* Resolvers to forward to, at most DNS_UPSTREAMS_MAX.  None: those of resolv_conf. */
	const union dns_endpoint *upstreams;
	size_t n_upstreams;
	/* NULL: /etc/resolv.conf.  Read again whenever the file has changed. */
	const char *resolv_conf;
	/*
	 * Any other server of this process, or NULL.  Siblings never forward to each
	 * other, so a resolv.conf that names our gateways makes no loop.
	 */
	struct dns_server *sibling;
};

/* ADDR as IPv6 writes it, ::ffff:a.b.c.d: one kind of address is enough here. */
struct in6_addr dns_mapped(struct in_addr addr);

/* One address of a name.  A name with several addresses has several records. */
struct dns_record {
	const char *name;     /* "web", "shop-web-1", "web.backend"; case does not matter */
	struct in6_addr addr; /* of IPv4: dns_mapped() */
	/*
	 * Who may know it: the one client of this address, or INADDR_ANY for all; and
	 * of these only the members of `group`, unless it is 0.
	 * A container asks the server of one of its networks for the names of all of
	 * them; its neighbours in that network shall not see those of the others.
	 */
	struct in_addr client;
	uint32_t group;
};

/* A client that may know the records of a group; it may be in several. */
struct dns_member {
	struct in_addr client;
	uint32_t group;
};

struct dns_members {
	const struct dns_member *items;
	size_t n;
};

/*
 * Start answering, with no records yet.
 *
 * -EADDRINUSE: another program has the port, on this address or on all.
 * -EADDRNOTAVAIL: the host does not have the address (the bridge comes first).
 * -ENODEV: no such device.  -EINVAL: too many upstreams.
 */
int dns_server_new(struct uv_loop_s *loop, const struct dns_config *config,
		   struct dns_server **ret_server, struct err *err);

/*
 * Replace all records by the N given, and who is in which group by MEMBERS (NULL:
 * nobody); both are copied.  A query sees the old ones or the new ones.  On
 * failure the old ones stay.
 *
 * -EINVAL: a name that DNS cannot carry (an empty label, one over 63 bytes, over
 * 253 in all); the message has the name.
 */
int dns_server_set_records(struct dns_server *server, const struct dns_record *records, size_t n,
			   const struct dns_members *members, struct err *err);

/* Whom the questions of one client are passed on to, instead of the host's resolvers. */
struct dns_asker {
	struct in_addr client;
	union dns_endpoint upstreams[DNS_UPSTREAMS_MAX];
	size_t n_upstreams;
};

/* Replace all of them by the N given, which are copied. */
int dns_server_set_askers(struct dns_server *server, const struct dns_asker *askers, size_t n,
			  struct err *err);

/* One more, or another word of the same client. */
int dns_server_add_asker(struct dns_server *server, const struct dns_asker *asker, struct err *err);

/* Can NAME be asked for at all?  See dns_server_set_records(). */
bool dns_is_name(const char *name);

/*
 * Stop answering at once; the port is free when this returns.  The memory
 * goes in the loop's next turn, so run the loop once more before closing it.
 * NULL is fine.
 */
void dns_server_free(struct dns_server *server);

#endif
