// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/dns_resolv.h"

#include "core/base/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void nameserver_lines_are_read_as_the_c_library_does(void **state)
{
	static const char text[] = "# nameserver 9.9.9.9\n"
				   "search example.org\n"
				   "nameserverx 9.9.9.9\n"
				   "nameserver9.9.9.9\n"
				   "nameserver\n"
				   "nameserver \n"
				   "nameserver no.address\n"
				   "nameserver\t 127.0.0.53  # stub\r\n"
				   "options edns0\n"
				   "nameserver 2001:db8::1\n"
				   "nameserver 10.0.0.3\n"
				   "nameserver 10.0.0.4";
	struct dns_upstreams upstreams;
	char addr[INET6_ADDRSTRLEN];

	dns_resolv_parse(text, &upstreams);
	assert_int_equal(upstreams.n, DNS_UPSTREAMS_MAX);
	assert_int_equal(upstreams.list[0].in.sin_addr.s_addr, inet_addr("127.0.0.53"));
	assert_int_equal(ntohs(upstreams.list[0].in.sin_port), DNS_PORT);
	assert_int_equal(upstreams.list[1].any.sa_family, AF_INET6);
	inet_ntop(AF_INET6, &upstreams.list[1].in6.sin6_addr, addr, sizeof(addr));
	assert_string_equal(addr, "2001:db8::1");
	assert_int_equal(upstreams.list[2].in.sin_addr.s_addr, inet_addr("10.0.0.3"));
	dns_resolv_parse("nameserver 10.0.0.7", &upstreams);
	assert_int_equal(upstreams.n, 1);
	dns_resolv_parse("", &upstreams);
	assert_int_equal(upstreams.n, 0);
}

static void write_file(const char *path, const char *text)
{
	char temp[64];
	FILE *file;

	snprintf(temp, sizeof(temp), "%s.new", path);
	file = fopen(temp, "we");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(temp, path), 0);
}

static void a_changed_file_counts_at_once(void **state)
{
	CLEANUP(dns_resolv_release) struct dns_resolv resolv = {.path = NULL};
	char path[] = "/tmp/dns_resolv_test.XXXXXX";
	int fd = mkstemp(path);
	struct dns_config config = {.resolv_conf = path};

	assert_true(fd >= 0);
	close(fd);
	write_file(path, "nameserver 10.0.0.1\n");
	assert_int_equal(dns_resolv_init(&resolv, &config, NULL), 0);
	assert_int_equal(dns_resolv_get(&resolv)->list[0].in.sin_addr.s_addr,
			 inet_addr("10.0.0.1"));
	write_file(path, "nameserver 10.0.0.2\n");
	assert_int_equal(dns_resolv_get(&resolv)->list[0].in.sin_addr.s_addr,
			 inet_addr("10.0.0.2"));
	assert_int_equal(dns_resolv_get(&resolv)->n, 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(dns_resolv_get(&resolv)->n, 0);
	write_file(path, "nameserver 10.0.0.3\nnameserver 10.0.0.4\n");
	assert_int_equal(dns_resolv_get(&resolv)->n, 2);
	unlink(path);
}

static void given_upstreams_replace_the_file(void **state)
{
	union dns_endpoint upstreams[4] = {
		{.in = {.sin_family = AF_INET, .sin_addr = {htonl(0x7f000001)}}}};
	struct dns_config config = {.upstreams = upstreams, .n_upstreams = 1};
	CLEANUP(dns_resolv_release) struct dns_resolv resolv = {.path = NULL};
	struct err err = ERR_INIT;

	assert_int_equal(dns_resolv_init(&resolv, &config, &err), 0);
	assert_int_equal(dns_resolv_get(&resolv)->n, 1);
	config.n_upstreams = 4;
	assert_int_equal(dns_resolv_init(&resolv, &config, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nameserver_lines_are_read_as_the_c_library_does),
		cmocka_unit_test(a_changed_file_counts_at_once),
		cmocka_unit_test(given_upstreams_replace_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
