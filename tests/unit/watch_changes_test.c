// SPDX-License-Identifier: GPL-2.0-or-later
/* What has changed, and when it is time to act on it. */
#include "cmd/cli/watch_changes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *listed(const struct watch_paths *paths)
{
	static char text[256];

	text[0] = '\0';
	for (size_t i = 0; i < paths->n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			 paths->items[i]);
	return text;
}

static void a_path_is_there_once_and_a_directory_stands_for_what_is_in_it(void **state)
{
	static const char *const paths[] = {"b", "a/x", "a.txt", "a/y", "b", "a-b/z"};
	struct watch_changes changes = {.first_ms = 0};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		watch_changes_add(&changes, paths[i], 1);
	assert_string_equal(listed(&changes.paths), "a/x a/y a-b/z a.txt b");
	watch_changes_add(&changes, "a", 1);
	assert_string_equal(listed(&changes.paths), "a a-b/z a.txt b");
	watch_changes_add(&changes, "a/x/y", 1);
	assert_string_equal(listed(&changes.paths), "a a-b/z a.txt b");
	watch_changes_add(&changes, "", 1);
	assert_int_equal(changes.paths.n, 1);
	watch_changes_add(&changes, "c", 1);
	assert_int_equal(changes.paths.n, 1);
	assert_string_equal(changes.paths.items[0], "");
	watch_changes_clear(&changes);
	assert_int_equal(changes.paths.n, 0);
	watch_changes_clear(&changes);
}

static void what_was_gone_is_known_although_its_directory_has_changed(void **state)
{
	struct watch_changes changes = {.first_ms = 0};

	watch_changes_remove(&changes, "a/x", 1);
	watch_changes_remove(&changes, "b", 1);
	watch_changes_add(&changes, "a", 1);
	watch_changes_add(&changes, "", 1);
	assert_string_equal(listed(&changes.paths), "");
	assert_int_equal(changes.paths.n, 1);
	assert_string_equal(listed(&changes.gone), "a/x b");
	watch_changes_clear(&changes);
	assert_int_equal(changes.gone.n, 0);
}

static void what_comes_after_they_were_taken_is_for_the_next_time(void **state)
{
	struct watch_changes changes = {.first_ms = 0}, taken;

	watch_changes_add(&changes, "a", 5000);
	taken = watch_changes_take(&changes);
	assert_int_equal(watch_changes_wait_ms(&changes, 6000), -1);
	watch_changes_add(&changes, "a", 9000);
	assert_int_equal(watch_changes_wait_ms(&changes, 9000), WATCH_QUIET_MS);
	assert_string_equal(listed(&taken.paths), "a");
	watch_changes_clear(&taken);
	assert_string_equal(listed(&changes.paths), "a");
	watch_changes_clear(&changes);
}

static void a_burst_is_one_change(void **state)
{
	struct watch_changes changes = {.first_ms = 0};

	assert_int_equal(watch_changes_wait_ms(&changes, 5000), -1);
	watch_changes_add(&changes, "a", 5000);
	assert_int_equal(watch_changes_wait_ms(&changes, 5000), WATCH_QUIET_MS);
	assert_int_equal(watch_changes_wait_ms(&changes, 5000 + WATCH_QUIET_MS), 0);
	/* The same path again: it is still being written. */
	watch_changes_add(&changes, "a", 5000 + WATCH_QUIET_MS - 1);
	assert_int_equal(watch_changes_wait_ms(&changes, 5000 + WATCH_QUIET_MS),
			 WATCH_QUIET_MS - 1);
	watch_changes_clear(&changes);
	assert_int_equal(watch_changes_wait_ms(&changes, 6000), -1);
}

static void who_never_stops_is_served_as_well(void **state)
{
	struct watch_changes changes = {.first_ms = 0};
	int64_t now = 1000;

	for (; now < 1000 + WATCH_BURST_MS; now += WATCH_QUIET_MS / 2) {
		watch_changes_add(&changes, "log", now);
		assert_true(watch_changes_wait_ms(&changes, now) > 0);
	}
	watch_changes_add(&changes, "log", now);
	assert_int_equal(watch_changes_wait_ms(&changes, now), 0);
	watch_changes_clear(&changes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_is_there_once_and_a_directory_stands_for_what_is_in_it),
		cmocka_unit_test(what_was_gone_is_known_although_its_directory_has_changed),
		cmocka_unit_test(what_comes_after_they_were_taken_is_for_the_next_time),
		cmocka_unit_test(a_burst_is_one_change),
		cmocka_unit_test(who_never_stops_is_served_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
