// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "net/dns.h"
#include "net/dns_answer.h"
#include "net/dns_zone.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* An address of IPv4 in a record, and of a client. */
#define ADDR(a, b, c, d)                                                                           \
	{                                                                                          \
		.s6_addr = { [10] = 0xff, 0xff, a, b, c, d }                                       \
	}
#define CLIENT(a, b, c, d)                                                                         \
	{                                                                                          \
		htonl((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))                            \
	}
#define ADDR6                                                                                      \
	{                                                                                          \
		.s6_addr = { 0xfd, 0, 0, 1, [15] = 0x5a }                                          \
	}

static struct dns_zone *zone;
static uint8_t out[DNS_MESSAGE_MAX];

/* A query for NAME with id 0x1234 and RD; returns its length. */
static size_t make_query(uint8_t *msg, const char *name, unsigned type)
{
	static const uint8_t header[] = {0x12, 0x34, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0};
	size_t len = sizeof(header);
	const char *at = name;

	memcpy(msg, header, len);
	while (*at) {
		size_t label = strcspn(at, ".");

		msg[len++] = (uint8_t)label;
		memcpy(msg + len, at, label);
		len += label;
		at += label + (at[label] == '.');
	}
	msg[len++] = 0;
	dns_put16(msg + len, type);
	dns_put16(msg + len + 2, 1);
	return len + 4;
}

static size_t add_opt(uint8_t *msg, size_t len, unsigned udp_max, uint8_t version)
{
	uint8_t opt[11] = {0, 0, DNS_TYPE_OPT};

	dns_put16(opt + 3, udp_max);
	opt[6] = version;
	memcpy(msg + len, opt, sizeof(opt));
	dns_put16(msg + 10, dns_get16(msg + 10) + 1U);
	return len + sizeof(opt);
}

static enum dns_verdict ask_view(bool internal, bool stream, const uint8_t *msg, size_t len,
				 size_t *ret_len)
{
	struct dns_view view = {.zone = zone, .internal = internal, .random = 99};
	struct dns_query query;

	return dns_answer(&view, stream, msg, len, &query, out, ret_len);
}

static void assert_reply(const uint8_t *msg, size_t len, enum dns_rcode rcode, unsigned n_answers)
{
	size_t reply_len = 0;

	assert_int_equal(ask_view(false, false, msg, len, &reply_len), DNS_REPLY);
	assert_int_equal(dns_get16(out), 0x1234);
	assert_true(out[2] & 0x80);
	assert_int_equal(dns_get_rcode(out), rcode);
	assert_int_equal(dns_get16(out + 6), n_answers);
}

static void a_known_name_has_its_address_in_any_case(void **state)
{
	static const uint8_t expected[] = {0xc0, 0x0c,	    0, 1, 0,  1, 0, 0,
					   0,	 DNS_TTL_S, 0, 4, 10, 0, 0, 5};
	uint8_t msg[512];
	size_t len = make_query(msg, "WeB.Back", DNS_TYPE_A);

	assert_reply(msg, len, DNS_NOERROR, 1);
	assert_memory_equal(out + DNS_HEADER_LEN, msg + DNS_HEADER_LEN, len - DNS_HEADER_LEN);
	assert_memory_equal(out + len, expected, sizeof(expected));
	assert_int_equal(out[2] & 0x07, 0x05); /* AA, RD, not TC */
	assert_int_equal(out[3] & 0x80, 0x80); /* RA */
}

static void a_known_name_has_no_other_types(void **state)
{
	uint8_t msg[512];

	assert_reply(msg, make_query(msg, "web", 28), DNS_NOERROR, 0);
	assert_reply(msg, make_query(msg, "web", 15), DNS_NOERROR, 0);
}

static void a_name_of_both_families_has_each_by_its_type(void **state)
{
	static const uint8_t expected[] = {0xc0, 0x0c,	    0, 28, 0,	 1, 0, 0,
					   0,	 DNS_TTL_S, 0, 16, 0xfd, 0, 0, 1};
	uint8_t msg[512];
	size_t len = make_query(msg, "both", DNS_TYPE_AAAA);

	assert_reply(msg, len, DNS_NOERROR, 1);
	assert_memory_equal(out + len, expected, sizeof(expected));
	assert_int_equal(out[len + 27], 0x5a);
	assert_reply(msg, make_query(msg, "both", DNS_TYPE_A), DNS_NOERROR, 1);
	assert_int_equal(out[len + 15], 8);
	assert_reply(msg, make_query(msg, "both", DNS_TYPE_ANY), DNS_NOERROR, 2);
}

static void an_ipv6_address_has_its_name(void **state)
{
	static const char good[] =
		"a.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.0.d.F.ip6.arpa";
	uint8_t msg[512];
	size_t len = make_query(msg, good, DNS_TYPE_PTR), reply_len;

	assert_reply(msg, len, DNS_NOERROR, 1);
	assert_memory_equal(out + len + 12, "\4both", 6);
	for (const char *bad = good + 2; bad < good + 8; bad += 2) {
		len = make_query(msg, bad, DNS_TYPE_PTR);
		assert_int_equal(ask_view(false, false, msg, len, &reply_len), DNS_FORWARD);
	}
}

static void an_address_has_its_first_name(void **state)
{
	uint8_t msg[512];
	size_t len = make_query(msg, "5.0.0.10.in-addr.arpa", DNS_TYPE_PTR);

	assert_reply(msg, len, DNS_NOERROR, 1);
	assert_memory_equal(out + len + 12, "\3web", 5);
	assert_reply(msg, make_query(msg, "5.0.0.10.IN-ADDR.arpa", DNS_TYPE_A), DNS_NOERROR, 0);
}

static void other_names_are_forwarded_or_refused(void **state)
{
	static const char *const names[] = {"example.org",
					    "we",
					    "webx",
					    "9.0.0.10.in-addr.arpa",
					    "05.0.0.10.in-addr.arpa",
					    "0.0.10.in-addr.arpa"};
	uint8_t msg[512];
	size_t reply_len;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = make_query(msg, names[i], DNS_TYPE_A);

		assert_int_equal(ask_view(false, false, msg, len, &reply_len), DNS_FORWARD);
		assert_int_equal(ask_view(true, false, msg, len, &reply_len), DNS_REPLY);
		assert_int_equal(dns_get_rcode(out), DNS_REFUSED);
		assert_int_equal(out[3] & 0x80, 0);
	}
	assert_int_equal(ask_view(true, false, msg, make_query(msg, "web", 1), &reply_len),
			 DNS_REPLY);
	assert_int_equal(dns_get_rcode(out), DNS_NOERROR);
}

static void our_own_domain_is_asked_of_nobody(void **state)
{
	uint8_t msg[512];

	assert_reply(msg, make_query(msg, "x.shop.Stack.Internal", DNS_TYPE_A), DNS_NXDOMAIN, 0);
	assert_reply(msg, make_query(msg, "stack.internal", DNS_TYPE_A), DNS_NXDOMAIN, 0);
	assert_int_equal(
		ask_view(false, false, msg, make_query(msg, "haystack.internal", 1), &(size_t){0}),
		DNS_FORWARD);
	assert_int_equal(ask_view(false, false, msg,
				  make_query(msg, "a\5stack\10internal.example", 1), &(size_t){0}),
			 DNS_FORWARD);
}

static void many_addresses_are_shuffled_and_cut_to_size(void **state)
{
	struct dns_view view = {.zone = zone, .random = 5};
	unsigned firsts[100] = {0}, n_firsts = 0;
	struct dns_query query;
	size_t len, reply_len;
	uint8_t msg[512];

	len = make_query(msg, "many", DNS_TYPE_A);
	for (size_t i = 0; i < 200; i++) {
		dns_answer(&view, false, msg, len, &query, out, &reply_len);
		assert_in_range(reply_len, 450, DNS_UDP_MIN);
		assert_true(out[2] & 0x02);
		firsts[out[len + 15]]++;
	}
	for (size_t i = 0; i < 100; i++)
		n_firsts += firsts[i] > 0;
	assert_in_range(n_firsts, 50, 100);

	dns_answer(&view, true, msg, len, &query, out, &reply_len);
	assert_int_equal(dns_get16(out + 6), 100);
	assert_false(out[2] & 0x02);
	memset(firsts, 0, sizeof(firsts));
	for (size_t i = 0; i < 100; i++)
		firsts[out[len + i * DNS_RECORD_LEN(4) + 15]]++;
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(firsts[i], 1);
}

static void edns_is_answered_in_kind(void **state)
{
	uint8_t msg[512];
	size_t len, reply_len;

	len = add_opt(msg, make_query(msg, "many", 1), 4096, 0);
	assert_int_equal(ask_view(false, false, msg, len, &reply_len), DNS_REPLY);
	assert_in_range(reply_len, 1100, DNS_UDP_MAX);
	assert_int_equal(dns_get16(out + 10), 1);
	assert_int_equal(dns_get16(out + reply_len - 10), DNS_TYPE_OPT);

	/* RFC 6891 6.1.3: an unknown version is BADVERS, 16, whose 1 is in the OPT record. */
	len = add_opt(msg, make_query(msg, "web", 1), 4096, 1);
	assert_int_equal(ask_view(false, false, msg, len, &reply_len), DNS_REPLY);
	assert_int_equal(out[reply_len - 6], 1);

	len = add_opt(msg, add_opt(msg, make_query(msg, "web", 1), 512, 0), 512, 0);
	assert_reply(msg, len, DNS_FORMERR, 0);
}

static void what_is_no_query_is_dropped(void **state)
{
	uint8_t msg[512];
	size_t reply_len, len = make_query(msg, "web", 1);

	assert_int_equal(ask_view(false, false, msg, 11, &reply_len), DNS_DROP);
	msg[2] |= 0x80;
	assert_int_equal(ask_view(false, false, msg, len, &reply_len), DNS_DROP);
}

static void malformed_queries_get_an_error(void **state)
{
	uint8_t msg[512];
	size_t len = make_query(msg, "web", 1);

	for (size_t cut = DNS_HEADER_LEN; cut < len; cut++)
		assert_reply(msg, cut, DNS_FORMERR, 0);
	assert_reply(msg, len + 1, DNS_FORMERR, 0); /* something behind the question */
	msg[5] = 2;
	assert_reply(msg, len, DNS_FORMERR, 0);
	len = make_query(msg, "web", 1);
	msg[DNS_HEADER_LEN] = 0xc0; /* a pointer */
	assert_reply(msg, len, DNS_FORMERR, 0);
	len = make_query(msg, "web", 1);
	msg[2] |= 5 << 3; /* UPDATE */
	assert_reply(msg, len, DNS_NOTIMP, 0);
	assert_reply(msg, make_query(msg, "web", 252), DNS_REFUSED, 0);
	len = make_query(msg, "web", 1);
	msg[len - 1] = 3; /* CHAOS */
	assert_reply(msg, len, DNS_REFUSED, 0);
}

static void an_answer_has_to_fit_its_question(void **state)
{
	uint8_t sent[512], msg[512];
	struct dns_query query;
	enum dns_rcode rcode;
	size_t len = make_query(sent, "Example.org", 65);

	assert_int_equal(dns_query_parse(sent, len, &query, &rcode), DNS_PARSED);
	make_query(msg, "example.ORG", 65);
	assert_false(dns_answers(msg, len, sent, &query)); /* a question */
	msg[2] |= 0x80;
	assert_true(dns_answers(msg, len, sent, &query));
	assert_false(dns_answers(msg, len - 1, sent, &query));
	msg[1]++;
	assert_false(dns_answers(msg, len, sent, &query));
	msg[1]--;
	msg[DNS_HEADER_LEN + 1]++;
	assert_false(dns_answers(msg, len, sent, &query));
	/* 65 and 97 are 'A' and 'a', but types have no case. */
	make_query(msg, "example.org", 97);
	msg[2] |= 0x80;
	assert_false(dns_answers(msg, len, sent, &query));
}

static void impossible_names_are_refused_with_the_name(void **state)
{
	static const char *const names[] = {
		"",   ".",  "a..b",
		".a", "a.", "0123456789012345678901234567890123456789012345678901234567890123"};
	struct dns_zone *none = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct dns_record record = {names[i], ADDR(10, 0, 0, 1)};
		struct err err = ERR_INIT;

		assert_int_equal(dns_zone_new(&record, 1, NULL, &none, &err), -EINVAL);
		assert_non_null(strstr(err.msg, names[i]));
		assert_null(none);
	}
}

static void the_longest_name_fits(void **state)
{
	char text[255];
	struct dns_name name;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? '.' : 'a';
	text[253] = '\0';
	assert_int_equal(dns_name_from_text(text, &name), 0);
	assert_int_equal(name.len, DNS_NAME_MAX);
	text[253] = 'a';
	text[254] = '\0';
	assert_int_equal(dns_name_from_text(text, &name), -EINVAL);
}

static void a_name_for_one_client_is_hidden_from_others(void **state)
{
	struct dns_view view = {.zone = zone, .internal = true, .random = 99};
	struct dns_query query;
	uint8_t msg[512];
	size_t len = make_query(msg, "secret", DNS_TYPE_A), reply_len;

	view.client = (struct in_addr)CLIENT(10, 0, 0, 6);
	dns_answer(&view, false, msg, len, &query, out, &reply_len);
	assert_int_equal(dns_get_rcode(out), DNS_REFUSED);
	view.client = (struct in_addr)CLIENT(10, 0, 0, 5);
	dns_answer(&view, false, msg, len, &query, out, &reply_len);
	assert_int_equal(dns_get_rcode(out), DNS_NOERROR);
	assert_int_equal(dns_get16(out + 6), 1);
}

static void a_name_of_a_group_is_for_its_members(void **state)
{
	const struct dns_record records[] = {
		{"inner", ADDR(10, 1, 0, 5), .group = 2},
		{"inner", ADDR(10, 2, 0, 5), .group = 3},
	};
	const struct dns_member members[] = {
		{CLIENT(10, 0, 0, 9), 3}, {CLIENT(10, 0, 0, 5), 2}, {CLIENT(10, 0, 0, 9), 2}};
	const struct {
		struct in_addr client;
		uint16_t answers;
	} askers[] = {{CLIENT(10, 0, 0, 9), 2}, {CLIENT(10, 0, 0, 5), 1}, {CLIENT(10, 0, 0, 6), 0}};
	struct dns_zone *mine;
	struct dns_query query;
	uint8_t msg[512];
	size_t len = make_query(msg, "inner", DNS_TYPE_A), reply_len;

	assert_int_equal(dns_zone_new(records, 2, &(struct dns_members){members, 3}, &mine, NULL),
			 0);
	for (size_t i = 0; i < ARRAY_SIZE(askers); i++) {
		struct dns_view view = {.zone = mine, .internal = true, .random = 99};

		view.client = askers[i].client;
		dns_answer(&view, false, msg, len, &query, out, &reply_len);
		assert_int_equal(dns_get16(out + 6), askers[i].answers);
		assert_int_equal(dns_get_rcode(out), askers[i].answers ? DNS_NOERROR : DNS_REFUSED);
	}
	dns_zone_free(mine);
}

static int make_zone(void **state)
{
	struct dns_record records[107] = {
		{"web", ADDR(10, 0, 0, 5)},
		{"web.back", ADDR(10, 0, 0, 5)},
		{"WEB", ADDR(10, 0, 0, 5)}, /* the same again */
		{"db", ADDR(10, 0, 0, 6)},
	};

	for (uint32_t i = 0; i < 100; i++)
		records[4 + i] = (struct dns_record){"many", ADDR(10, 0, 1, i)};
	records[104] = (struct dns_record){"secret", ADDR(10, 9, 0, 1), CLIENT(10, 0, 0, 5)};
	records[105] = (struct dns_record){"both", ADDR(10, 0, 0, 8)};
	records[106] = (struct dns_record){"both", ADDR6};
	return dns_zone_new(records, 107, NULL, &zone, NULL);
}

static int drop_zone(void **state)
{
	dns_zone_free(zone);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_name_has_its_address_in_any_case),
		cmocka_unit_test(a_known_name_has_no_other_types),
		cmocka_unit_test(an_address_has_its_first_name),
		cmocka_unit_test(a_name_of_both_families_has_each_by_its_type),
		cmocka_unit_test(an_ipv6_address_has_its_name),
		cmocka_unit_test(other_names_are_forwarded_or_refused),
		cmocka_unit_test(our_own_domain_is_asked_of_nobody),
		cmocka_unit_test(many_addresses_are_shuffled_and_cut_to_size),
		cmocka_unit_test(edns_is_answered_in_kind),
		cmocka_unit_test(what_is_no_query_is_dropped),
		cmocka_unit_test(malformed_queries_get_an_error),
		cmocka_unit_test(an_answer_has_to_fit_its_question),
		cmocka_unit_test(a_name_for_one_client_is_hidden_from_others),
		cmocka_unit_test(a_name_of_a_group_is_for_its_members),
		cmocka_unit_test(impossible_names_are_refused_with_the_name),
		cmocka_unit_test(the_longest_name_fits),
	};

	return cmocka_run_group_tests(tests, make_zone, drop_zone);
}
