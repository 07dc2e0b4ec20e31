// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "net/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct cidr any = {.len = 0};

/* A server's socket the way most programs open it; -errno when it does not get the port. */
static int serve(uint16_t port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
	CLEANUP_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 8) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* Leave a connection in TIME_WAIT on PORT: the server's side closes first. */
static void leave_time_wait(uint16_t port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
	int server = serve(port), client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), accepted;
	char byte;

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(server >= 0);
	assert_int_equal(connect(client, (struct sockaddr *)&addr, sizeof(addr)), 0);
	accepted = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	assert_true(accepted >= 0);
	close(accepted);
	assert_int_equal(read(client, &byte, 1), 0);
	close(client);
	close(server);
}

static uint16_t free_port(uint8_t protocol)
{
	uint16_t port = 0;
	int fd = -1;

	assert_int_equal(port_reserve(protocol, &any, 0, &fd, &port, NULL), 0);
	close(fd);
	assert_int_not_equal(port, 0);
	return port;
}

static void test_reserved_port_is_nobody_elses(void **state)
{
	uint16_t port = free_port(IPPROTO_TCP), got = 0;
	CLEANUP_FD int fd = -1;
	int second = -1;

	assert_int_equal(port_reserve(IPPROTO_TCP, &any, port, &fd, &got, NULL), 0);
	assert_int_equal(got, port);
	assert_int_equal(serve(port), -EADDRINUSE);
	assert_int_equal(port_reserve(IPPROTO_TCP, &any, port, &second, NULL, NULL), -EADDRINUSE);
	assert_int_equal(second, -1);
	close(TAKE_FD(fd));
	second = serve(port);
	assert_true(second >= 0);
	close(second);
}

static void test_time_wait_is_not_in_the_way(void **state)
{
	uint16_t port = free_port(IPPROTO_TCP);
	CLEANUP_FD int fd = -1;
	int second = -1;

	leave_time_wait(port);
	assert_int_equal(port_reserve(IPPROTO_TCP, &any, port, &fd, NULL, NULL), 0);
	/* And this reservation is as good as any other. */
	assert_int_equal(serve(port), -EADDRINUSE);
	assert_int_equal(port_reserve(IPPROTO_TCP, &any, port, &second, NULL, NULL), -EADDRINUSE);
}

static void test_reservation_answers_nobody(void **state)
{
	uint16_t port = free_port(IPPROTO_TCP);
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
	CLEANUP_FD int fd = -1, client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	leave_time_wait(port);
	assert_int_equal(port_reserve(IPPROTO_TCP, &any, port, &fd, NULL, NULL), 0);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(client, (struct sockaddr *)&addr, sizeof(addr)), -1);
	assert_int_equal(errno, ECONNREFUSED);
}

static void test_owner_is_named(void **state)
{
	uint16_t port = free_port(IPPROTO_TCP);
	CLEANUP_FD int server = serve(port);
	struct err err = ERR_INIT;
	char expected[128];
	int fd = -1;

	assert_true(server >= 0);
	assert_int_equal(prctl(PR_SET_NAME, "my-server"), 0);
	assert_int_equal(port_reserve(IPPROTO_TCP, &any, port, &fd, NULL, &err), -EADDRINUSE);
	snprintf(expected, sizeof(expected), "port %d/tcp is taken by my-server (pid %d)", port,
		 (int)getpid());
	assert_string_equal(err.msg, expected);
}

static void test_udp_owner_is_named(void **state)
{
	uint16_t port = 0;
	CLEANUP_FD int held = -1;
	struct err err = ERR_INIT;
	char expected[128];
	int fd = -1;

	assert_int_equal(prctl(PR_SET_NAME, "my-dns"), 0);
	assert_int_equal(port_reserve(IPPROTO_UDP, &any, 0, &held, &port, NULL), 0);
	assert_int_equal(port_reserve(IPPROTO_UDP, &any, port, &fd, NULL, &err), -EADDRINUSE);
	snprintf(expected, sizeof(expected), "port %d/udp is taken by my-dns (pid %d)", port,
		 (int)getpid());
	assert_string_equal(err.msg, expected);
}

/* A reservation listens nowhere, and its supervisor is found all the same. */
static void test_project_is_named(void **state)
{
	char dir[] = "/tmp/stack-port-test-XXXXXX", path[128], expected[128];
	uint16_t port = free_port(IPPROTO_TCP);
	CLEANUP_FD int held = -1, lock = -1;
	struct err err = ERR_INIT;
	int fd = -1;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/shop", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/shop/lock", dir);
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(lock >= 0);
	assert_int_equal(prctl(PR_SET_NAME, "stack-supervisor"), 0);
	assert_int_equal(port_reserve(IPPROTO_TCP, &any, port, &held, NULL, NULL), 0);
	assert_int_equal(port_reserve(IPPROTO_TCP, &any, port, &fd, NULL, &err), -EADDRINUSE);
	snprintf(expected, sizeof(expected), "port %d/tcp is taken by the stack project 'shop'",
		 port);
	assert_string_equal(err.msg, expected);
	unlink(path);
	snprintf(path, sizeof(path), "%s/shop", dir);
	rmdir(path);
	rmdir(dir);
}

static void test_address_of_another_host(void **state)
{
	const struct cidr foreign = cidr_of((struct in_addr){htonl(0xc0000263)});
	struct err err = ERR_INIT;
	int fd = -1;

	assert_int_equal(port_reserve(IPPROTO_TCP, &foreign, 80, &fd, NULL, &err), -EADDRNOTAVAIL);
	assert_string_equal(err.msg, "port 80/tcp: this host has no address 192.0.2.99");
}

/* The two families have the number each for itself, and both are kept. */
static void test_port_of_ipv6(void **state)
{
	const struct cidr any6 = {.family = AF_INET6}, loopback = cidr_of6(&in6addr_loopback);
	CLEANUP_FD int fd = -1, fd6 = -1;
	struct err err = ERR_INIT;
	uint16_t port = 0;
	int second = -1;

	assert_int_equal(port_reserve(IPPROTO_TCP, &any, 0, &fd, &port, NULL), 0);
	assert_int_equal(port_reserve(IPPROTO_TCP, &any6, port, &fd6, NULL, NULL), 0);
	assert_int_equal(port_reserve(IPPROTO_TCP, &loopback, port, &second, NULL, &err),
			 -EADDRINUSE);
	assert_int_equal(listen(fd6, 1), 0);
	assert_int_equal(port_reserve(IPPROTO_TCP, &loopback, port, &second, NULL, &err),
			 -EADDRINUSE);
	assert_non_null(strstr(err.msg, "(pid "));
}

static void test_protocol_names(void **state)
{
	assert_int_equal(port_protocol("tcp"), IPPROTO_TCP);
	assert_int_equal(port_protocol("sctp"), IPPROTO_SCTP);
	assert_int_equal(port_protocol("icmp"), 0);
	assert_string_equal(port_protocol_name(IPPROTO_UDP), "udp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reserved_port_is_nobody_elses),
		cmocka_unit_test(test_time_wait_is_not_in_the_way),
		cmocka_unit_test(test_reservation_answers_nobody),
		cmocka_unit_test(test_owner_is_named),
		cmocka_unit_test(test_udp_owner_is_named),
		cmocka_unit_test(test_project_is_named),
		cmocka_unit_test(test_address_of_another_host),
		cmocka_unit_test(test_port_of_ipv6),
		cmocka_unit_test(test_protocol_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
