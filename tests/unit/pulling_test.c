// SPDX-License-Identifier: GPL-2.0-or-later
/* When an image is pulled. */
#include "cmd/cli/pulling.h"
#include "core/base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void policies_say_when(void **state)
{
	static const struct {
		const char *policy;
		bool built, present;
		int64_t age_s;
		enum pulling_need need;
	} cases[] = {
		{NULL, false, false, 0, PULL_REQUIRED},
		{NULL, false, true, 1000000, PULL_NOT},
		{NULL, true, false, 0, PULL_NOT}, /* it is built instead */
		{"missing", true, false, 0, PULL_REQUIRED},
		{"missing", false, true, 0, PULL_NOT},
		{"if_not_present", false, false, 0, PULL_REQUIRED},
		{"always", false, true, 0, PULL_REQUIRED},
		{"never", false, false, 0, PULL_NOT},
		{"build", true, false, 0, PULL_NOT},
		{"daily", false, false, 0, PULL_REQUIRED},
		{"daily", false, true, 86399, PULL_NOT},
		{"daily", false, true, 86400, PULL_IF_POSSIBLE},
		{"weekly", false, true, 86400, PULL_NOT},
		{"weekly", false, true, 604800, PULL_IF_POSSIBLE},
		{"every_2h30m", false, true, 8999, PULL_NOT},
		{"every_2h30m", false, true, 9000, PULL_IF_POSSIBLE},
		{"daily", false, true, -5, PULL_NOT}, /* the clock was put back */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		print_message("%s, built %d, present %d, %lld s\n",
			      cases[i].policy ? cases[i].policy : "-", cases[i].built,
			      cases[i].present, (long long)cases[i].age_s);
		assert_int_equal(pulling_need(cases[i].policy, cases[i].built, cases[i].present,
					      cases[i].age_s),
				 cases[i].need);
	}
}

static void policies_are_known(void **state)
{
	static const char *const known[] = {"always", "missing", "if_not_present", "never",
					    "build",  "daily",	 "weekly",	   "every_1h"};
	static const char *const unknown[] = {"", "Always", "every_", "every_x", "hourly"};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		assert_true(pulling_policy_is_known(known[i]));
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		assert_false(pulling_policy_is_known(unknown[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_say_when),
		cmocka_unit_test(policies_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
