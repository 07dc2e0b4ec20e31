// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_QUEUE_H
#define STACK_NET_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct netlink;

/*
 * Queue: the token bucket of one link, and the delays in front of it
 *
 * For shaping.c.  The messages are put together here and not by libnl-route,
 * whose rates end at 17 Gbit/s and which cannot read them back.
 */
struct queue {
	uint64_t rate;	/* bytes a second; 0: no limit */
	uint32_t burst; /* bytes; 0: what is good for the rate */
	uint32_t delay_ms;
	uint32_t loss; /* parts of UINT32_MAX */
};

/*
 * Bring what leaves through the link IFINDEX, called NAME, to WANTED.  Where
 * nothing is wanted, the queues of others stay.  -EOPNOTSUPP: the kernel has
 * no netem, or no tbf.
 */
int queue_set(struct netlink *nl, int ifindex, const char *name, const struct queue *wanted,
	      struct err *err);

/* Is the queue of the link IFINDEX as WANTED says? */
int queue_is(struct netlink *nl, int ifindex, const char *name, const struct queue *wanted,
	     bool *ret_is, struct err *err);

/*
 * Lead what comes in by the link FROM, called NAME, to the link TO; 0: nowhere
 * any more.  What others had there goes.  -EOPNOTSUPP: likewise.
 */
int queue_redirect(struct netlink *nl, int from, const char *name, int to, struct err *err);

/* Where that is led to; 0: nowhere. */
int queue_redirected(struct netlink *nl, int from, const char *name, int *ret_to, struct err *err);

#endif
