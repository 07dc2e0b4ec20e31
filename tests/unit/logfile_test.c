// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/logfile.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define STAMP_LEN 30

struct place {
	char dir[64], path[80];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->dir, sizeof(place->dir), "/tmp/stack-log-XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	snprintf(place->path, sizeof(place->path), "%s/web.log", place->dir);
	*state = place;
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;

	fd_remove_tree(AT_FDCWD, place->dir, NULL);
	free(place);
	return 0;
}

/* The records without their time stamps, joined with '|'. */
static char *records(const char *path)
{
	char *text = NULL, *save = NULL, *out;
	size_t len = 0;

	assert_int_equal(fd_read_file(AT_FDCWD, path, 64 << 20, &text, &len, NULL), 0);
	out = calloc(1, len + 1);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		assert_true(strlen(line) > STAMP_LEN && line[STAMP_LEN - 1] == 'Z' &&
			    line[STAMP_LEN] == ' ');
		strcat(strcat(out, line + STAMP_LEN + 1), "|");
	}
	free(text);
	return out;
}

static void assert_records(const char *path, const char *expected)
{
	char *got = records(path);

	assert_string_equal(got, expected);
	free(got);
}

static void append(struct logfile *log, const char *stream, const char *text)
{
	logfile_append(log, stream, text, strlen(text));
}

static void lines_become_records(void **state)
{
	struct place *place = *state;
	struct logfile log = LOGFILE_INIT;

	assert_int_equal(logfile_open(&log, place->path, 0, 0, NULL), 0);
	append(&log, "stdout", "one\ntwo\n");
	append(&log, "stderr", "\n");
	append(&log, "stdout", "par");
	append(&log, "stdout", "tial\nrest");
	append(&log, "stdout", "");
	logfile_release(&log);
	assert_records(place->path,
		       "stdout F one|stdout F two|stderr F |stdout P par|stdout F tial|"
		       "stdout P rest|");
}

static void opening_again_appends(void **state)
{
	struct place *place = *state;

	for (int i = 0; i < 2; i++) {
		struct logfile log = LOGFILE_INIT;

		assert_int_equal(logfile_open(&log, place->path, 0, 0, NULL), 0);
		append(&log, "stdout", "x\n");
		logfile_release(&log);
	}
	assert_records(place->path, "stdout F x|stdout F x|");
}

static void many_lines_of_one_read_are_all_there(void **state)
{
	struct place *place = *state;
	struct logfile log = LOGFILE_INIT;
	char data[65536], *got;
	size_t n = 0;

	memset(data, '\n', sizeof(data));
	assert_int_equal(logfile_open(&log, place->path, 0, 0, NULL), 0);
	logfile_append(&log, "stdout", data, sizeof(data));
	logfile_release(&log);
	got = records(place->path);
	for (const char *p = got; *p; p++)
		n += *p == '|';
	free(got);
	assert_int_equal(n, sizeof(data));
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? -1 : st.st_size;
}

static void rotation_keeps_the_number_and_the_size(void **state)
{
	struct place *place = *state;
	struct logfile log = LOGFILE_INIT;
	char path[100], line[32];

	assert_int_equal(logfile_open(&log, place->path, 1000, 3, NULL), 0);
	for (int i = 0; i < 200; i++) {
		snprintf(line, sizeof(line), "%05d\n", i);
		append(&log, "stdout", line);
	}
	logfile_release(&log);
	assert_in_range(size_of(place->path), 1, 1000);
	for (int i = 1; i <= 2; i++) {
		snprintf(path, sizeof(path), "%s.%d", place->path, i);
		assert_in_range(size_of(path), 900, 1000);
	}
	snprintf(path, sizeof(path), "%s.3", place->path);
	assert_int_equal(size_of(path), -1);
}

static void a_single_file_starts_over(void **state)
{
	struct place *place = *state;
	struct logfile log = LOGFILE_INIT;
	char path[100];

	assert_int_equal(logfile_open(&log, place->path, 100, 1, NULL), 0);
	for (int i = 0; i < 50; i++)
		append(&log, "stdout", "0123456789\n");
	logfile_release(&log);
	assert_in_range(size_of(place->path), 1, 100);
	snprintf(path, sizeof(path), "%s.1", place->path);
	assert_int_equal(size_of(path), -1);
}

/* A size limit stands in for a full disk: the write is short, then it fails. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void what_does_not_fit_is_counted_and_told(void **state)
{
	struct place *place = *state;
	struct logfile log = LOGFILE_INIT;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(logfile_open(&log, place->path, 0, 0, NULL), 0);
	append(&log, "stdout", "before\n");
	limit_files((rlim_t)size_of(place->path) + 20);
	append(&log, "stdout", "lost\nlost\n");
	append(&log, "stdout", "lost\n");
	limit_files(RLIM_INFINITY);
	append(&log, "stdout", "after\n");
	logfile_release(&log);
	assert_records(place->path, "stdout F before|stderr F stack: 3 records dropped: No space "
				    "left on device|stdout F after|");
}

static void without_a_path_output_is_thrown_away(void **state)
{
	struct logfile log = LOGFILE_INIT;

	assert_int_equal(logfile_open(&log, NULL, 0, 0, NULL), 0);
	append(&log, "stdout", "x\n");
	logfile_release(&log);
}

int main(void)
{
#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)
	const struct CMUnitTest tests[] = {
		WITH_PLACE(lines_become_records),
		WITH_PLACE(opening_again_appends),
		WITH_PLACE(many_lines_of_one_read_are_all_there),
		WITH_PLACE(rotation_keeps_the_number_and_the_size),
		WITH_PLACE(a_single_file_starts_over),
		WITH_PLACE(what_does_not_fit_is_counted_and_told),
		cmocka_unit_test(without_a_path_output_is_thrown_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
