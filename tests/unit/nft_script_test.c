// SPDX-License-Identifier: GPL-2.0-or-later
/* What nftables is told: pure, so that hostile names need no kernel. */
#include "net/nft_script.h"
#include "netlab.h"

#include <errno.h>
#include <string.h>

static struct firewall_network network = {.name = "shop_default", .bridge = "sb0123"};
static struct firewall_port port = {
	.service = "web", .bridge = "sb0123", .protocol = IPPROTO_TCP, .count = 1};

struct text {
	struct strbuf script;
	char comment[NFT_COMMENT_MAX + 1];
	int r;
	struct err err;
};

static struct text write_script(size_t n_ports)
{
	const struct firewall_port ports[] = {port, port, port};
	const struct firewall_rules rules = {"shop", &network, 1, ports, n_ports};
	struct text text = {.script = STRBUF_INIT, .err = ERR_INIT};
	struct firewall_plan plan;

	firewall_plan_compute(SHOP, &rules, cidr_family(&network.subnet), &plan);
	text.r = nft_script(&plan, SHOP, "shop", &text.script, text.comment, &text.err);
	firewall_plan_release(&plan);
	return text;
}

static void assert_has(const char *expected, size_t n_ports)
{
	struct text text = write_script(n_ports);

	assert_int_equal(text.r, 0);
	if (!strstr(text.script.text, expected))
		fail_msg("no '%s' in:\n%s", expected, text.script.text);
	strbuf_release(&text.script);
}

static void test_ports(void **state)
{
	network.subnet = prefix("10.9.0.0/24");
	port.addr = ip("10.9.0.2");
	port.host_port = 8080;
	port.port = 80;
	assert_has(" tcp dport 8080-8080 dnat to 10.9.0.2:80 comment \"stack:shop:web\"\n", 1);
	assert_has(" numgen random mod 3 0 dnat to 10.9.0.2:80", 3);
	assert_has(" numgen random mod 2 0 dnat to 10.9.0.2:80", 3);
	port.count = 3;
	assert_has(" tcp dport 8080-8082 dnat to 10.9.0.2:tcp dport map { 8080 : 80, 8081 : 81, "
		   "8082 : 82, }",
		   1);
	port.port = 8080;
	assert_has(" tcp dport 8080-8082 dnat to 10.9.0.2 comment", 1);
	port.protocol = IPPROTO_SCTP;
	assert_has(" sctp dport 8080-8082 dnat to", 1);
	port.protocol = IPPROTO_TCP;
	port.count = 1;
}

static void test_ipv6(void **state)
{
	network.subnet = prefix("fd00:9::/64");
	port.addr = ip("fd00:9::2");
	port.host_port = 8080;
	port.port = 80;
	assert_has("table ip6 stack-" SHOP " {\n", 1);
	assert_has(" ip6 daddr fd00:9::/64 drop", 1);
	assert_has(" dnat to [fd00:9::2]:80", 1);
	port.count = 2;
	assert_has(" dnat to [fd00:9::2]:tcp dport map { 8080 : 80, 8081 : 81, }", 1);
	port.port = 8080;
	assert_has(" dnat to [fd00:9::2] comment", 1);
	port.count = 1;
	network.subnet = prefix("10.9.0.0/24");
	port.addr = ip("10.9.0.2");
}

static void test_hash_tells_scripts_apart(void **state)
{
	struct text one = write_script(1), two = write_script(2), again = write_script(1);

	assert_string_equal(one.comment, again.comment);
	assert_string_not_equal(one.comment, two.comment);
	assert_memory_equal(one.comment, "stack:shop ", strlen("stack:shop "));
	strbuf_release(&one.script);
	strbuf_release(&two.script);
	strbuf_release(&again.script);
}

static void test_names_end_no_string(void **state)
{
	const char *const before = network.name;
	char longest[200];

	network.name = "a\" drop }\n delete table ip x \\";
	assert_has(" comment \"stack:shop:a_ drop }_ delete table ip x _\"\n", 0);
	memset(longest, 'n', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	network.name = longest;
	longest[NFT_COMMENT_MAX - strlen("stack:shop:")] = '"';
	assert_has("nnn\"\n", 0);
	network.name = before;
}

static void test_link_that_nftables_has_no_word_for(void **state)
{
	static const char *const names[] = {"sb*", "a\"b", "a\\b"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct text text;

		network.bridge = names[i];
		text = write_script(0);
		assert_int_equal(text.r, -EINVAL);
		assert_non_null(strstr(text.err.msg, names[i]));
		assert_int_equal(text.script.len, 0);
		strbuf_release(&text.script);
	}
	network.bridge = "sb0123";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_hash_tells_scripts_apart),
		cmocka_unit_test(test_names_end_no_string),
		cmocka_unit_test(test_link_that_nftables_has_no_word_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
