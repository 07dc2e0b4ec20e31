// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The firewall's IPv6 rules in the real kernel, as ip6tables prints them; packets
 * meet them in tests/system/ipv6.sh.
 */
#include "core/base/cleanup.h"
#include "net/conntrack.h"
#include "netlab.h"

#include <stdlib.h>
#include <string.h>

static struct firewall_network networks[3];
static struct firewall_port ports[4];
static const struct firewall_rules rules = {"six", networks, 3, ports, 4};
#define SIX "cccc2222"

static char *printed(void)
{
	return output("for t in raw filter nat; do ip6tables-legacy -w -t $t -S; done");
}

static void set_rules(void)
{
	networks[0] = (struct firewall_network){
		.name = "front", .bridge = "sbfront", .subnet = prefix("fd00:1::/64")};
	networks[1] = (struct firewall_network){.name = "vault",
						.bridge = "sbvault",
						.subnet = prefix("fd00:2::/64"),
						.internal = true};
	networks[2] = (struct firewall_network){
		.name = "front", .bridge = "sbfront", .subnet = prefix("10.201.8.0/24")};
	ports[0] = (struct firewall_port){.service = "web",
					  .bridge = "sbfront",
					  .protocol = IPPROTO_TCP,
					  .host_port = 8080,
					  .addr = ip("fd00:1::5"),
					  .port = 80,
					  .count = 1};
	ports[1] = ports[0];
	ports[1].addr = ip("fd00:1::6");
	ports[2] = ports[0];
	ports[2].protocol = IPPROTO_UDP;
	ports[2].host_addr = ip("2001:db8::1");
	ports[2].host_port = 9000;
	ports[2].count = 3;
	ports[3] = ports[0];
	ports[3].addr = ip("10.201.8.5");
}

static int set_up(void **state)
{
	set_rules();
	return lab_setup(state);
}

static void assert_has(const char *text, const char *rule)
{
	if (!strstr(text, rule))
		fail_msg("no '%s' in:\n%s", rule, text);
}

static void rules_are_those_of_the_family(void **state)
{
	char *text;

	assert_ok(firewall_sync(SIX, &rules, &err));
	text = printed();
	assert_has(text, "-A STACK-" SIX " -d fd00:1::/64 ! -i sbfront -m comment --comment "
			 "\"stack:six:front\" -j DROP");
	assert_has(text, "-A STACK-" SIX " -d ::1/128 -m comment --comment \"stack:six:host\" "
			 "-j RETURN");
	assert_has(text, "-p tcp -m tcp --dport 8080 -m statistic --mode random --probability "
			 "0.50000000000 -m comment --comment \"stack:six:web\" -j DNAT "
			 "--to-destination [fd00:1::5]:80");
	assert_has(text, "-d 2001:db8::1/128 -p udp -m udp --dport 9000:9002 -m comment --comment "
			 "\"stack:six:web\" -j DNAT --to-destination [fd00:1::5]:80-82/9000");
	assert_has(text, "-A STACK-POST-" SIX " -s fd00:1::/64 ! -o sbfront -m comment --comment "
			 "\"stack:six:front\" -j MASQUERADE");
	assert_null(strstr(text, "-s fd00:2::/64 ! -o sbvault -m comment --comment "
				 "\"stack:six:vault\" -j MASQUERADE"));
	assert_null(strstr(text, "10.201.8"));
	assert_null(strstr(text, "unsupported"));
	free(text);
	text = output("iptables-legacy -w -t nat -S STACK-" SIX);
	assert_has(text, "--to-destination 10.201.8.5:80");
	assert_null(strstr(text, "127.0.0.1"));
	free(text);
}

/* Neighbours are found by addresses that are of no subnet. */
static void inside_an_internal_network_comes_before_its_borders(void **state)
{
	char *text = output("ip6tables-legacy -w -S STACK-" SIX);
	const char *inside = strstr(text, "-i sbvault -o sbvault");
	const char *border = strstr(text, "! -d fd00:2::/64");

	assert_non_null(inside);
	assert_non_null(border);
	assert_true(inside < border);
	free(text);
}

static void what_others_change_is_found_and_put_right(void **state)
{
	static const char *const changes[] = {
		"ip6tables-legacy -w -t nat -F STACK-" SIX,
		"ip6tables-legacy -w -D FORWARD -m comment --comment stack -j STACK",
		"ip6tables-legacy -w -t raw -I STACK-" SIX " -j ACCEPT",
	};
	char *before = printed(), *after;
	bool intact = false;

	assert_ok(firewall_check(SIX, &rules, &intact, &err));
	assert_true(intact);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		run(changes[i]);
		assert_ok(firewall_check(SIX, &rules, &intact, &err));
		if (intact)
			fail_msg("not found: %s", changes[i]);
		assert_ok(firewall_sync(SIX, &rules, &err));
		after = printed();
		assert_string_equal(before, after);
		free(after);
	}
	free(before);
}

static void nothing_stays_behind(void **state)
{
	const struct firewall_rules none = {.project = "six"};
	char *text;

	run("ip6tables-legacy -w -A FORWARD -s 2001:db8:9::/48 -j DROP");
	assert_ok(firewall_sync(SIX, &none, &err));
	text = printed();
	assert_null(strstr(text, "STACK"));
	assert_has(text, "-A FORWARD -s 2001:db8:9::/48 -j DROP");
	free(text);
}

static void a_flow_of_ipv6_is_forgotten(void **state)
{
	const struct conntrack_match moved = {
		.protocol = IPPROTO_UDP, .host_port = 5353, .container = ip("fd00:9::2")};
	size_t deleted = 0;

	/* Something has to ask for tracking before anything is tracked. */
	run("ip link add c0 type veth peer name c1; ip link set c1 up; ip -6 addr add fd00:9::1/64 "
	    "dev c0 nodad; ip link set c0 "
	    "up; "
	    "ip -6 neigh add fd00:9::2 lladdr 02:00:00:00:00:02 dev c0; "
	    "ip6tables-legacy -w -A OUTPUT -m conntrack --ctstate INVALID -j DROP; "
	    "python3 -c 'import socket; socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)"
	    ".sendto(b\"x\", (\"fd00:9::2\", 5353))'");
	assert_ok(conntrack_flush(&moved, 1, &deleted, &err));
	assert_int_equal(deleted, 1);
	assert_ok(conntrack_flush(&moved, 1, &deleted, &err));
	assert_int_equal(deleted, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_those_of_the_family),
		cmocka_unit_test(inside_an_internal_network_comes_before_its_borders),
		cmocka_unit_test(what_others_change_is_found_and_put_right),
		cmocka_unit_test(nothing_stays_behind),
		cmocka_unit_test(a_flow_of_ipv6_is_forgotten),
	};

	return cmocka_run_group_tests(tests, set_up, lab_teardown);
}
