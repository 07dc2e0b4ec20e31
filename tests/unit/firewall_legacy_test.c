// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The firewall on legacy iptables: how it gets along with others that use it.
 */
#include "netlab.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What one project lets out must have been let in by the others before. */
static void test_drops_of_all_projects_come_first(void **state)
{
	char *rules = output("iptables-legacy -S STACK");

	assert_string_equal(rules,
			    "-N STACK\n"
			    "-A STACK -m comment --comment \"stack:blog\" -j STACK-" BLOG "\n"
			    "-A STACK -m comment --comment \"stack:shop\" -j STACK-" SHOP "\n"
			    "-A STACK -m comment --comment \"stack:shop\" -j STACK-OUT-" SHOP "\n"
			    "-A STACK -m comment --comment \"stack:blog\" -j STACK-OUT-" BLOG "\n");
	free(rules);
}

static void test_policy_drop_and_docker_user(void **state)
{
	pid_t outside = start_server(lab.other, "outside", SOCK_STREAM, 80);
	char *rules;

	lab_remove_project(BLOG);
	assert_ok(firewall_sync(lab.firewall, SHOP, &(struct firewall_rules){.project = "shop"},
				&err));
	run("iptables-legacy -P FORWARD DROP; iptables-legacy -N DOCKER-USER; "
	    "iptables-legacy -A DOCKER-USER -j RETURN; iptables-legacy -A FORWARD -j DOCKER-USER; "
	    "iptables-legacy -A FORWARD -i docker0 -j ACCEPT");
	assert_ok(firewall_sync(lab.firewall, SHOP, &lab.shop_rules, &err));
	rules = output("iptables-legacy -S FORWARD");
	assert_string_equal(rules, "-P FORWARD DROP\n"
				   "-A FORWARD -j DOCKER-USER\n"
				   "-A FORWARD -m comment --comment stack -j STACK-USER\n"
				   "-A FORWARD -m comment --comment stack -j STACK\n"
				   "-A FORWARD -i docker0 -j ACCEPT\n");
	free(rules);
	assert_tcp(lab.other, HOST, 8080, "web " OTHER);
	assert_tcp(lab.web, OTHER, 80, "outside " HOST);
	assert_tcp(lab.web, HOST, 8080, "web 10.201.1.1");
	assert_tcp(lab.db, "10.201.1.10", 80, "web 10.201.1.11");
	/* The administrator's chain decides first, and stays. */
	run("iptables-legacy -A STACK-USER -s " OTHER " -j DROP");
	assert_tcp(lab.other, HOST, 8080, NOTHING);
	assert_ok(firewall_sync(lab.firewall, SHOP, &(struct firewall_rules){.project = "shop"},
				&err));
	rules = output("iptables-legacy -S");
	assert_non_null(strstr(rules, "-A STACK-USER -s " OTHER "/32 -j DROP"));
	assert_null(strstr(rules, SHOP));
	free(rules);
	run("iptables-legacy -F; iptables-legacy -X; iptables-legacy -P FORWARD ACCEPT");
	stop_server(outside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drops_of_all_projects_come_first),
		cmocka_unit_test(test_policy_drop_and_docker_user),
	};

	if (geteuid() != 0) {
		print_message("needs root: skipped\n");
		return 0;
	}
	setenv("STACK_FIREWALL", "legacy", 1);
	return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
