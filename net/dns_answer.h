// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_DNS_ANSWER_H
#define STACK_NET_DNS_ANSWER_H

#include "net/dns_wire.h"

struct dns_zone;

/*
 * What to do with a message that came in.  Decides and writes the answer, but
 * sends and asks nothing: the sockets are in dns.c, dns_tcp.c, dns_forward.c.
 */
enum dns_verdict { DNS_DROP, DNS_REPLY, DNS_FORWARD };

/* What is asked of: one network and its state. */
struct dns_view {
	const struct dns_zone *zone;
	bool internal;
	struct in_addr client; /* who asks */
	uint32_t random;       /* not 0; stirred with each shuffled answer */
};

/*
 * Judge the LEN bytes of MSG that came over UDP, or over TCP if STREAM.
 *
 * DNS_REPLY: the answer is in BUF (DNS_MESSAGE_MAX bytes), *ret_len long.
 * DNS_FORWARD: RET_QUERY is what was asked.
 */
enum dns_verdict dns_answer(struct dns_view *view, bool stream, const uint8_t *msg, size_t len,
			    struct dns_query *ret_query, uint8_t *buf, size_t *ret_len);

/* Write into BUF the answer that there will be none: RCODE to the MSG that QUERY was parsed from.
 */
size_t dns_answer_error(const uint8_t *msg, const struct dns_query *query, bool recursion,
			enum dns_rcode rcode, uint8_t *buf);

#endif
