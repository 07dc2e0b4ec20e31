// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/signals.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void names_and_numbers_are_understood(void **state)
{
	static const struct {
		const char *text;
		int signo;
	} table[] = {
		{"SIGTERM", 15},
		{"TERM", 15},
		{"15", 15},
		{"sigint", SIGINT},
		{"kill", 9},
		{"1", 1},
		{"64", 64},
		{"SIGIOT", SIGABRT},
		{"RTMIN", 34},
		{"RTMIN+3", 37},
		{"SIGRTMIN+30", 64},
		{"rtmax-2", 62},
		{"RTMAX", 64},
		{"RTMAX-30", 34},
		{"WINCH", SIGWINCH},
		{"POLL", SIGPOLL},
		{"", -EINVAL},
		{"0", -EINVAL},
		{"65", -EINVAL},
		{"-1", -EINVAL},
		{"SIG", -EINVAL},
		{"15x", -EINVAL},
		{"015", -EINVAL},
		{" 15", -EINVAL},
		{"TERMS", -EINVAL},
		{"RTMIN+31", -EINVAL},
		{"RTMAX-31", -EINVAL},
		{"RTMIN+", -EINVAL},
		{"RTMIN+-1", -EINVAL},
		{"RTMIN-1", -EINVAL},
		{"SIGSIGTERM", -EINVAL},
		{"SIG15", -EINVAL},
		{"99999999999999", -EINVAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (signal_parse(table[i].text) != table[i].signo)
			fail_msg("'%s' gives %d, not %d", table[i].text,
				 signal_parse(table[i].text), table[i].signo);
}

static void every_signal_has_a_name_that_leads_back(void **state)
{
	char name[SIGNAL_NAME_MAX];

	for (int signo = 1; signo <= 64; signo++) {
		if (signo == 32 || signo == 33)
			continue; /* the C library's own, without a name */
		signal_name(signo, name);
		assert_int_equal(signal_parse(name), signo);
	}
	signal_name(SIGABRT, name);
	assert_string_equal(name, "SIGABRT");
	signal_name(37, name);
	assert_string_equal(name, "SIGRTMIN+3");
	signal_name(99, name);
	assert_string_equal(name, "signal 99");
	signal_name(-2147483647, name);
}

/* As /proc has it: the masks, and the numbers in each pid namespace. */
static bool is_lost(const char *nspid, const char *blocked, const char *ignored, const char *caught,
		    int signo)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "Name:\tSigCgt:\nNSpid:%s\nSigBlk:\t%s\nSigIgn:\t%s\nSigCgt:\t%s\n", nspid,
		 blocked, ignored, caught);
	return signal_is_lost(text, signo);
}

static void what_a_first_process_does_not_handle_is_lost(void **state)
{
	static const char none[] = "0000000000000000", term[] = "0000000000004000";

	assert_true(is_lost("\t4711\t1", none, none, none, SIGTERM));
	assert_true(is_lost("\t4711\t9\t1", none, none, none, SIGTERM));
	assert_true(is_lost("\t4711\t1", none, none, term, SIGINT));
	assert_false(is_lost("\t4711\t1", none, none, term, SIGTERM));
	assert_false(is_lost("\t4711\t1", none, term, none, SIGTERM));
	assert_false(is_lost("\t4711\t1", term, none, none, SIGTERM));
	/* Not the first one, or of the host's own namespace. */
	assert_false(is_lost("\t4711\t11", none, none, none, SIGTERM));
	assert_false(is_lost("\t4711\t2", none, none, none, SIGTERM));
	assert_false(is_lost("\t4711", none, none, none, SIGTERM));
	assert_false(is_lost("\t1", none, none, none, SIGTERM));
	assert_false(is_lost("\t4711\t1", none, none, none, SIGKILL));
	assert_false(signal_is_lost("", SIGTERM));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_numbers_are_understood),
		cmocka_unit_test(every_signal_has_a_name_that_leads_back),
		cmocka_unit_test(what_a_first_process_does_not_handle_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
