// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets that were good once: bits turned, bytes replaced, cut off, put in
 * twice, names that point in circles.  Whatever comes of it is answered with a
 * well-formed message, passed on, or dropped.
 *
 * The same packets in each run; STACK_TEST_SEED takes others.
 */
#include "net/dns.h"
#include "net/dns_answer.h"
#include "net/dns_zone.h"

#include "core/base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS	    1000000
#define SEED	    20240229
#define PACKET_MAX  700
#define CHANGES_MAX 6

static uint64_t random_state;

/* xorshift64: every platform draws the same. */
static uint32_t draw(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % below;
}

static const struct {
	const char *bytes;
	size_t len;
} good[] = {
#define PACKET(text)                                                                               \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
	/*
	 * web A; web AAAA; web.back A with EDNS; 5.0.0.10.in-addr.arpa PTR; example.org MX;
	 * the root, ANY
	 */
	PACKET("\x12\x34\1\0\0\1\0\0\0\0\0\0\3web\0\0\1\0\1"),
	PACKET("\x12\x34\1\0\0\1\0\0\0\0\0\0\4many\0\0\x1c\0\1"),
	PACKET("\x12\x34\1\0\0\1\0\0\0\0\0\1\3web\4back\0\0\1\0\1\0\0\x29\x04\xd0\0\0\0\0\0\0"),
	PACKET("\x12\x34\1\0\0\1\0\0\0\0\0\0\1"
	       "5\1"
	       "0\1"
	       "0\2"
	       "10\7in-addr\4arpa\0\0\x0c\0\1"),
	PACKET("\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3org\0\0\x0f\0\1"),
	PACKET("\x12\x34\1\0\0\1\0\0\0\0\0\0\0\0\xff\0\1"),
	/* example.org A, its answer by a pointer */
	PACKET("\x12\x34\x81\x80\0\1\0\1\0\0\0\0\7example\3org\0\0\1\0\1"
	       "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"),
};

static void change(uint8_t *msg, size_t *len)
{
	size_t at = *len ? draw((uint32_t)*len) : 0, n;

	if (*len == 0)
		return;
	switch (draw(6)) {
	case 0:
		msg[at] ^= (uint8_t)(1u << draw(8));
		break;
	case 1:
		msg[at] = (uint8_t)draw(256);
		break;
	case 2: /* a pointer */
		msg[at] = 0xc0;
		break;
	case 3:
		*len = at;
		break;
	case 4: /* a piece, twice */
		n = draw((uint32_t)(*len - at)) + 1;
		if (*len + n <= PACKET_MAX) {
			memmove(msg + at + n, msg + at, *len - at);
			*len += n;
		}
		break;
	default: /* counts */
		if (*len > 11)
			msg[4 + draw(8)] = (uint8_t)draw(4);
	}
}

static struct dns_zone *make_zone(void)
{
	const struct in6_addr web = dns_mapped((struct in_addr){0x0500000a});
	struct dns_record records[42] = {{"web", web, {0}}, {"web.back", web, {0}}};
	struct dns_zone *zone = NULL;

	for (uint32_t i = 2; i < ARRAY_SIZE(records); i++) {
		records[i] = (struct dns_record){.name = "many", .addr = web};
		records[i].addr.s6_addr[i % 2 ? 15 : 0] = (uint8_t)i;
	}
	assert_int_equal(dns_zone_new(records, ARRAY_SIZE(records), NULL, &zone, NULL), 0);
	return zone;
}

/* Room of exactly LEN, so that a sanitizer sees one byte too far. */
static void feed(struct dns_view *view, const uint8_t *bytes, size_t len)
{
	static uint8_t out[DNS_MESSAGE_MAX];
	CLEANUP_FREE uint8_t *msg = malloc(len ? len : 1);
	struct dns_query query;
	bool stream = draw(2);
	size_t out_len = 0;

	memcpy(msg, bytes, len);
	view->internal = draw(2);
	switch (dns_answer(view, stream, msg, len, &query, out, &out_len)) {
	case DNS_DROP:
		break;
	case DNS_REPLY:
		assert_true(out_len >= DNS_HEADER_LEN && (stream || out_len <= DNS_UDP_MAX));
		assert_true(out[2] & 0x80);
		assert_memory_equal(out, msg, 2);
		break;
	case DNS_FORWARD:
		assert_false(view->internal);
		/* What an upstream sends back may be anything. */
		(void)dns_answers(bytes, len, msg, &query);
		out_len = dns_answer_error(msg, &query, true, DNS_SERVFAIL, out);
		assert_true(dns_answers(out, out_len, msg, &query));
		out[draw(2)] ^= 1;
		assert_false(dns_answers(out, out_len, msg, &query));
	}
}

static void mutated_packets_do_no_harm(void **state)
{
	const char *seed = getenv("STACK_TEST_SEED");
	struct dns_zone *zone = make_zone();
	struct dns_view view = {.zone = zone, .random = 7};

	random_state = seed ? strtoull(seed, NULL, 10) | 1 : SEED;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint8_t msg[PACKET_MAX];
		size_t which = draw(ARRAY_SIZE(good)), len = good[which].len;

		memcpy(msg, good[which].bytes, len);
		for (uint32_t n = draw(CHANGES_MAX); n > 0; n--)
			change(msg, &len);
		feed(&view, msg, len);
	}
	dns_zone_free(zone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(mutated_packets_do_no_harm)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
