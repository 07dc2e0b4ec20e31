// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/http_status.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int parse(const char *text)
{
	int status = 0, r = http_status_parse(text, strlen(text), &status);

	return r < 0 ? r : status;
}

static void statuses(void **state)
{
	assert_int_equal(parse("HTTP/1.1 200 OK\r\n"), 200);
	assert_int_equal(parse("HTTP/1.0 404\r\n"), 404);
	assert_int_equal(parse("HTTP/1.1 503\n"), 503);
	assert_int_equal(parse("HTTP/1.1 200"), -EAGAIN);
	assert_int_equal(parse("HT"), -EAGAIN);
	assert_int_equal(parse(""), -EAGAIN);
}

static void garbage(void **state)
{
	assert_int_equal(parse("HTTP/2.0 200 OK\r\n"), -EBADMSG);
	assert_int_equal(parse("HTTP/1.1 2000 OK\r\n"), -EBADMSG);
	assert_int_equal(parse("HTTP/1.1 099 OK\r\n"), -EBADMSG);
	assert_int_equal(parse("HTTP/1.1  200 OK\r\n"), -EBADMSG);
	assert_int_equal(parse("<html>"), -EBADMSG);
	assert_int_equal(http_status_parse("HTTP/1.1\0200 O", 14, NULL), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(statuses), cmocka_unit_test(garbage)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
