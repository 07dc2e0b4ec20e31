// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_CONNTRACK_H
#define STACK_NET_CONNTRACK_H

#include "net/cidr.h"

struct err;

/*
 * Connection tracking: make the kernel forget where flows went
 *
 * A flow keeps the translation it began with.  A UDP client that goes on
 * sending keeps its flow alive, so after a port has moved to another container
 * it would talk to the old address for ever.  Order: first the rules, then
 * this.  Acts in the calling thread's network namespace.
 */
struct conntrack_match {
	uint8_t protocol;      /* 0: any */
	struct cidr host_addr; /* that clients send to; length 0: any, of either family */
	uint16_t host_port;    /* that clients send to, host byte order; 0: any */
	uint16_t count;	       /* how many consecutive ports; 0 is 1 */
	struct cidr container; /* that answers; length 0: any */
};

/*
 * Delete the flows that match one of the N in MATCHES, each in all that it
 * says; a match that says nothing matches nothing.  What is gone meanwhile is
 * success.  RET_DELETED (may be NULL): how many.
 *
 * Blocks: not for others, but it reads the whole table: some 100 ms with
 * 100,000 flows.  Run it from the pool.
 */
int conntrack_flush(const struct conntrack_match *matches, size_t n, size_t *ret_deleted,
		    struct err *err);

/*
 * How many TCP connections that match one of the N in MATCHES are being made or
 * are open; those that only wait for their last timer are not.  RET_N is the number.
 *
 * Blocks: likewise.
 */
int conntrack_count(const struct conntrack_match *matches, size_t n, size_t *ret_n,
		    struct err *err);

#endif
