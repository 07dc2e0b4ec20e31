// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_DNS_WIRE_H
#define STACK_NET_DNS_WIRE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * DNS on the wire (RFC 1035 section 4, RFC 6891): just what a server of A, AAAA
 * and PTR records that forwards the rest has to understand.  Nothing here
 * allocates, and any bytes may be given to the parsers.
 */
#define DNS_HEADER_LEN	12
#define DNS_NAME_MAX	255
#define DNS_MESSAGE_MAX 65535
#define DNS_UDP_MIN	512  /* what every client takes (RFC 1035 4.2.1) */
#define DNS_UDP_MAX	1232 /* what passes IPv6's minimum MTU in one piece */

enum dns_type {
	DNS_TYPE_A = 1,
	DNS_TYPE_PTR = 12,
	DNS_TYPE_AAAA = 28,
	DNS_TYPE_OPT = 41,
	DNS_TYPE_ANY = 255
};

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,
	DNS_BADVERS = 16, /* needs the OPT record's upper bits */
};

/* A name as it is sent, with lower-case letters: labels behind their lengths, the root's 0 last. */
struct dns_name {
	uint8_t len;
	uint8_t wire[DNS_NAME_MAX];
};

/* -EINVAL: an empty label, one over 63 bytes, over 253 bytes in all. */
int dns_name_from_text(const char *text, struct dns_name *ret_name);

/* Is NAME below DOMAIN, or the same? */
bool dns_name_is_below(const struct dns_name *name, const struct dns_name *domain);

/*
 * Is NAME d.c.b.a.in-addr.arpa, or 32 hexadecimal digits and ip6.arpa?  Then
 * RET_ADDR is that address, of IPv4 as dns_mapped() has it.
 */
bool dns_name_to_addr(const struct dns_name *name, struct in6_addr *ret_addr);

struct dns_query {
	struct dns_name name;
	uint16_t type, class;
	size_t question_end; /* bytes of the message up to the end of its question */
	bool edns;
	uint16_t udp_max; /* the longest answer over UDP that the client takes */
};

enum dns_parsed {
	DNS_PARSED,	/* one question, opcode QUERY */
	DNS_PARSE_DROP, /* no DNS query at all; an answer to it could make a loop */
	DNS_PARSE_BAD,	/* answer with *ret_rcode; question_end is DNS_HEADER_LEN or more */
};

/* Read a query of LEN bytes.  RET_RCODE is set for DNS_PARSE_BAD only. */
enum dns_parsed dns_query_parse(const uint8_t *msg, size_t len, struct dns_query *ret_query,
				enum dns_rcode *ret_rcode);

/*
 * An answer under construction:
 *
 *	dns_reply_begin(&reply, buf, size, msg, &query);
 *	reply.authoritative = true;
 *	dns_reply_add(&reply, DNS_TYPE_A, ttl_s, &addr, sizeof(addr));
 *	len = dns_reply_end(&reply, DNS_NOERROR);
 */
struct dns_reply {
	uint8_t *buf;
	size_t len, size;
	const struct dns_query *query;
	uint16_t n_answers;
	bool truncated, authoritative, recursion;
};

/* SIZE is at least DNS_UDP_MIN.  MSG is what QUERY was parsed from. */
void dns_reply_begin(struct dns_reply *ret_reply, uint8_t *buf, size_t size, const uint8_t *msg,
		     const struct dns_query *query);

/* One record for the name that was asked.  What does not fit is left out, and the reply says so. */
void dns_reply_add(struct dns_reply *reply, enum dns_type type, uint32_t ttl_s, const void *rdata,
		   size_t len);

/* Returns the length of the finished message. */
size_t dns_reply_end(struct dns_reply *reply, enum dns_rcode rcode);

/* How long dns_reply_add() makes a record with LEN bytes of data, for shuffling them. */
#define DNS_RECORD_LEN(len) (12 + (len))

static inline uint16_t dns_get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void dns_put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline enum dns_rcode dns_get_rcode(const uint8_t *msg)
{
	return (enum dns_rcode)(msg[3] & 0x0f);
}

/* Is MSG an answer to the question of SENT (parsed as QUERY), with SENT's id? */
bool dns_answers(const uint8_t *msg, size_t len, const uint8_t *sent,
		 const struct dns_query *query);

#endif
