// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/dns.h"

#include "core/base/cleanup.h"
#include "net/dns_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <uv.h>

#include <cmocka.h>

/*
 * The server and all it talks to are in this one thread: the loop is turned by
 * hand while a test waits for a socket.  The upstreams are sockets of the test
 * that answer what the test wants, so nothing leaves 127.0.0.1.
 */
struct fixture {
	uv_loop_t loop;
	struct dns_server *server;
	struct sockaddr_in addr;
	int upstream[2]; /* UDP */
	int upstream_tcp;
	union dns_endpoint endpoints[2];
};

static const struct dns_record records[] = {
	{"web", {.s6_addr = {[10] = 0xff, 0xff, 10, 0, 0, 5}}},
	{"web", {.s6_addr = {[10] = 0xff, 0xff, 10, 0, 0, 6}}},
	{"db.back", {.s6_addr = {[10] = 0xff, 0xff, 10, 0, 0, 7}}},
};

static int local_socket(int type, uint16_t port, struct sockaddr_in *ret_addr)
{
	socklen_t len = sizeof(*ret_addr);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	*ret_addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
	ret_addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)ret_addr, len) < 0) {
		close(fd);
		return -1;
	}
	assert_int_equal(getsockname(fd, (struct sockaddr *)ret_addr, &len), 0);
	return fd;
}

/* Turn the loop until FD is readable, at most TIMEOUT_MS. */
static bool turn_until_readable(struct fixture *f, int fd, unsigned timeout_ms)
{
	uint64_t end = uv_hrtime() + timeout_ms * UINT64_C(1000000);
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};

	do {
		uv_run(&f->loop, UV_RUN_NOWAIT);
		if (poll(&pollfd, 1, 1) > 0)
			return true;
	} while (uv_hrtime() < end);
	return false;
}

static size_t make_query(uint8_t *msg, const char *label, uint16_t id)
{
	static const uint8_t header[] = {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
	size_t len = strlen(label);

	memcpy(msg, header, sizeof(header));
	dns_put16(msg, id);
	msg[DNS_HEADER_LEN] = (uint8_t)len;
	memcpy(msg + DNS_HEADER_LEN + 1, label, len + 1);
	memcpy(msg + DNS_HEADER_LEN + len + 2, (uint8_t[]){0, 1, 0, 1}, 4);
	return DNS_HEADER_LEN + len + 6;
}

static int connect_client(struct fixture *f, int type)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&f->addr, sizeof(f->addr)), 0);
	return fd;
}

/* Send a query for LABEL; returns the socket that the answer will come to. */
static int ask(struct fixture *f, const char *label, uint16_t id)
{
	int fd = connect_client(f, SOCK_DGRAM);
	uint8_t msg[512];
	size_t len = make_query(msg, label, id);

	assert_int_equal(send(fd, msg, len, 0), len);
	return fd;
}

static void assert_answer(struct fixture *f, int fd, uint16_t id, enum dns_rcode rcode,
			  unsigned n_answers, unsigned timeout_ms)
{
	uint8_t msg[DNS_UDP_MAX];

	assert_true(turn_until_readable(f, fd, timeout_ms));
	assert_true(recv(fd, msg, sizeof(msg), 0) >= DNS_HEADER_LEN);
	assert_int_equal(dns_get16(msg), id);
	assert_int_equal(dns_get_rcode(msg), rcode);
	assert_int_equal(dns_get16(msg + 6), n_answers);
}

/* What upstream I was asked, and by whom. */
static size_t take_question(struct fixture *f, size_t i, uint8_t *msg, struct sockaddr_in *peer)
{
	socklen_t peer_len = sizeof(*peer);
	ssize_t n;

	assert_true(turn_until_readable(f, f->upstream[i], 3000));
	n = recvfrom(f->upstream[i], msg, 512, 0, (struct sockaddr *)peer, &peer_len);
	assert_true(n > DNS_HEADER_LEN);
	return (size_t)n;
}

static void send_answer(int fd, const struct sockaddr_in *peer, uint8_t *msg, size_t len,
			enum dns_rcode rcode)
{
	msg[2] |= 0x80;
	msg[3] = (uint8_t)((msg[3] & 0xf0) | rcode);
	assert_int_equal(sendto(fd, msg, len, 0, (const struct sockaddr *)peer, sizeof(*peer)),
			 len);
}

static int start(struct fixture *f, const struct dns_config *changes)
{
	struct dns_config config = *changes;
	struct err err = ERR_INIT;
	int probe = local_socket(SOCK_DGRAM, 0, &f->addr);

	close(probe);
	config.listen = f->addr;
	if (!config.resolv_conf && !config.n_upstreams) {
		config.upstreams = f->endpoints;
		config.n_upstreams = 2;
	}
	if (dns_server_new(&f->loop, &config, &f->server, &err) < 0)
		fail_msg("%s", err.msg);
	return dns_server_set_records(f->server, records, ARRAY_SIZE(records), NULL, NULL);
}

static void names_of_ours_are_answered(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FD int fd = -1, other = -1;

	start(f, &(struct dns_config){.n_upstreams = 0});
	fd = ask(f, "web", 7);
	assert_answer(f, fd, 7, DNS_NOERROR, 2, 1000);
	dns_server_set_records(f->server, records, 1, NULL, NULL);
	other = ask(f, "WEB", 8);
	assert_answer(f, other, 8, DNS_NOERROR, 1, 1000);
}

static void other_names_are_asked_of_the_upstream(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in first, second;
	CLEANUP_FD int fd = -1, other = -1;
	uint8_t msg[512], forged[512];
	size_t len;

	start(f, &(struct dns_config){.n_upstreams = 0});
	fd = ask(f, "outside", 7);
	len = take_question(f, 0, msg, &first);
	other = ask(f, "elsewhere", 7);
	take_question(f, 0, forged, &second);
	assert_int_not_equal(first.sin_port, second.sin_port);

	/* Wrong id, wrong question, wrong sender: none of them may pass. */
	memcpy(forged, msg, len);
	forged[0] ^= 1;
	send_answer(f->upstream[0], &first, forged, len, DNS_NOERROR);
	memcpy(forged, msg, len);
	forged[DNS_HEADER_LEN + 1] ^= 1;
	send_answer(f->upstream[0], &first, forged, len, DNS_NOERROR);
	memcpy(forged, msg, len);
	send_answer(f->upstream[1], &first, forged, len, DNS_NOERROR);
	assert_false(turn_until_readable(f, fd, 50));

	send_answer(f->upstream[0], &first, msg, len, (enum dns_rcode)3); /* NXDOMAIN, as it is */
	assert_answer(f, fd, 7, (enum dns_rcode)3, 0, 1000);
}

static void the_next_upstream_is_asked_on_failure(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in peer;
	CLEANUP_FD int fd = -1;
	uint8_t msg[512];
	size_t len;

	start(f, &(struct dns_config){.n_upstreams = 0});
	fd = ask(f, "outside", 7);
	len = take_question(f, 0, msg, &peer);
	send_answer(f->upstream[0], &peer, msg, len, DNS_SERVFAIL);
	len = take_question(f, 1, msg, &peer);
	send_answer(f->upstream[1], &peer, msg, len, DNS_NOERROR);
	assert_answer(f, fd, 7, DNS_NOERROR, 0, 1000);
}

static void silent_and_dead_upstreams_end_in_servfail(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FD int fd = -1;
	uint64_t begin = uv_hrtime();

	start(f, &(struct dns_config){.n_upstreams = 0});
	close(f->upstream[1]); /* the kernel says that nobody listens */
	f->upstream[1] = -1;
	fd = ask(f, "outside", 7);
	assert_answer(f, fd, 7, DNS_SERVFAIL, 0, DNS_FORWARD_MS);
	assert_in_range((uv_hrtime() - begin) / 1000000, DNS_FORWARD_MS / 2 - 10,
			DNS_FORWARD_MS - 500);
}

static void a_client_with_resolvers_of_its_own_asks_those(void **state)
{
	struct fixture *f = *state;
	struct dns_asker asker = {.client = {htonl(INADDR_LOOPBACK)}, .n_upstreams = 1};
	const struct dns_asker other = {.client = {0x0100000a}, .n_upstreams = 0};
	struct sockaddr_in peer;
	uint8_t msg[512];
	CLEANUP_FD int fd = -1, again = -1;
	size_t len;

	start(f, &(struct dns_config){.n_upstreams = 0});
	asker.upstreams[0] = f->endpoints[1];
	assert_int_equal(dns_server_set_askers(f->server, &other, 1, NULL), 0);
	assert_int_equal(dns_server_add_asker(f->server, &asker, NULL), 0);
	fd = ask(f, "example", 7);
	len = take_question(f, 1, msg, &peer);
	send_answer(f->upstream[1], &peer, msg, len, DNS_NOERROR);
	assert_answer(f, fd, 7, DNS_NOERROR, 0, 1000);
	/* Without: the host's again. */
	assert_int_equal(dns_server_set_askers(f->server, NULL, 0, NULL), 0);
	again = ask(f, "example", 8);
	len = take_question(f, 0, msg, &peer);
	send_answer(f->upstream[0], &peer, msg, len, DNS_NOERROR);
	assert_answer(f, again, 8, DNS_NOERROR, 0, 1000);
}

static void without_upstream_it_is_servfail(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FD int fd = -1;

	start(f, &(struct dns_config){.resolv_conf = "/nonexistent"});
	fd = ask(f, "outside", 7);
	assert_answer(f, fd, 7, DNS_SERVFAIL, 0, 1000);
}

/* The sibling has an upstream that is silent: a question that got there would have no answer. */
static void siblings_do_not_ask_each_other(void **state)
{
	struct fixture *f = *state;
	struct dns_server *first;
	union dns_endpoint first_addr;
	CLEANUP_FD int fd = -1;

	start(f, &(struct dns_config){.n_upstreams = 0});
	first = f->server;
	first_addr.in = f->addr;
	start(f,
	      &(struct dns_config){.upstreams = &first_addr, .n_upstreams = 1, .sibling = first});
	fd = ask(f, "outside", 8);
	assert_answer(f, fd, 8, DNS_SERVFAIL, 0, 1000);
	assert_false(turn_until_readable(f, f->upstream[0], 50));
	dns_server_free(first);
}

static void internal_networks_ask_nobody(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FD int fd = -1;

	start(f, &(struct dns_config){.internal = true});
	fd = ask(f, "outside", 7);
	assert_answer(f, fd, 7, DNS_REFUSED, 0, 1000);
	assert_false(turn_until_readable(f, f->upstream[0], 50));
}

static void questions_in_flight_are_bounded(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FD int fd = -1;
	uint8_t msg[512];

	start(f, &(struct dns_config){.n_upstreams = 0});
	fd = connect_client(f, SOCK_DGRAM);
	for (unsigned i = 0; i <= DNS_IN_FLIGHT_MAX; i++) {
		size_t len = make_query(msg, "outside", (uint16_t)i);

		assert_int_equal(send(fd, msg, len, 0), len);
		uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	assert_answer(f, fd, DNS_IN_FLIGHT_MAX, DNS_SERVFAIL, 0, 1000);
}

static void idle_tcp_clients_stop_nobody(void **state)
{
	struct fixture *f = *state;
	int idle[512];
	CLEANUP_FD int fd = -1, tcp = -1;
	uint8_t msg[512];
	char byte;
	size_t len;

	start(f, &(struct dns_config){.n_upstreams = 0});
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++) {
		idle[i] = connect_client(f, SOCK_STREAM);
		uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	fd = ask(f, "web", 7);
	assert_answer(f, fd, 7, DNS_NOERROR, 2, 1000);
	/* The first has made room; a new one is served, byte by byte. */
	assert_true(turn_until_readable(f, idle[0], 1000));
	assert_int_equal(recv(idle[0], &byte, 1, 0), 0);
	tcp = connect_client(f, SOCK_STREAM);
	len = make_query(msg + 2, "web", 9);
	dns_put16(msg, (unsigned)len);
	for (size_t i = 0; i < len + 2; i++) {
		assert_int_equal(send(tcp, msg + i, 1, 0), 1);
		uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	assert_true(turn_until_readable(f, tcp, 1000));
	assert_int_equal(recv(tcp, msg, 2, MSG_WAITALL), 2);
	assert_int_equal(dns_get16(msg), len + 2 * DNS_RECORD_LEN(4));
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		close(idle[i]);
}

static void tcp_questions_are_forwarded_over_tcp(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FD int tcp = -1, peer = -1;
	uint8_t msg[512];
	size_t len;

	start(f, &(struct dns_config){.n_upstreams = 0});
	tcp = connect_client(f, SOCK_STREAM);
	len = make_query(msg + 2, "outside", 9);
	dns_put16(msg, (unsigned)len);
	assert_int_equal(send(tcp, msg, len + 2, 0), len + 2);
	assert_true(turn_until_readable(f, f->upstream_tcp, 1000));
	peer = accept4(f->upstream_tcp, NULL, NULL, SOCK_CLOEXEC);
	assert_true(turn_until_readable(f, peer, 1000));
	assert_int_equal(recv(peer, msg, len + 2, MSG_WAITALL), len + 2);
	msg[4] |= 0x80;
	assert_int_equal(send(peer, msg, len + 2, 0), len + 2);
	assert_true(turn_until_readable(f, tcp, 1000));
	assert_int_equal(recv(tcp, msg, len + 2, MSG_WAITALL), len + 2);
	assert_int_equal(dns_get16(msg + 2), 9);
}

static void the_question_of_a_client_that_left_is_dropped(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FD int peer = -1;
	uint8_t msg[512];
	size_t len;
	int tcp;

	start(f, &(struct dns_config){.n_upstreams = 0});
	tcp = connect_client(f, SOCK_STREAM);
	len = make_query(msg + 2, "outside", 9);
	dns_put16(msg, (unsigned)len);
	assert_int_equal(send(tcp, msg, len + 2, 0), len + 2);
	assert_true(turn_until_readable(f, f->upstream_tcp, 1000));
	peer = accept4(f->upstream_tcp, NULL, NULL, SOCK_CLOEXEC);
	assert_true(turn_until_readable(f, peer, 1000));
	assert_int_equal(recv(peer, msg, len + 2, MSG_WAITALL), len + 2);
	close(tcp);
	assert_true(turn_until_readable(f, peer, 1000));
	assert_int_equal(recv(peer, msg, 1, 0), 0);
}

static void a_taken_port_is_reported(void **state)
{
	struct fixture *f = *state;
	struct dns_server *second = NULL;
	struct dns_config config = {.internal = true};
	struct err err = ERR_INIT;

	start(f, &config);
	config.listen = f->addr;
	assert_int_equal(dns_server_new(&f->loop, &config, &second, &err), -EADDRINUSE);
	assert_non_null(strstr(err.msg, "127.0.0.1"));
	config.listen.sin_addr.s_addr = htonl(0xc0000201); /* 192.0.2.1 */
	assert_int_equal(dns_server_new(&f->loop, &config, &second, &err), -EADDRNOTAVAIL);
	config.device = "no-such-device";
	assert_int_equal(dns_server_new(&f->loop, &config, &second, &err), -ENODEV);
	assert_null(second);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	uv_loop_init(&f->loop);
	f->upstream[0] = local_socket(SOCK_DGRAM, 0, &f->endpoints[0].in);
	f->upstream[1] = local_socket(SOCK_DGRAM, 0, &f->endpoints[1].in);
	f->upstream_tcp = local_socket(SOCK_STREAM, f->endpoints[0].in.sin_port, &f->addr);
	*state = f;
	return f->upstream_tcp < 0 ? -1 : listen(f->upstream_tcp, 8);
}

/* Whatever a test left under way, the loop has to come to its end. */
static int tear_down(void **state)
{
	struct fixture *f = *state;

	dns_server_free(f->server);
	for (unsigned i = 0; i < 3; i++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	cleanup_close(&f->upstream[0]);
	cleanup_close(&f->upstream[1]);
	cleanup_close(&f->upstream_tcp);
	if (uv_loop_close(&f->loop) < 0)
		return -1;
	free(f);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_of_ours_are_answered),
		TEST(other_names_are_asked_of_the_upstream),
		TEST(the_next_upstream_is_asked_on_failure),
		TEST(silent_and_dead_upstreams_end_in_servfail),
		TEST(a_client_with_resolvers_of_its_own_asks_those),
		TEST(without_upstream_it_is_servfail),
		TEST(siblings_do_not_ask_each_other),
		TEST(internal_networks_ask_nobody),
		TEST(questions_in_flight_are_bounded),
		TEST(idle_tcp_clients_stop_nobody),
		TEST(tcp_questions_are_forwarded_over_tcp),
		TEST(the_question_of_a_client_that_left_is_dropped),
		TEST(a_taken_port_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
