// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "net/port.h"
#include "net/relay.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

/* One relayed port of [::1], and what it leads to: a server of the test's on 127.0.0.1. */
static struct {
	uv_loop_t loop;
	struct relays *relays;
	int kept, server; /* sockets */
	struct relay_port port;
} lab;

/* A socket of TYPE on 127.0.0.1; RET_PORT is its port. */
static int local_server(int type, uint16_t *ret_port)
{
	struct sockaddr_in name = {.sin_family = AF_INET};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(name);

	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1024), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
	*ret_port = ntohs(name.sin_port);
	return fd;
}

static void set_up(uint8_t protocol)
{
	const struct cidr loopback = cidr_of6(&in6addr_loopback);

	assert_int_equal(uv_loop_init(&lab.loop), 0);
	lab.relays = relays_new(&lab.loop);
	lab.port = (struct relay_port){.protocol = protocol, .host_addr = loopback};
	assert_int_equal(cidr_parse_address("127.0.0.1", &lab.port.addr, NULL), 0);
	assert_int_equal(port_reserve(protocol, &loopback, 0, &lab.kept, &lab.port.host_port, NULL),
			 0);
	lab.port.fd = lab.kept;
	lab.server =
		local_server(protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM, &lab.port.port);
	relays_sync(lab.relays, &lab.port, 1);
}

static void tear_down(void)
{
	relays_free(lab.relays);
	uv_run(&lab.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&lab.loop), 0);
	close(lab.kept);
	if (lab.server >= 0)
		close(lab.server);
}

/* Let the relay work until FD is readable; false: it never is. */
static bool wait_readable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	for (int i = 0; i < 500; i++) {
		uv_run(&lab.loop, UV_RUN_NOWAIT);
		if (poll(&poll_fd, 1, 10) > 0)
			return true;
	}
	return false;
}

static int client(int type)
{
	struct sockaddr_in6 name = {.sin6_family = AF_INET6,
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT,
				    .sin6_port = htons(lab.port.host_port)};
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0)
		return fd;
	close(fd);
	return -errno;
}

static int accepted(void)
{
	assert_true(wait_readable(lab.server));
	return accept4(lab.server, NULL, NULL, SOCK_CLOEXEC);
}

static void assert_gets(int fd, const char *expected)
{
	char text[64] = "";

	assert_true(wait_readable(fd));
	assert_int_equal(recv(fd, text, sizeof(text) - 1, 0), strlen(expected));
	assert_string_equal(text, expected);
}

static void bytes_and_ends_go_both_ways(void **state)
{
	int here, there;

	set_up(IPPROTO_TCP);
	here = client(SOCK_STREAM);
	there = accepted();
	assert_int_equal(send(here, "question", 8, 0), 8);
	assert_gets(there, "question");
	assert_int_equal(shutdown(here, SHUT_WR), 0);
	assert_gets(there, "");
	assert_int_equal(send(there, "answer", 6, 0), 6);
	assert_gets(here, "answer");
	close(there);
	assert_gets(here, "");
	close(here);
	tear_down();
}

static void the_other_address_is_tried(void **state)
{
	int here, there;

	set_up(IPPROTO_TCP);
	/* Nobody listens there. */
	lab.port.addr6 = cidr_of6(&in6addr_loopback);
	relays_sync(lab.relays, &lab.port, 1);
	here = client(SOCK_STREAM);
	assert_int_equal(send(here, "question", 8, 0), 8);
	there = accepted();
	assert_gets(there, "question");
	close(here);
	close(there);
	tear_down();
}

static void without_a_server_the_connection_ends(void **state)
{
	int here;

	set_up(IPPROTO_TCP);
	close(lab.server);
	lab.server = -1;
	here = client(SOCK_STREAM);
	assert_gets(here, "");
	close(here);
	tear_down();
}

static void a_port_can_be_served_again_while_old_connections_go_on(void **state)
{
	int first, second, there, again;

	set_up(IPPROTO_TCP);
	first = client(SOCK_STREAM);
	there = accepted();
	relays_sync(lab.relays, NULL, 0);
	uv_run(&lab.loop, UV_RUN_NOWAIT);
	assert_int_equal(client(SOCK_STREAM), -ECONNREFUSED);
	assert_int_equal(send(first, "still", 5, 0), 5);
	assert_gets(there, "still");
	relays_sync(lab.relays, &lab.port, 1);
	second = client(SOCK_STREAM);
	again = accepted();
	assert_int_equal(send(again, "new", 3, 0), 3);
	assert_gets(second, "new");
	close(first);
	close(second);
	close(there);
	close(again);
	tear_down();
}

static void a_port_that_is_given_up_can_be_reserved_again(void **state)
{
	const struct cidr loopback = cidr_of6(&in6addr_loopback);
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP};

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		set_up(protocols[i]);
		close(lab.kept);
		relays_give_up(lab.relays, protocols[i], &loopback, lab.port.host_port);
		assert_int_equal(port_reserve(protocols[i], &loopback, lab.port.host_port,
					      &lab.kept, NULL, NULL),
				 0);
		tear_down();
	}
}

static void one_too_many_is_closed_at_once(void **state)
{
	const struct rlimit files = {8192, 8192};
	static int here[RELAY_CONNECTIONS_MAX + 1], there[RELAY_CONNECTIONS_MAX];

	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		skip();
	set_up(IPPROTO_TCP);
	for (size_t i = 0; i < RELAY_CONNECTIONS_MAX; i++) {
		here[i] = client(SOCK_STREAM);
		there[i] = accepted();
	}
	here[RELAY_CONNECTIONS_MAX] = client(SOCK_STREAM);
	assert_gets(here[RELAY_CONNECTIONS_MAX], "");
	close(here[0]);
	assert_gets(there[0], "");
	close(there[0]);
	for (int i = 0; i < 10; i++)
		uv_run(&lab.loop, UV_RUN_NOWAIT);
	here[0] = client(SOCK_STREAM);
	there[0] = accepted();
	assert_true(there[0] >= 0);
	for (size_t i = 0; i < RELAY_CONNECTIONS_MAX; i++) {
		close(here[i]);
		close(there[i]);
	}
	close(here[RELAY_CONNECTIONS_MAX]);
	tear_down();
}

/* Take a datagram at FD and answer it with TEXT. */
static void answer(int fd, const char *expected, const char *text)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	char got[64] = "";

	assert_true(wait_readable(fd));
	assert_true(recvfrom(fd, got, sizeof(got) - 1, 0, (struct sockaddr *)&peer, &len) >= 0);
	assert_string_equal(got, expected);
	assert_true(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&peer, len) >= 0);
}

static void each_datagram_client_gets_its_own_answers(void **state)
{
	int first, second;

	set_up(IPPROTO_UDP);
	first = client(SOCK_DGRAM);
	second = client(SOCK_DGRAM);
	assert_int_equal(send(first, "a", 1, 0), 1);
	answer(lab.server, "a", "A");
	assert_int_equal(send(second, "b", 1, 0), 1);
	answer(lab.server, "b", "B");
	assert_gets(second, "B");
	assert_gets(first, "A");
	assert_int_equal(send(first, "", 0, 0), 0);
	answer(lab.server, "", "empty");
	assert_gets(first, "empty");
	close(first);
	close(second);
	tear_down();
}

static void datagrams_follow_the_service_when_it_moves(void **state)
{
	uint16_t before;
	int here, moved;

	set_up(IPPROTO_UDP);
	here = client(SOCK_DGRAM);
	assert_int_equal(send(here, "a", 1, 0), 1);
	answer(lab.server, "a", "A");
	assert_gets(here, "A");
	before = lab.port.port;
	moved = local_server(SOCK_DGRAM, &lab.port.port);
	assert_int_not_equal(before, lab.port.port);
	relays_sync(lab.relays, &lab.port, 1);
	assert_int_equal(send(here, "b", 1, 0), 1);
	answer(moved, "b", "B");
	assert_gets(here, "B");
	close(here);
	close(moved);
	tear_down();
}

static void the_oldest_datagram_client_makes_room(void **state)
{
	const struct rlimit files = {8192, 8192};
	int oldest, here;

	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		skip();
	set_up(IPPROTO_UDP);
	oldest = client(SOCK_DGRAM);
	assert_int_equal(send(oldest, "a", 1, 0), 1);
	answer(lab.server, "a", "A");
	assert_gets(oldest, "A");
	for (size_t i = 0; i < RELAY_FLOWS_MAX + 8; i++) {
		here = client(SOCK_DGRAM);
		assert_int_equal(send(here, "b", 1, 0), 1);
		answer(lab.server, "b", "B");
		assert_gets(here, "B");
		close(here);
	}
	assert_int_equal(send(oldest, "c", 1, 0), 1);
	answer(lab.server, "c", "C");
	assert_gets(oldest, "C");
	close(oldest);
	tear_down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_and_ends_go_both_ways),
		cmocka_unit_test(the_other_address_is_tried),
		cmocka_unit_test(without_a_server_the_connection_ends),
		cmocka_unit_test(a_port_can_be_served_again_while_old_connections_go_on),
		cmocka_unit_test(a_port_that_is_given_up_can_be_reserved_again),
		cmocka_unit_test(one_too_many_is_closed_at_once),
		cmocka_unit_test(each_datagram_client_gets_its_own_answers),
		cmocka_unit_test(datagrams_follow_the_service_when_it_moves),
		cmocka_unit_test(the_oldest_datagram_client_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
