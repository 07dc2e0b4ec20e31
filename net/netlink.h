// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_NETLINK_H
#define STACK_NET_NETLINK_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nl_msg;
struct nlmsghdr;

/*
 * Netlink: requests to the kernel's network code, and their answers
 *
 * The kernel works a request off within the send(2) that carries it, so
 * asking and collecting the acknowledgements does not wait for anything and
 * may be done on the event loop.  A socket belongs to the network namespace
 * its thread was in when it was opened, whatever the thread does later
 * (netns.h has netns_socket()).  One thread at a time uses a socket.
 *
 * Errors come as the kernel's errno, with its own explanation (the extended
 * acknowledgement) in the sentence where it gave one.  Source: netlink(7),
 * rtnetlink(7).
 */
struct netlink;

/* PROTOCOL is NETLINK_ROUTE or NETLINK_NETFILTER. */
int netlink_open(int protocol, struct netlink **ret_nl, struct err *err);
void netlink_free(struct netlink *nl); /* NULL is fine */
void netlink_cleanup(struct netlink **nl);

/*
 * A batch: several requests in one send, each acknowledged.  They are all
 * tried, in order, also after one has failed.
 *
 *	CLEANUP(netlink_batch_release) struct netlink_batch batch = NETLINK_BATCH_INIT;
 *	netlink_batch_add(&batch, msg, EEXIST, "give '%s' its address", name);
 *	r = netlink_batch_send(nl, &batch, err);
 */
struct netlink_request;

struct netlink_batch {
	struct netlink_request *requests;
	size_t n, size;
};

#define NETLINK_BATCH_INIT                                                                         \
	{                                                                                          \
		.requests = NULL                                                                   \
	}

/*
 * Add MSG, which becomes the batch's.  An answer of TOLERATE (an errno; 0:
 * none) is as good as success.  FMT says what the request is for: "WHAT: the
 * kernel's error" is the sentence when it fails.  Running out of memory ends
 * the program.  Returns the number of the request, for netlink_batch_result().
 */
size_t netlink_batch_add(struct netlink_batch *batch, struct nl_msg *msg, int tolerate,
			 const char *fmt, ...) PRINTF_LIKE(4, 5);

/*
 * Send everything and collect the answers.  Fails with the first request's
 * error that was not to be tolerated.  The batch keeps the answers until it is
 * released; it cannot be sent again.
 */
int netlink_batch_send(struct netlink *nl, struct netlink_batch *batch, struct err *err);

/*
 * What request INDEX was answered, after netlink_batch_send(), whether that
 * failed or not.  A tolerated answer is returned as well (it sets no sentence).
 */
int netlink_batch_result(const struct netlink_batch *batch, size_t index, struct err *err);

void netlink_batch_release(struct netlink_batch *batch);

/* One request with its answer: a batch of one. */
int netlink_call(struct netlink *nl, struct nl_msg *msg, int tolerate, struct err *err,
		 const char *fmt, ...) PRINTF_LIKE(5, 6);

/*
 * Send MSG (a question, perhaps with NLM_F_DUMP; it becomes this function's)
 * and show every answer to ON_REPLY.  A negative return of that is passed on
 * once the answers are over.  A dump that changed while it was read is
 * reported again from the start, so ON_REPLY may see an object twice.
 *
 * -ENODEV, -ENOENT: there is no such object, as the kernel says it.
 */
typedef int netlink_reply_fn(const struct nlmsghdr *reply, void *data);
int netlink_query(struct netlink *nl, struct nl_msg *msg, netlink_reply_fn *on_reply, void *data,
		  struct err *err, const char *fmt, ...) PRINTF_LIKE(6, 7);

#endif
