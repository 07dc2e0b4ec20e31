// SPDX-License-Identifier: GPL-2.0-or-later
/* What networks, and services in them, may say; and what is told of the rest. */
#include "tests/unit/loadlab.h"

#include "core/base/cleanup.h"
#include "core/converge/confighash.h"
#include "core/model/network_options.h"

#include <string.h>

#define MACVLAN "driver: macvlan, ipam: {config: [{subnet: 10.9.9.0/24}]}"
#define IPVLAN	"driver: ipvlan, ipam: {config: [{subnet: 10.9.9.0/24}]}"
#define NET	"com.docker.network."

static const struct {
	const char *network; /* networks.n, in flow style without braces */
	const char *service; /* services.a.networks */
	const char *said;    /* NULL: it is right */
} table[] = {
	{"", "[n]", NULL},
	{"driver: bridge", "[n]", NULL},
	{"driver: default", "[n]", NULL},
	{"driver: overlay", "[n]", "bridge, default, macvlan"},
	{"driver: brigde", "[n]", "did you mean 'bridge'"},
	{"driver_opts: {" NET "bridge.name: br-shop, " NET "driver.mtu: 1400}", "[n]", NULL},
	{"driver_opts: {" NET "bridge.enable_icc: 'false', mtu: '9000'}", "[n]", NULL},
	{"driver_opts: {" NET "bridge.host_binding_ipv4: 127.0.0.1}", "[n]", NULL},
	{"driver_opts: {" NET "bridge.enable_ip_masquerade: 'false'}", "[n]", NULL},
	{"driver_opts: {" NET "bridge.nam: x}", "[n]", "did you mean '" NET "bridge.name'"},
	{"driver_opts: {encrypted: 'true'}", "[n]", "not there for the driver 'bridge'"},
	{"driver_opts: {parent: eth0}", "[n]", "not there for the driver 'bridge'"},
	{"driver_opts: {mtu: 20}", "[n]", "a number from 68 to 65535"},
	{"driver_opts: {mtu: big}", "[n]", "a number from 68 to 65535"},
	{"driver_opts: {" NET "bridge.enable_icc: maybe}", "[n]", "true or false"},
	{"driver_opts: {" NET "bridge.host_binding_ipv4: here}", "[n]", "an IPv4 address"},
	{"driver_opts: {" NET "bridge.name: a-name-of-over-15-letters}", "[n]", "network link"},
	{"driver_opts: {" NET "bridge.name: ../x}", "[n]", "network link"},
	{"driver_opts: {" NET "bridge.name: }", "[n]", "network link"},
	{MACVLAN ", driver_opts: {parent: eth0}", "[n]", NULL},
	{MACVLAN ", driver_opts: {parent: eth0, macvlan_mode: private, mtu: 1400}", "[n]", NULL},
	{MACVLAN, "[n]", "needs the link of the host"},
	{"driver: macvlan, driver_opts: {parent: eth0}", "[n]", "needs the subnet"},
	{MACVLAN ", driver_opts: {parent: eth0, macvlan_mode: pass}", "[n]", "vepa passthru"},
	{MACVLAN ", driver_opts: {parent: eth0, ipvlan_mode: l2}", "[n]", "macvlan_mode"},
	{IPVLAN ", driver_opts: {parent: eth0, ipvlan_mode: l3s}", "[n]", NULL},
	{IPVLAN ", driver_opts: {parent: eth0, ipvlan_mode: 'l2 l3'}", "[n]", "none of"},
	{"external: true", "[n]", NULL},
	{"external: true, name: other_default, labels: {a: b}", "[n]", NULL},
	{"external: true, driver: macvlan", "[n]", "only its name counts"},
	{"external: true, internal: true", "[n]", "only its name counts"},
	{"driver: host", "[n]", NULL},
	{"driver: none", "[n]", NULL},
	{"driver: host", "[n, default]", "not together with other networks"},
	{"external: true, name: none", "[n, default]", "not together with other networks"},
	{"", "{n: {priority: 5, gw_priority: -3, link_local_ips: [169.254.1.2]}}", NULL},
	{"", "{n: {gw_priority: high}}", "whole number"},
	{"", "{n: {link_local_ips: [10.0.0.1]}}", "169.254.0.0/16"},
	{"", "{n: {link_local_ips: ['fe80::1']}}", "169.254.0.0/16"},
	{"", "{n: {driver_opts: {" NET "endpoint.ifname: lan0}}}", NULL},
	{"", "{n: {interface_name: a, driver_opts: {" NET "endpoint.ifname: b}}}", "remove one"},
	{"", "{n: {driver_opts: {" NET "endpoint.ifname: 'a b'}}}", "a name for an interface"},
	{"",
	 "{n: {driver_opts: {" NET "endpoint.sysctls: 'net.ipv4.conf.IFNAME.log_martians=1,"
	 "net.ipv6.conf.IFNAME.forwarding=0'}}}",
	 NULL},
	{"", "{n: {driver_opts: {" NET "endpoint.sysctls: kernel.x.IFNAME=1}}}", "IFNAME"},
	{"", "{n: {driver_opts: {" NET "endpoint.sysctls: net.ipv4.conf.all.x=1}}}", "IFNAME"},
	{"", "{n: {driver_opts: {" NET "endpoint.sysctls: net.ipv4.conf/../IFNAME=1}}}", "IFNAME"},
	{"", "{n: {driver_opts: {" NET "endpoint.sysctls: 'net.ipv4.conf.IFNAME.x=1,'}}}",
	 "IFNAME"},
	{"", "{n: {driver_opts: {ifname: x}}}", "is it 'com.docker.network.endpoint.ifname'"},
};

static int load(struct fixture *f, const char *network, const char *service)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	strbuf_printf(&text,
		      "services: {a: {image: x, ports: ['80'], networks: %s}}\n"
		      "networks: {n: {%s}}\n",
		      service, network);
	return loadlab_load(f, text.text);
}

static void each_form_is_taken_or_told(void **state)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int r = load(*state, table[i].network, table[i].service);

		if (table[i].said && r == 0)
			fail_msg("'%s' and '%s' were taken", table[i].network, table[i].service);
		if (table[i].said)
			loadlab_said(*state, table[i].said);
		else if (r != 0)
			fail_msg("'%s' and '%s': %s", table[i].network, table[i].service,
				 ((struct fixture *)*state)->rendered.text);
	}
}

static void a_network_that_is_none_is_a_mode(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, "driver: host", "[n]"), 0);
	assert_string_equal(f->project->services[0].network_mode, "host");
	assert_int_equal(f->project->services[0].n_networks, 0);
	assert_int_equal(f->project->services[0].n_ports, 0);
	loadlab_said(f, "ports are not published with the host's network");
	assert_int_equal(load(f, "external: true, name: none", "[n]"), 0);
	assert_string_equal(f->project->services[0].network_mode, "none");
	assert_int_equal(load(f, MACVLAN ", driver_opts: {parent: eth0}", "[n]"), 0);
	assert_null(f->project->services[0].network_mode);
	assert_int_equal(f->project->services[0].n_ports, 0);
	loadlab_said(f, "an address of its own");
	assert_int_equal(load(f, MACVLAN ", driver_opts: {parent: eth0}", "[n, default]"), 0);
	assert_int_equal(f->project->services[0].n_ports, 1);
}

static void the_highest_priority_is_first(void **state)
{
	struct fixture *f = *state;
	const struct service_network *networks;

	assert_int_equal(loadlab_load(f, "services: {a: {image: x, networks: {l: {priority: -1}, "
					 "d: , h: {priority: 7}, e: }}}\n"
					 "networks: {l: , d: , h: , e: }\n"),
			 0);
	networks = f->project->services[0].networks;
	assert_int_equal(f->project->services[0].n_networks, 4);
	assert_string_equal(networks[0].network, "h");
	assert_string_equal(networks[1].network, "d");
	assert_string_equal(networks[2].network, "e");
	assert_string_equal(networks[3].network, "l");
}

static void options_are_read(void **state)
{
	struct fixture *f = *state;
	struct network_options options;

	assert_int_equal(load(f,
			      "driver_opts: {mtu: 1400, " NET "bridge.enable_icc: 'no', " NET
			      "bridge.enable_ip_masquerade: 'false', " NET
			      "bridge.host_binding_ipv4: 127.0.0.2, " NET "bridge.name: lan}",
			      "[n]"),
			 0);
	options = network_options(project_network(f->project, "n"));
	assert_int_equal(options.mtu, 1400);
	assert_true(options.isolated && options.keeps_source);
	assert_string_equal(options.host_binding, "127.0.0.2");
	assert_string_equal(options.bridge, "lan");
	assert_int_equal(load(f, "driver_opts: {" NET "bridge.enable_icc: 'true'}", "[n]"), 0);
	options = network_options(project_network(f->project, "n"));
	assert_false(options.isolated || options.keeps_source || options.mtu);
}

/* A bridge that says so is the one that says nothing: nothing is made anew for it. */
static void saying_the_default_changes_nothing(void **state)
{
	struct fixture *f = *state;
	char silent[CONFIG_HASH_SIZE], said[CONFIG_HASH_SIZE], external[CONFIG_HASH_SIZE];

	assert_int_equal(load(f, "name: x", "[n]"), 0);
	network_hash(project_network(f->project, "n"), silent);
	assert_int_equal(load(f, "name: x, driver: bridge", "[n]"), 0);
	network_hash(project_network(f->project, "n"), said);
	assert_int_equal(load(f, "name: x, external: true", "[n]"), 0);
	network_hash(project_network(f->project, "n"), external);
	assert_string_equal(silent, said);
	assert_string_not_equal(silent, external);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, loadlab_setup, loadlab_teardown)
	const struct CMUnitTest tests[] = {
		TEST(each_form_is_taken_or_told),	  TEST(a_network_that_is_none_is_a_mode),
		TEST(the_highest_priority_is_first),	  TEST(options_are_read),
		TEST(saying_the_default_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
