// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/state.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
	char path[64];
	int dir;
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->path, sizeof(place->path), "/tmp/stack-state-XXXXXX");
	assert_non_null(mkdtemp(place->path));
	place->dir = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = place;
	return place->dir < 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;

	close(place->dir);
	fd_remove_tree(AT_FDCWD, place->path, NULL);
	free(place);
	return 0;
}

static struct container_state ourselves(void)
{
	struct container_state record = {.pid = getpid(),
					 .pid_start = state_start_time(-1),
					 .shim = getpid(),
					 .shim_start = state_start_time(getpid()),
					 .started_ns = UINT64_MAX,
					 .started_boot_ns = 7};

	assert_int_equal(state_boot_id(record.boot_id, NULL), 0);
	return record;
}

static void records_come_back(void **state)
{
	struct place *place = *state;
	struct container_state in = ourselves(), out;
	struct container_exit end = {true, 137, 9, true, UINT64_C(1) << 60, 12345}, end_out;

	assert_int_equal(state_read(place->dir, &out, NULL), -ENOENT);
	assert_int_equal(exit_read(place->dir, &end_out, NULL), -ENOENT);
	assert_int_equal(state_write(place->dir, &in, NULL), 0);
	assert_int_equal(state_read(place->dir, &out, NULL), 0);
	assert_int_equal(out.pid, in.pid);
	assert_true(out.pid_start == in.pid_start && out.pid_start != 0);
	assert_true(out.started_ns == in.started_ns && out.started_boot_ns == 7);
	assert_string_equal(out.boot_id, in.boot_id);
	assert_int_equal(exit_write(place->dir, &end, NULL), 0);
	assert_int_equal(exit_read(place->dir, &end_out, NULL), 0);
	assert_true(end_out.known && end_out.oom_killed);
	assert_int_equal(end_out.code, 137);
	assert_int_equal(end_out.signal, 9);
	assert_true(end_out.finished_ns == end.finished_ns && end_out.ran_ms == 12345);
}

static void damaged_records_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"known 1\n",
		"known 2\ncode 1\nsignal 0\noom_killed 0\nfinished_ns 1\nran_ms 1\n",
		"known 1\ncode -1\nsignal 0\noom_killed 0\nfinished_ns 1\nran_ms 1\n",
		"known 1\ncode 99999999999\nsignal 0\noom_killed 0\nfinished_ns 1\nran_ms 1\n",
		"known 1\ncode 1x\nsignal 0\noom_killed 0\nfinished_ns 1\nran_ms 1\n",
		"known 1\ncode 1\nsignal 0\noom_killed 0\nfinished_ns 1\nran_ms 1\nmore 1\n",
		"code 1\nknown 1\nsignal 0\noom_killed 0\nfinished_ns 1\nran_ms 1\n",
	};
	struct place *place = *state;
	struct container_exit out;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(
			fd_replace_file(place->dir, "exit", texts[i], strlen(texts[i]), 0600, NULL),
			0);
		assert_int_equal(exit_read(place->dir, &out, NULL), -EBADMSG);
	}
}

static void only_the_very_process_is_opened(void **state)
{
	struct container_state record = ourselves();
	int pidfd, shim;

	state_open(&record, &pidfd, &shim);
	assert_true(pidfd >= 0 && shim >= 0);
	close(pidfd);
	close(shim);

	record.pid_start++; /* somebody else has the pid now */
	state_open(&record, &pidfd, &shim);
	assert_int_equal(pidfd, -1);
	assert_true(shim >= 0);
	close(shim);

	record.pid_start--;
	record.boot_id[0] = record.boot_id[0] == 'a' ? 'b' : 'a'; /* before a reboot */
	state_open(&record, &pidfd, &shim);
	assert_int_equal(pidfd, -1);
	assert_int_equal(shim, -1);
}

static void no_process_has_no_start_time(void **state)
{
	assert_true(state_start_time(0x3fffffff) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(records_come_back, make_place, remove_place),
		cmocka_unit_test_setup_teardown(damaged_records_are_refused, make_place,
						remove_place),
		cmocka_unit_test(only_the_very_process_is_opened),
		cmocka_unit_test(no_process_has_no_start_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
