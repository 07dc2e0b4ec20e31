// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/dns_answer.h"

#include "core/base/cleanup.h"
#include "net/dns.h"
#include "net/dns_zone.h"

#include <string.h>

enum { CLASS_IN = 1, CLASS_ANY = 255 };
enum { TYPE_IXFR = 251, TYPE_AXFR = 252 };

/* xorshift32: spreads load, keeps no secret. */
static uint32_t stir(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Fisher-Yates over N finished records of SIZE bytes each. */
static void shuffle(uint8_t *records, size_t n, size_t size, uint32_t *random)
{
	uint8_t spare[DNS_RECORD_LEN(sizeof(struct in6_addr))];

	for (size_t i = n; i > 1; i--) {
		uint8_t *a = records + (i - 1) * size;
		uint8_t *b = records + stir(random) % i * size;

		memcpy(spare, a, size);
		memmove(a, b, size);
		memcpy(b, spare, size);
	}
}

/* The addresses of one family among N entries from FIRST on: as TYPE says, A or AAAA. */
static void add_addresses(struct dns_reply *reply, enum dns_type type,
			  const struct dns_zone_entry *first, size_t n, struct dns_view *view)
{
	/* Started anywhere, so that where not all fit everyone has its turn. */
	size_t start = n > 1 ? stir(&view->random) % n : 0, before = reply->n_answers;
	size_t len = type == DNS_TYPE_A ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	uint8_t *records = reply->buf + reply->len;

	for (size_t i = 0; i < n && !reply->truncated; i++) {
		const struct dns_zone_entry *entry = &first[(start + i) % n];
		bool is_v4 = IN6_IS_ADDR_V4MAPPED(&entry->addr);

		/* A mapped address has the other one at its end. */
		if (is_v4 == (type == DNS_TYPE_A) &&
		    dns_zone_shows(view->zone, entry, view->client))
			dns_reply_add(reply, type, DNS_TTL_S,
				      &entry->addr.s6_addr[sizeof(entry->addr) - len], len);
	}
	shuffle(records, reply->n_answers - before, DNS_RECORD_LEN(len), &view->random);
}

/* The first of N entries that who asks may know; NULL: none. */
static const struct dns_zone_entry *first_visible(const struct dns_view *view,
						  const struct dns_zone_entry *first, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (dns_zone_shows(view->zone, &first[i], view->client))
			return &first[i];
	return NULL;
}

size_t dns_answer_error(const uint8_t *msg, const struct dns_query *query, bool recursion,
			enum dns_rcode rcode, uint8_t *buf)
{
	struct dns_reply reply;

	dns_reply_begin(&reply, buf, DNS_UDP_MIN, msg, query);
	reply.recursion = recursion;
	return dns_reply_end(&reply, rcode);
}

/* Is there an answer of our own?  Then it is in REPLY. */
static bool answer_ours(struct dns_view *view, struct dns_reply *reply)
{
	const struct dns_query *query = reply->query;
	const struct dns_zone_entry *entry;
	static const enum dns_type families[] = {DNS_TYPE_A, DNS_TYPE_AAAA};
	struct in6_addr addr;
	size_t n;

	reply->authoritative = true;
	n = dns_zone_find(view->zone, &query->name, &entry);
	if (first_visible(view, entry, n)) {
		for (size_t i = 0; i < ARRAY_SIZE(families); i++)
			if (query->type == families[i] || query->type == DNS_TYPE_ANY)
				add_addresses(reply, families[i], entry, n, view);
		return true;
	}
	if (!dns_name_to_addr(&query->name, &addr))
		return false;
	n = dns_zone_find_addr(view->zone, &addr, &entry);
	entry = first_visible(view, entry, n);
	if (!entry)
		return false;
	if (query->type == DNS_TYPE_PTR || query->type == DNS_TYPE_ANY)
		dns_reply_add(reply, DNS_TYPE_PTR, DNS_TTL_S, entry->name, entry->name_len);
	return true;
}

/* What is below our own domain nobody else knows; and who asks us back would make a loop. */
static bool is_of_our_domain(const struct dns_query *query)
{
	struct dns_name domain;

	return dns_name_from_text(DNS_HOST_DOMAIN, &domain) == 0 &&
	       dns_name_is_below(&query->name, &domain);
}

enum dns_verdict dns_answer(struct dns_view *view, bool stream, const uint8_t *msg, size_t len,
			    struct dns_query *ret_query, uint8_t *buf, size_t *ret_len)
{
	enum dns_rcode rcode = DNS_NOERROR;
	struct dns_reply reply;

	switch (dns_query_parse(msg, len, ret_query, &rcode)) {
	case DNS_PARSE_DROP:
		return DNS_DROP;
	case DNS_PARSE_BAD:
		break;
	case DNS_PARSED:
		/* A zone transfer is a stream of messages, which forwarding does not know. */
		if (ret_query->type == TYPE_AXFR || ret_query->type == TYPE_IXFR ||
		    (ret_query->class != CLASS_IN && ret_query->class != CLASS_ANY)) {
			rcode = DNS_REFUSED;
			break;
		}
		dns_reply_begin(&reply, buf, stream ? DNS_MESSAGE_MAX : ret_query->udp_max, msg,
				ret_query);
		reply.recursion = !view->internal;
		if (answer_ours(view, &reply)) {
			*ret_len = dns_reply_end(&reply, DNS_NOERROR);
			return DNS_REPLY;
		}
		if (is_of_our_domain(ret_query))
			rcode = DNS_NXDOMAIN;
		else if (!view->internal)
			return DNS_FORWARD;
		else
			rcode = DNS_REFUSED;
		break;
	}
	*ret_len = dns_answer_error(msg, ret_query, !view->internal, rcode, buf);
	return DNS_REPLY;
}
