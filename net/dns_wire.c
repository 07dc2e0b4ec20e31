// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/dns_wire.h"

#include "net/dns.h"

#include <errno.h>
#include <string.h>

#define LABEL_MAX   63
#define POINTER	    0xc0 /* the upper two bits of a length byte */
#define OPT_LEN	    11	 /* the root, then type, class, TTL and length of no options */
#define RR_TAIL_LEN 10	 /* type, class, TTL, length: what follows the name of a record */

/* Byte 2 and 3 of the header. */
enum { FLAG_QR = 0x80, FLAGS_OPCODE = 0x78, FLAG_AA = 0x04, FLAG_TC = 0x02, FLAG_RD = 0x01 };
enum { FLAG_RA = 0x80, FLAG_CD = 0x10 };

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

int dns_name_from_text(const char *text, struct dns_name *ret_name)
{
	struct dns_name name = {0};

	for (;;) {
		size_t label = strcspn(text, ".");

		if (label == 0 || label > LABEL_MAX || name.len + label + 2 > DNS_NAME_MAX)
			return -EINVAL;
		name.wire[name.len++] = (uint8_t)label;
		for (size_t i = 0; i < label; i++)
			name.wire[name.len++] = lower((uint8_t)text[i]);
		if (!text[label])
			break;
		text += label + 1;
	}
	name.wire[name.len++] = 0;
	*ret_name = name;
	return 0;
}

/* One label of decimal digits without leading zeros, up to 255; 0 or -EINVAL. */
static int octet_parse(const uint8_t *label, uint8_t *ret_octet)
{
	unsigned value = 0;

	if (label[0] < 1 || label[0] > 3 || (label[0] > 1 && label[1] == '0'))
		return -EINVAL;
	for (size_t i = 1; i <= label[0]; i++) {
		if (label[i] < '0' || label[i] > '9')
			return -EINVAL;
		value = value * 10 + (unsigned)(label[i] - '0');
	}
	if (value > 255)
		return -EINVAL;
	*ret_octet = (uint8_t)value;
	return 0;
}

bool dns_name_is_below(const struct dns_name *name, const struct dns_name *domain)
{
	/* Label by label: the end of one label may look like another one. */
	for (size_t at = 0; at < name->len; at += name->wire[at] + 1u)
		if (name->len - at == domain->len)
			return memcmp(name->wire + at, domain->wire, domain->len) == 0;
	return false;
}

/* Is SUFFIX, of SIZE bytes with its NUL, all of NAME from AT on? */
static bool ends_in(const struct dns_name *name, const uint8_t *at, const uint8_t *suffix,
		    size_t size)
{
	return (size_t)(name->wire + name->len - at) == size && memcmp(at, suffix, size) == 0;
}

static bool name_to_addr4(const struct dns_name *name, struct in_addr *ret_addr)
{
	static const uint8_t suffix[] = "\7in-addr\4arpa";
	const uint8_t *at = name->wire;
	uint8_t octets[4];

	for (size_t i = 4; i-- > 0; at += at[0] + 1) {
		if (octet_parse(at, &octets[i]) < 0)
			return false;
	}
	if (!ends_in(name, at, suffix, sizeof(suffix)))
		return false;
	memcpy(&ret_addr->s_addr, octets, sizeof(octets));
	return true;
}

/* A label of one hexadecimal digit; -EINVAL. */
static int nibble_parse(const uint8_t *label)
{
	if (label[0] != 1)
		return -EINVAL;
	if (label[1] >= '0' && label[1] <= '9')
		return label[1] - '0';
	return label[1] >= 'a' && label[1] <= 'f' ? label[1] - 'a' + 10 : -EINVAL;
}

static bool name_to_addr6(const struct dns_name *name, struct in6_addr *ret_addr)
{
	static const uint8_t suffix[] = "\3ip6\4arpa";
	const uint8_t *at = name->wire;
	struct in6_addr addr;

	for (size_t i = sizeof(addr); i-- > 0; at += 4) {
		int low = nibble_parse(at), high = low < 0 ? low : nibble_parse(at + 2);

		if (high < 0)
			return false;
		addr.s6_addr[i] = (uint8_t)(high << 4 | low);
	}
	if (!ends_in(name, at, suffix, sizeof(suffix)))
		return false;
	*ret_addr = addr;
	return true;
}

struct in6_addr dns_mapped(struct in_addr addr)
{
	struct in6_addr mapped = {.s6_addr = {[10] = 0xff, [11] = 0xff}};

	memcpy(&mapped.s6_addr[12], &addr, sizeof(addr));
	return mapped;
}

bool dns_name_to_addr(const struct dns_name *name, struct in6_addr *ret_addr)
{
	struct in_addr addr;

	if (!name_to_addr4(name, &addr))
		return name_to_addr6(name, ret_addr);
	*ret_addr = dns_mapped(addr);
	return true;
}

/* The name at *OFFSET, which moves behind it.  Pointers are not taken: a question has nothing
 * before it to point at. */
static int name_parse(const uint8_t *msg, size_t len, size_t *offset, struct dns_name *ret_name)
{
	size_t at = *offset, n = 0;

	while (at < len && msg[at] != 0) {
		size_t label = msg[at];

		if (label > LABEL_MAX || label >= len - at || n + label + 2 > DNS_NAME_MAX)
			return -EINVAL;
		for (size_t i = 0; i <= label; i++)
			ret_name->wire[n++] = lower(msg[at++]);
	}
	if (at >= len)
		return -EINVAL;
	ret_name->wire[n++] = 0;
	ret_name->len = (uint8_t)n;
	*offset = at + 1;
	return 0;
}

/* Move *OFFSET over the name of a record, which may end in a pointer. */
static int name_skip(const uint8_t *msg, size_t len, size_t *offset)
{
	size_t at = *offset;

	while (at < len && msg[at] != 0 && (msg[at] & POINTER) != POINTER) {
		if (msg[at] > LABEL_MAX)
			return -EINVAL;
		at += msg[at] + 1U;
	}
	if (at >= len)
		return -EINVAL;
	at += msg[at] == 0 ? 1 : 2;
	*offset = at;
	return at <= len ? 0 : -EINVAL;
}

/* The additional records of a query: OPT counts, others (a signature) are for the next server. */
static enum dns_rcode additional_parse(const uint8_t *msg, size_t len, struct dns_query *query)
{
	size_t offset = query->question_end;
	unsigned version = 0;

	for (unsigned left = dns_get16(msg + 10); left > 0; left--) {
		size_t name = offset;
		const uint8_t *tail;

		if (name_skip(msg, len, &offset) < 0 || len - offset < RR_TAIL_LEN)
			return DNS_FORMERR;
		tail = msg + offset;
		offset += RR_TAIL_LEN + (size_t)dns_get16(tail + 8);
		if (offset > len)
			return DNS_FORMERR;
		if (dns_get16(tail) != DNS_TYPE_OPT)
			continue;
		if (query->edns || msg[name] != 0)
			return DNS_FORMERR;
		query->edns = true;
		query->udp_max = dns_get16(tail + 2);
		version = tail[5];
	}
	if (query->udp_max < DNS_UDP_MIN)
		query->udp_max = DNS_UDP_MIN;
	if (query->udp_max > DNS_UDP_MAX)
		query->udp_max = DNS_UDP_MAX;
	if (offset != len)
		return DNS_FORMERR;
	return version == 0 ? DNS_NOERROR : DNS_BADVERS;
}

enum dns_parsed dns_query_parse(const uint8_t *msg, size_t len, struct dns_query *ret_query,
				enum dns_rcode *ret_rcode)
{
	size_t offset = DNS_HEADER_LEN;

	*ret_query = (struct dns_query){.question_end = DNS_HEADER_LEN};
	if (len < DNS_HEADER_LEN || (msg[2] & FLAG_QR))
		return DNS_PARSE_DROP;
	*ret_rcode = DNS_NOTIMP;
	if (msg[2] & FLAGS_OPCODE)
		return DNS_PARSE_BAD;
	*ret_rcode = DNS_FORMERR;
	/* One question, no answer and no authority records. */
	if (dns_get16(msg + 4) != 1 || dns_get16(msg + 6) != 0 || dns_get16(msg + 8) != 0)
		return DNS_PARSE_BAD;
	if (name_parse(msg, len, &offset, &ret_query->name) < 0 || len - offset < 4)
		return DNS_PARSE_BAD;
	ret_query->type = dns_get16(msg + offset);
	ret_query->class = dns_get16(msg + offset + 2);
	ret_query->question_end = offset + 4;
	*ret_rcode = additional_parse(msg, len, ret_query);
	return *ret_rcode == DNS_NOERROR ? DNS_PARSED : DNS_PARSE_BAD;
}

void dns_reply_begin(struct dns_reply *ret_reply, uint8_t *buf, size_t size, const uint8_t *msg,
		     const struct dns_query *query)
{
	*ret_reply = (struct dns_reply){
		.buf = buf,
		.len = query->question_end,
		.size = size - (query->edns ? OPT_LEN : 0),
		.query = query,
	};
	/* The client gets its own spelling of the name back (it may have drawn it at random). */
	memcpy(buf, msg, query->question_end);
	buf[2] = FLAG_QR | (msg[2] & (FLAGS_OPCODE | FLAG_RD));
	buf[3] = msg[3] & FLAG_CD;
}

void dns_reply_add(struct dns_reply *reply, enum dns_type type, uint32_t ttl_s, const void *rdata,
		   size_t len)
{
	uint8_t *at = reply->buf + reply->len;
	size_t need = 2 + RR_TAIL_LEN + len;

	if (need > reply->size - reply->len) {
		reply->truncated = true;
		return;
	}
	dns_put16(at, POINTER << 8 | DNS_HEADER_LEN); /* the name of the question */
	dns_put16(at + 2, type);
	dns_put16(at + 4, 1); /* IN */
	dns_put16(at + 6, ttl_s >> 16);
	dns_put16(at + 8, ttl_s);
	dns_put16(at + 10, (unsigned)len);
	memcpy(at + 12, rdata, len);
	reply->len += need;
	reply->n_answers++;
}

size_t dns_reply_end(struct dns_reply *reply, enum dns_rcode rcode)
{
	uint8_t *buf = reply->buf;

	buf[2] |= (reply->authoritative ? FLAG_AA : 0) | (reply->truncated ? FLAG_TC : 0);
	buf[3] |= (reply->recursion ? FLAG_RA : 0) | (rcode & 0x0f);
	dns_put16(buf + 4, reply->query->question_end > DNS_HEADER_LEN);
	dns_put16(buf + 6, reply->n_answers);
	dns_put16(buf + 8, 0);
	dns_put16(buf + 10, reply->query->edns);
	if (reply->query->edns) {
		uint8_t *opt = buf + reply->len;

		memset(opt, 0, OPT_LEN);
		dns_put16(opt + 1, DNS_TYPE_OPT);
		dns_put16(opt + 3, DNS_UDP_MAX);
		opt[5] = (uint8_t)(rcode >> 4);
		reply->len += OPT_LEN;
	}
	return reply->len;
}

bool dns_answers(const uint8_t *msg, size_t len, const uint8_t *sent, const struct dns_query *query)
{
	size_t name_end = query->question_end - 4;

	if (len < query->question_end || memcmp(msg, sent, 2) != 0 || !(msg[2] & FLAG_QR) ||
	    (msg[2] & FLAGS_OPCODE) || dns_get16(msg + 4) != 1)
		return false;
	for (size_t i = DNS_HEADER_LEN; i < name_end; i++) {
		if (lower(msg[i]) != lower(sent[i]))
			return false;
	}
	return memcmp(msg + name_end, sent + name_end, 4) == 0;
}
