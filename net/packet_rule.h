// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_PACKET_RULE_H
#define STACK_NET_PACKET_RULE_H

#include "net/cidr.h"

#include <net/if.h>

/*
 * Packet rule: one rule of a packet filter, whichever it is
 *
 * What is zero does not matter to the rule.  Its addresses are all of one family,
 * that of the plan it belongs to; a prefix of length 0 is no condition.
 */
enum packet_action {
	PACKET_ACCEPT,
	PACKET_DROP,
	PACKET_RETURN,
	PACKET_MASQUERADE,
	PACKET_DNAT, /* to `to`, ports from `to_port` on */
	PACKET_JUMP, /* to the chain `target` */
};

enum packet_state {
	PACKET_ESTABLISHED = 1, /* belongs to a known flow, or is about one (RELATED) */
	PACKET_TRANSLATED = 2,	/* its destination was translated */
};

#define PACKET_CHAIN_SIZE   32 /* the kernel's XT_TABLE_MAXNAMELEN */
#define PACKET_COMMENT_SIZE 160

struct packet_link {
	char name[IFNAMSIZ];
	bool invert;
};

struct packet_prefix {
	struct cidr cidr;
	bool invert;
};

struct packet_rule {
	struct packet_link in, out;
	struct packet_prefix src, dst;
	uint8_t protocol;
	uint16_t first_port, last_port; /* destination; host byte order */
	bool src_local, dst_local;	/* is it an address of this host? */
	unsigned int one_of;		/* 2 or more: every so many-th new flow, at random */
	unsigned int states; /* enum packet_state, one of them: filters differ with more */
	enum packet_action action;
	char target[PACKET_CHAIN_SIZE];
	struct cidr to;
	uint16_t to_port;
	char comment[PACKET_COMMENT_SIZE];
};

#endif
