// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The firewall against the real kernel, on each packet filter that it can use:
 * who reaches whom, and what becomes of other people's rules.
 */
#include "core/base/cleanup.h"
#include "net/conntrack.h"
#include "netlab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

#define NFT_SHOP "ip stack-" SHOP
#define NFT_RULE "$(nft -a list chain " NFT_SHOP " published | awk '/dport/ { print $NF; exit }')"

static const char all_rules[] = "for t in raw filter nat; do iptables-legacy -t $t -S; done; "
				"nft -s list ruleset";

/* What others may do to our rules. */
static const char *const damages_legacy[] = {
	"iptables-legacy -t nat -F STACK-" SHOP,
	"iptables-legacy -t nat -D STACK-" SHOP " 2",
	"iptables-legacy -t nat -F PREROUTING",
	"iptables-legacy -F",
	"iptables-legacy -I STACK-" SHOP " -j DROP",
	"iptables-legacy -A FORWARD -j STACK",
	"iptables-legacy -t raw -F; iptables-legacy -t raw -X",
	"iptables-legacy -F; iptables-legacy -X; iptables-legacy -t nat -F; "
	"iptables-legacy -t nat -X",
	NULL,
};
static const char *const damages_nft[] = {
	"nft flush ruleset",
	"nft delete table " NFT_SHOP,
	"nft flush table " NFT_SHOP,
	"nft flush chain " NFT_SHOP " published",
	"nft delete rule " NFT_SHOP " published handle " NFT_RULE,
	"nft replace rule " NFT_SHOP " published handle " NFT_RULE " tcp dport 8080 drop",
	"nft insert rule " NFT_SHOP " filter drop",
	"nft add rule " NFT_SHOP " filter-out drop",
	"nft add chain " NFT_SHOP " another",
	"nft rename chain " NFT_SHOP " filter another",
	"nft chain " NFT_SHOP " forward '{ policy drop; }'",
	"nft add table " NFT_SHOP " '{ flags dormant; }'",
	"nft delete table inet stack",
	NULL,
};

static const struct flavour {
	const char *name;
	const char *const *damages;
	const char *user_drop; /* the administrator closes all to the other host */
	const char *user_rule; /* as it is listed */
	const char *user_clean;
} flavours[] = {
	{"legacy", damages_legacy, "iptables-legacy -A STACK-USER -s " OTHER " -j DROP",
	 "-A STACK-USER -s " OTHER "/32 -j DROP", "iptables-legacy -F; iptables-legacy -X"},
	{"nft", damages_nft, "nft add rule inet stack user ip saddr " OTHER " drop",
	 "ip saddr " OTHER " drop", "nft delete table inet stack"},
};

static const struct flavour *flavour;

static void test_published_port_from_everywhere(void **state)
{
	assert_tcp(lab.other, HOST, 8080, "web " OTHER);
	assert_tcp(lab.host, HOST, 8080, "web 10.201.1.1");
	assert_tcp(lab.host, "127.0.0.1", 8080, "web 10.201.1.1");
	assert_tcp(lab.host, "10.201.1.1", 8080, "web 10.201.1.1");
	assert_tcp(lab.web, HOST, 8080, "web 10.201.1.1");
	assert_tcp(lab.web, "10.201.1.1", 8080, "web 10.201.1.1");
	assert_tcp(lab.db, HOST, 8080, "web 10.201.1.1");
	assert_tcp(lab.blog, HOST, 8080, "web 10.201.1.1");
	assert_reply(lab.other, SOCK_DGRAM, HOST, 5353, "udp " OTHER);
	assert_reply(lab.host, SOCK_DGRAM, "127.0.0.1", 5353, "udp 10.201.1.1");
}

static void test_range_is_shifted_port_by_port(void **state)
{
	assert_tcp(lab.other, HOST, 9002, "web7002 " OTHER);
	assert_tcp(lab.host, "127.0.0.1", 9002, "web7002 10.201.1.1");
	assert_tcp(lab.other, HOST, 9001, NOTHING);
}

static void test_loopback_port_is_for_this_host_only(void **state)
{
	assert_tcp(lab.host, "127.0.0.1", 8081, "web 10.201.1.1");
	assert_tcp(lab.host, HOST, 8081, NOTHING);
	assert_tcp(lab.other, HOST, 8081, NOTHING);
	assert_tcp(lab.db, HOST, 8081, NOTHING);
}

static void test_containers_reach_each_other_and_out(void **state)
{
	pid_t outside = start_server(lab.other, "outside", SOCK_STREAM, 80);

	assert_tcp(lab.db, "10.201.1.10", 80, "web 10.201.1.11");
	assert_tcp(lab.web, "10.201.1.11", 5432, "db 10.201.1.10");
	assert_tcp(lab.host, "10.201.1.11", 5432, "db 10.201.1.1");
	assert_tcp(lab.web, OTHER, 80, "outside " HOST);
	assert_tcp(lab.blog, OTHER, 80, "outside " HOST);
	stop_server(outside);
}

static void test_transit_traffic_is_not_hijacked(void **state)
{
	pid_t outside = start_server(lab.other, "outside", SOCK_STREAM, 8080);

	/* The same port number, but not on this host. */
	assert_tcp(lab.db, OTHER, 8080, "outside " HOST);
	stop_server(outside);
}

static void test_networks_are_closed_to_others(void **state)
{
	pid_t outside = start_server(lab.other, "outside", SOCK_STREAM, 80);

	assert_tcp(lab.other, "10.201.1.10", 80, NOTHING); /* has a route to it */
	assert_tcp(lab.other, "10.201.1.11", 5432, NOTHING);
	assert_tcp(lab.blog, "10.201.1.10", 80, NOTHING);
	assert_tcp(lab.web, "10.201.3.10", 80, NOTHING);
	assert_tcp(lab.vault, "10.201.1.10", 80, NOTHING);
	assert_tcp(lab.web, "10.201.2.10", 80, NOTHING);
	assert_tcp(lab.vault, OTHER, 80, NOTHING);
	assert_tcp(lab.host, "10.201.2.10", 80, "vault 10.201.2.1");
	stop_server(outside);
}

/* An internal network without a route out can still be given one from inside; and not even a
 * datagram that expects no answer gets out. */
static void test_internal_network_is_closed_by_rules_too(void **state)
{
	static const char received[] = "ip netns exec other grep ^Udp: /proc/net/snmp";
	struct client client = {.type = SOCK_DGRAM, .to = OTHER, .port = 9};
	pid_t outside = start_server(lab.other, "outside", SOCK_STREAM, 80);
	char *before, *after;

	run("ip -n stack-" SHOP "-shop-vault-1 route add default via 10.201.2.1");
	assert_tcp(lab.vault, OTHER, 80, NOTHING);
	assert_tcp(lab.vault, "10.201.1.10", 80, NOTHING);
	before = output(received);
	assert_ok(netns_call(lab.vault, client_ask, &client, &err));
	after = output(received);
	assert_string_equal(before, after);
	assert_ok(netns_call(lab.db, client_ask, &client, &err));
	free(after);
	after = output(received);
	assert_string_not_equal(before, after);
	free(before);
	free(after);
	stop_server(outside);
}

static void test_host_reaches_itself_on_a_bridge(void **state)
{
	pid_t local = start_server(lab.host, "local", SOCK_STREAM, 6000);

	assert_tcp(lab.host, "10.201.1.1", 6000, "local 10.201.1.1");
	assert_tcp(lab.web, "10.201.1.1", 6000, "local 10.201.1.10");
	stop_server(local);
}

/* A container that may route as it likes sends 127.0.0.1 to the bridge. */
static void test_loopback_of_host_is_closed_to_containers(void **state)
{
	static const char received[] = "grep ^Udp: /proc/net/snmp";
	struct client client = {.type = SOCK_DGRAM, .to = "127.0.0.1", .port = 9};
	char *before, *after;

	run("ip netns exec stack-" SHOP "-shop-db-1 sh -ec '"
	    "sysctl -qw net.ipv4.conf.all.route_localnet=1; "
	    "ip route del local 127.0.0.0/8 table local; ip route del local 127.0.0.1 table local; "
	    "ip route add 127.0.0.1 via 10.201.1.1 src 10.201.1.11'");
	before = output(received);
	assert_ok(netns_call(lab.db, client_ask, &client, &err));
	after = output(received);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/* A sync writes what the check finds; so when that finds nothing, nothing is written. */
static void test_second_sync_has_nothing_to_write(void **state)
{
	bool intact = false;
	char *rules;

	assert_ok(firewall_check(lab.firewall, SHOP, &lab.shop_rules, &intact, &err));
	assert_true(intact);
	rules = output(all_rules);
	assert_non_null(strstr(rules, "stack:shop:web"));
	assert_null(strstr(rules, "unsupported"));
	free(rules);
}

static void test_damage_is_seen_and_healed(void **state)
{
	for (const char *const *damage = flavour->damages; *damage; damage++) {
		bool intact = true;

		run(*damage);
		assert_ok(firewall_check(lab.firewall, SHOP, &lab.shop_rules, &intact, &err));
		if (intact)
			fail_msg("not noticed: %s", *damage);
		assert_ok(firewall_sync(lab.firewall, SHOP, &lab.shop_rules, &err));
		assert_ok(firewall_sync(lab.firewall, BLOG, &lab.blog_rules, &err));
		assert_ok(firewall_check(lab.firewall, SHOP, &lab.shop_rules, &intact, &err));
		assert_true(intact);
		assert_tcp(lab.other, HOST, 8080, "web " OTHER);
		assert_tcp(lab.blog, "10.201.1.10", 80, NOTHING);
	}
}

static void test_foreign_rules_stay_byte_by_byte(void **state)
{
	char *before, *after;

	lab_remove_projects();
	run("iptables-legacy -t nat -A PREROUTING -p tcp --dport 99 -j REDIRECT --to-ports 100; "
	    "iptables-legacy -N MINE; iptables-legacy -A MINE -m limit --limit 5/min -j LOG; "
	    "iptables-legacy -A FORWARD -i nowhere+ -j MINE; "
	    "iptables-legacy -t raw -A PREROUTING -p udp -j CT --notrack -s 192.0.2.0/24; "
	    "nft 'table ip mine { chain forward { type filter hook forward priority 5; "
	    "ip saddr 192.0.2.0/24 limit rate 5/minute drop; }; }'");
	before = output(all_rules);
	lab_add_projects();
	assert_tcp(lab.other, HOST, 8080, "web " OTHER);
	lab_remove_projects();
	after = output(all_rules);
	assert_string_equal(before, after);
	free(before);
	free(after);
	run("iptables-legacy -t nat -F; iptables-legacy -F; iptables-legacy -X; "
	    "iptables-legacy -t raw -F; nft delete table ip mine");
	lab_add_projects();
}

/* It decides first, and stays. */
static void test_chain_of_the_administrator(void **state)
{
	char *rules;

	run(flavour->user_drop);
	assert_tcp(lab.other, HOST, 8080, NOTHING);
	assert_ok(firewall_sync(lab.firewall, SHOP, &lab.shop_rules, &err));
	assert_tcp(lab.other, HOST, 8080, NOTHING);
	lab_remove_projects();
	rules = output(all_rules);
	assert_non_null(strstr(rules, flavour->user_rule));
	assert_null(strstr(rules, SHOP));
	free(rules);
	run(flavour->user_clean);
	lab_add_projects();
	assert_tcp(lab.other, HOST, 8080, "web " OTHER);
}

static void test_other_packet_filter_is_left(void **state)
{
	const struct firewall_backend *before = lab.firewall;
	const char *other = flavours[flavour == &flavours[0]].name;
	char *empty, *rules;

	lab_remove_projects();
	empty = output(all_rules);
	lab_add_projects();
	setenv("STACK_FIREWALL", other, 1);
	assert_ok(firewall_choose(&lab.firewall, &err));
	assert_string_equal(firewall_name(lab.firewall), other);
	assert_ok(firewall_sync(lab.firewall, SHOP, &lab.shop_rules, &err));
	assert_ok(firewall_sync(lab.firewall, BLOG, &lab.blog_rules, &err));
	assert_tcp(lab.other, HOST, 8080, "web " OTHER);
	setenv("STACK_FIREWALL", flavour->name, 1);
	lab.firewall = before;
	lab_remove_projects();
	rules = output(all_rules);
	assert_string_equal(rules, empty);
	free(rules);
	free(empty);
	lab_add_projects();
}

/* As a supervisor has that keeps a thousand ports. */
static void test_many_descriptors_are_no_harm(void **state)
{
	struct rlimit limit;
	int fds[FD_SETSIZE];

	assert_return_code(getrlimit(RLIMIT_NOFILE, &limit), errno);
	limit.rlim_cur = limit.rlim_max;
	assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), errno);
	lab_remove_projects();
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
		assert_return_code(fds[i], errno);
	}
	lab_add_projects();
	assert_tcp(lab.other, HOST, 8080, "web " OTHER);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

static void test_unknown_packet_filter_is_refused(void **state)
{
	const struct firewall_backend *firewall = NULL;
	struct err err = ERR_INIT;

	setenv("STACK_FIREWALL", "ebtables", 1);
	assert_int_equal(firewall_choose(&firewall, &err), -EINVAL);
	assert_string_equal(err.msg, "STACK_FIREWALL is 'ebtables'; it can be 'legacy' or 'nft'");
	assert_null(firewall);
	setenv("STACK_FIREWALL", flavour->name, 1);
}

static void test_udp_client_follows_the_port(void **state)
{
	struct client client = {.type = SOCK_DGRAM, .to = HOST, .port = 5353, .from_port = 40000};
	const struct conntrack_match moved = {.protocol = IPPROTO_UDP, .host_port = 5353};
	pid_t second = start_server(lab.db, "second", SOCK_DGRAM, 53);
	size_t deleted = 0;

	assert_ok(conntrack_flush(&moved, 1, NULL, &err)); /* of earlier tests */
	assert_ok(netns_call(lab.other, client_ask, &client, &err));
	assert_string_equal(client.reply, "udp " OTHER);
	lab.shop_ports[2].addr = ip("10.201.1.11");
	assert_ok(firewall_sync(lab.firewall, SHOP, &lab.shop_rules, &err));
	/* Without the flush the flow keeps its old translation. */
	assert_ok(netns_call(lab.other, client_ask, &client, &err));
	assert_string_equal(client.reply, "udp " OTHER);
	assert_ok(conntrack_flush(&moved, 1, &deleted, &err));
	assert_int_equal(deleted, 1);
	assert_ok(netns_call(lab.other, client_ask, &client, &err));
	assert_string_equal(client.reply, "second " OTHER);
	stop_server(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_port_from_everywhere),
		cmocka_unit_test(test_range_is_shifted_port_by_port),
		cmocka_unit_test(test_loopback_port_is_for_this_host_only),
		cmocka_unit_test(test_containers_reach_each_other_and_out),
		cmocka_unit_test(test_transit_traffic_is_not_hijacked),
		cmocka_unit_test(test_networks_are_closed_to_others),
		cmocka_unit_test(test_internal_network_is_closed_by_rules_too),
		cmocka_unit_test(test_host_reaches_itself_on_a_bridge),
		cmocka_unit_test(test_second_sync_has_nothing_to_write),
		cmocka_unit_test(test_damage_is_seen_and_healed),
		cmocka_unit_test(test_chain_of_the_administrator),
		cmocka_unit_test(test_other_packet_filter_is_left),
		cmocka_unit_test(test_many_descriptors_are_no_harm),
		cmocka_unit_test(test_unknown_packet_filter_is_refused),
		cmocka_unit_test(test_udp_client_follows_the_port),
		cmocka_unit_test(test_foreign_rules_stay_byte_by_byte),
		cmocka_unit_test(test_loopback_of_host_is_closed_to_containers),
	};
	int failed = 0;

	if (geteuid() != 0) {
		print_message("needs root: skipped\n");
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(flavours); i++) {
		flavour = &flavours[i];
		setenv("STACK_FIREWALL", flavour->name, 1);
		failed +=
			cmocka_run_group_tests_name(flavour->name, tests, lab_setup, lab_teardown);
	}
	return failed;
}
