// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/dns.h"

#include "core/base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include <cmocka.h>

/* What dig(1), which reads answers more strictly than we would, makes of ours. */
#define TEST_PORT 20531

static void on_dig_exit(uv_process_t *dig, int64_t status, int signal)
{
	*(int64_t *)dig->data = signal ? -1 : status;
	uv_close((uv_handle_t *)dig, NULL);
}

/* Run dig with ARGS ("+short" …) at the server; its output goes to RET_TEXT. */
static void run_dig(uv_loop_t *loop, char *const *args, char *ret_text, size_t size)
{
	char port[8], *argv[16] = {"dig", "@127.0.0.1", "+time=2", "+tries=1", "-p", port};
	uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE}};
	uv_process_t dig;
	int64_t status = -2;
	int pipe_fds[2];
	ssize_t n;

	snprintf(port, sizeof(port), "%u", TEST_PORT);
	for (size_t i = 6; *args; i++)
		argv[i] = *args++;
	assert_int_equal(uv_pipe(pipe_fds, 0, 0), 0);
	stdio[1] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = pipe_fds[1]};
	stdio[2] = stdio[1];
	dig.data = &status;
	if (uv_spawn(loop, &dig,
		     &(uv_process_options_t){.file = "dig",
					     .args = argv,
					     .exit_cb = on_dig_exit,
					     .stdio = stdio,
					     .stdio_count = 3}) < 0)
		skip();
	while (status == -2)
		uv_run(loop, UV_RUN_ONCE);
	uv_run(loop, UV_RUN_NOWAIT);
	close(pipe_fds[1]);
	n = read(pipe_fds[0], ret_text, size - 1);
	close(pipe_fds[0]);
	ret_text[n > 0 ? n : 0] = '\0';
	assert_int_equal(status, 0);
}

static void dig_reads_the_answers(void **state)
{
	static char *const queries[][8] = {
		{"+short", "db.back", "A"},
		{"+short", "+tcp", "db.back", "A"},
		{"+short", "-x", "10.0.0.7"},
		{"+short", "db.back", "AAAA"},
		{"+short", "-x", "fd00:1::7"},
		{"+noall", "+comments", "+norecurse", "db.back", "MX"},
		{"+noall", "+comments", "+norecurse", "+noedns", "+tcp", "x.org", "A"},
	};
	static const char *const expected[] = {"10.0.0.7\n",	 "10.0.0.7\n", "db.back.\n",
					       "fd00:1::7\n",	 "db.back.\n", "status: NOERROR",
					       "status: REFUSED"};
	const struct dns_record records[] = {
		{"db.back", dns_mapped((struct in_addr){htonl(0x0a000007)})},
		{"db.back", {.s6_addr = {0xfd, 0, 0, 1, [15] = 7}}},
	};
	struct dns_config config = {.internal = true};
	struct dns_server *server = NULL;
	struct err err = ERR_INIT;
	char text[4096];
	uv_loop_t loop;

	config.listen = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(TEST_PORT)};
	config.listen.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(uv_loop_init(&loop), 0);
	if (dns_server_new(&loop, &config, &server, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(dns_server_set_records(server, records, 2, NULL, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
		run_dig(&loop, queries[i], text, sizeof(text));
		if (!strstr(text, expected[i]) || strstr(text, "WARN") ||
		    strstr(text, ";; Got bad"))
			fail_msg("'%s' is not in: %s", expected[i], text);
	}
	dns_server_free(server);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dig_reads_the_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
