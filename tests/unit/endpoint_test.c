// SPDX-License-Identifier: GPL-2.0-or-later
/* Bridges, endpoints and namespaces against the real kernel. */
#include "net/bridge.h"
#include "net/ipam.h"
#include "net/link.h"
#include "net/netlink.h"
#include "netlab.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MANY 100

static void test_second_attach_changes_nothing_and_repairs(void **state)
{
	int bridge = lab_add_bridge(SHOP, "shop_default", "10.201.1.1/24");
	char *before, *after;
	char name[IFNAMSIZ], command[256];

	before = output("ip -br link; ip -br addr; ip -n stack-" SHOP "-shop-web-1 -br addr");
	close(lab_add_container(SHOP, "shop-web-1", "shop_default", bridge, "10.201.1.10/24",
				"10.201.1.1"));
	after = output("ip -br link; ip -br addr; ip -n stack-" SHOP "-shop-web-1 -br addr");
	assert_string_equal(before, after);
	free(after);

	endpoint_name(SHOP, "shop-web-1", "shop_default", name);
	snprintf(command, sizeof(command),
		 "ip link set %s nomaster down; ip addr flush dev %s; ip link set %s down; "
		 "ip -n stack-%s-shop-web-1 addr flush dev eth0; "
		 "ip -n stack-%s-shop-web-1 addr add 10.9.9.9/24 dev eth0",
		 name, lab.shop_bridge, lab.shop_bridge, SHOP, SHOP);
	run(command);
	assert_tcp(lab.other, HOST, 8080, NOTHING);
	lab_add_bridge(SHOP, "shop_default", "10.201.1.1/24");
	close(lab_add_container(SHOP, "shop-web-1", "shop_default", bridge, "10.201.1.10/24",
				"10.201.1.1"));
	after = output("ip -br addr show up; ip -n stack-" SHOP "-shop-web-1 -br addr");
	assert_null(strstr(after, "10.9.9.9"));
	assert_tcp(lab.other, HOST, 8080, "web " OTHER);
	free(before);
	free(after);
}

static void test_foreign_bridge_is_left_alone(void **state)
{
	const struct bridge bridge = {"p", "cccc3333", "n", {.addr = {0x0107c90a}, .len = 24}};
	char name[IFNAMSIZ], command[128];
	struct err refused = ERR_INIT;
	int ifindex;

	bridge_name("cccc3333", "n", name);
	snprintf(command, sizeof(command), "ip link add %s type bridge", name);
	run(command);
	assert_int_equal(bridge_ensure(lab.nl, &bridge, &ifindex, &refused), -EEXIST);
	assert_non_null(strstr(refused.msg, "not this project's"));
	assert_int_equal(bridge_remove(lab.nl, "cccc3333", name, NULL), -EEXIST);
	snprintf(command, sizeof(command), "ip link del %s", name);
	run(command);
	assert_ok(bridge_remove(lab.nl, "cccc3333", name, &err));
}

static void test_altname_and_alias_name_the_owner(void **state)
{
	char *text = output("ip -d link show shop-web-1; ip -d link show shop_default");

	assert_non_null(strstr(text, "alias stack:" SHOP ":shop-web-1:shop_default"));
	assert_non_null(strstr(text, "hairpin on"));
	assert_non_null(strstr(text, "alias stack:" SHOP ":shop_default"));
	assert_non_null(strstr(text, "02:42:0a:c9:01:01"));
	free(text);
	text = output("ip -n stack-" SHOP "-shop-web-1 addr; "
		      "ip -n stack-" SHOP "-shop-web-1 route");
	assert_non_null(strstr(text, "02:42:0a:c9:01:0a"));
	assert_non_null(strstr(text, "default via 10.201.1.1 dev eth0"));
	assert_null(strstr(text, "inet6 fe80"));
	free(text);
}

static void test_bridge_knows_its_subnet(void **state)
{
	struct cidr gateway;
	char text[CIDR_TEXT_SIZE];

	assert_ok(bridge_address(lab.nl, lab.shop_bridge, &gateway, &err));
	cidr_format(&gateway, text);
	assert_string_equal(text, "10.201.1.1/24");
	assert_int_equal(bridge_address(lab.nl, "sbnowhere", &gateway, NULL), -ENODEV);
}

static void test_what_the_host_uses_is_taken(void **state)
{
	static const char *const expected[] = {"10.201.1.0/24", "198.51.100.0/24", "127.0.0.0/8",
					       "203.0.113.0/25"};
	struct cidr_list taken = CIDR_LIST_INIT;

	run("ip route add 203.0.113.0/25 via " OTHER " table 77; ip route add default via " OTHER);
	assert_ok(ipam_taken(lab.nl, &taken, &err));
	run("ip route del 203.0.113.0/25 table 77; ip route del default");
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct cidr wanted = prefix(expected[i]);
		size_t k = 0;

		while (k < taken.n && (taken.items[k].len != wanted.len ||
				       taken.items[k].addr.s_addr != wanted.addr.s_addr))
			k++;
		if (k == taken.n)
			fail_msg("not taken: %s", expected[i]);
	}
	for (size_t k = 0; k < taken.n; k++)
		assert_int_not_equal(taken.items[k].len, 0);
	cidr_list_release(&taken);
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void test_many_at_once(void **state)
{
	int bridge = lab_add_bridge("dddd4444", "many", "10.201.9.1/24");
	struct endpoint endpoints[MANY];
	char names[MANY][32], netns[NETNS_NAME_MAX], address[32];
	double start = now_us(), made, attached, again, gone;

	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "many-%d", i);
		snprintf(address, sizeof(address), "10.201.9.%d/24", i + 2);
		endpoints[i] = (struct endpoint){.container = names[i],
						 .network = "many",
						 .ifname = "eth0",
						 .bridge_ifindex = bridge,
						 .address = prefix(address),
						 .gateway = ip("10.201.9.1")};
		netns_name("dddd4444", names[i], netns);
		assert_ok(netns_create(netns, -1, &endpoints[i].netns_fd, &err));
	}
	made = now_us();
	assert_ok(endpoints_attach(lab.nl, "many", "dddd4444", endpoints, MANY, &err));
	attached = now_us();
	assert_ok(endpoints_attach(lab.nl, "many", "dddd4444", endpoints, MANY, &err));
	again = now_us();
	for (int i = 0; i < MANY; i++)
		close(endpoints[i].netns_fd);
	gone = now_us();
	assert_ok(links_remove_group(lab.nl, "dddd4444", &err));
	print_message("%d containers, us each: netns %.0f, attach %.0f, attach again %.0f; "
		      "group delete %.1f ms in all\n",
		      MANY, (made - start) / MANY, (attached - made) / MANY,
		      (again - attached) / MANY, (now_us() - gone) / 1e3);
	lab_remove_project("dddd4444");
}

/* As many as the kernel lets one bridge have; pairs with both ends in it fill it quicker. */
static void test_a_full_bridge_is_told(void **state)
{
	int bridge = lab_add_bridge("dddd4444", "many", "10.203.1.1/24");
	char name[IFNAMSIZ], command[512], netns[NETNS_NAME_MAX];
	struct endpoint endpoint = {.container = "one-too-many",
				    .network = "many",
				    .ifname = "eth0",
				    .bridge_ifindex = bridge,
				    .address = prefix("10.203.1.9/24")};
	struct err refused = ERR_INIT;

	bridge_name("dddd4444", "many", name);
	snprintf(command, sizeof(command),
		 "for i in $(seq 512); do echo link add full$i group 77 master %s type veth peer "
		 "name also$i group 77; echo link set also$i master %s; done >batch; "
		 "ip -force -batch batch 2>/dev/null; rm batch; ip -o link show master %s | wc -l",
		 name, name, name);
	free(output(command));
	netns_name("dddd4444", endpoint.container, netns);
	assert_ok(netns_create(netns, -1, &endpoint.netns_fd, &err));
	assert_int_equal(endpoints_attach(lab.nl, "p", "dddd4444", &endpoint, 1, &refused),
			 -EXFULL);
	assert_non_null(strstr(refused.msg, "1023 ports"));
	assert_non_null(strstr(refused.msg, "another network"));

	/* One goes, and there is room. */
	run("ip link del full1");
	assert_ok(endpoints_attach(lab.nl, "p", "dddd4444", &endpoint, 1, &err));
	close(endpoint.netns_fd);
	run("ip link del group 77");
	lab_remove_project("dddd4444");
}

/* The link that goes just when somebody looks at it; "": none does. */
static char fleeting[IFNAMSIZ];

int __real_link_query(struct netlink *nl, const char *name, struct link_info *ret_info,
		      struct err *err);
int __wrap_link_query(struct netlink *nl, const char *name, struct link_info *ret_info,
		      struct err *err);

int __wrap_link_query(struct netlink *nl, const char *name, struct link_info *ret_info,
		      struct err *err)
{
	char command[64];

	if (*fleeting && strcmp(name, fleeting) == 0) {
		*fleeting = '\0';
		snprintf(command, sizeof(command), "ip link del %s", name);
		run(command);
	}
	return __real_link_query(nl, name, ret_info, err);
}

/* As a namespace does that a process in an earlier container kept for a moment. */
static void test_what_goes_while_we_look_is_not_in_the_way(void **state)
{
	int bridge = lab_add_bridge(SHOP, "shop_default", "10.201.1.1/24");
	char netns[NETNS_NAME_MAX], link[IFNAMSIZ], command[64];

	endpoint_name(SHOP, "shop-late-1", "shop_default", link);
	snprintf(command, sizeof(command), "ip link add %s type bridge", link);
	run(command);
	memcpy(fleeting, link, sizeof(fleeting));
	close(lab_add_container(SHOP, "shop-late-1", "shop_default", bridge, "10.201.1.77/24",
				"10.201.1.1"));
	assert_int_equal(*fleeting, '\0');
	netns_name(SHOP, "shop-late-1", netns);
	assert_ok(netns_remove(netns, &err));
}

/* The kernel takes links away some milliseconds after the namespace is gone. */
static void test_nothing_is_left(void **state)
{
	char *text = NULL;
	char **names;
	size_t n;

	lab_remove_projects();
	for (int i = 0; i < 100; i++) {
		free(text);
		text = output("ip -br link");
		if (!strstr(text, "sv") && !strstr(text, "sb"))
			break;
		poll(NULL, 0, 10);
	}
	assert_null(strstr(text, "sv"));
	assert_null(strstr(text, "sb"));
	free(text);
	text = output("for t in raw filter nat; do iptables-legacy -t $t -S; done");
	assert_null(strstr(text, "STACK"));
	free(text);
	assert_ok(netns_list("stack-", &names, &n, &err));
	assert_int_equal(n, 0);
	netns_names_free(names);
	lab_add_projects();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_altname_and_alias_name_the_owner),
		cmocka_unit_test(test_bridge_knows_its_subnet),
		cmocka_unit_test(test_second_attach_changes_nothing_and_repairs),
		cmocka_unit_test(test_foreign_bridge_is_left_alone),
		cmocka_unit_test(test_what_the_host_uses_is_taken),
		cmocka_unit_test(test_what_goes_while_we_look_is_not_in_the_way),
		cmocka_unit_test(test_nothing_is_left),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_a_full_bridge_is_told),
	};

	if (geteuid() != 0) {
		print_message("needs root: skipped\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
