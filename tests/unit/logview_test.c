// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/logsource.h"
#include "cmd/cli/logtail.h"
#include "cmd/cli/logtext.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#define TIME "2026-11-23T22:00:00.000000000Z "

struct directory {
	char path[64];
	int fd;
};

static int setup(void **state)
{
	struct directory *directory = test_calloc(1, sizeof(*directory));

	strcpy(directory->path, "/tmp/stack-logview-XXXXXX");
	assert_non_null(mkdtemp(directory->path));
	directory->fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = directory;
	return 0;
}

static int teardown(void **state)
{
	struct directory *directory = *state;

	close(directory->fd);
	fd_remove_tree(AT_FDCWD, directory->path, NULL);
	test_free(directory);
	return 0;
}

static void append(const struct directory *directory, const char *name, const char *text)
{
	int fd = openat(directory->fd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

/* As the shim does it when a.log is full and three files are kept. */
static void rotate(const struct directory *directory)
{
	renameat(directory->fd, "a.log.1", directory->fd, "a.log.2");
	renameat(directory->fd, "a.log", directory->fd, "a.log.1");
	append(directory, "a.log", "");
}

static void expect_line(struct log_source *source, const char *text)
{
	char found[256] = "(nothing)";

	if (log_source_next(source))
		snprintf(found, sizeof(found), "%.*s", (int)source->record.len,
			 source->record.text);
	assert_string_equal(found, text);
}

static void expect_nothing(struct log_source *source)
{
	assert_false(log_source_next(source));
}

static void test_record(void **state)
{
	const char *line = "2026-11-23T22:00:00.5Z stderr P some text";
	struct log_record record;

	assert_int_equal(log_record_parse(line, strlen(line), &record), 0);
	assert_true(record.is_stderr && record.is_partial);
	assert_int_equal(record.time_ns, 1795471200500000000u);
	assert_int_equal(record.len, strlen("some text"));
	assert_memory_equal(record.text, "some text", record.len);
	assert_int_equal(log_record_parse(TIME "stdout F ", strlen(TIME) + 9, &record), 0);
	assert_int_equal(record.len, 0);
	assert_int_equal(log_record_parse(TIME "stdout F", strlen(TIME) + 8, &record), 0);
	assert_int_equal(record.len, 0);
	assert_int_equal(log_record_parse(TIME "stdout", strlen(TIME) + 6, &record), -EINVAL);
	assert_int_equal(log_record_parse(TIME "stdlog F x", strlen(TIME) + 10, &record), -EINVAL);
	assert_int_equal(log_record_parse("x stdout F x", 12, &record), -EINVAL);
}

static void test_what_is_appended_comes_later(void **state)
{
	CLEANUP(log_source_release) struct log_source source;
	struct directory *directory = *state;

	append(directory, "a.log", TIME "stdout F one\n" TIME "stdout F tw");
	log_source_init(&source, directory->fd, "a", -1);
	expect_line(&source, "one");
	expect_nothing(&source);
	append(directory, "a.log", "o\n");
	expect_line(&source, "two");
	expect_nothing(&source);
}

static void test_log_that_appears_later(void **state)
{
	CLEANUP(log_source_release) struct log_source source;
	struct directory *directory = *state;

	log_source_init(&source, directory->fd, "a", -1);
	expect_nothing(&source);
	append(directory, "a.log", TIME "stdout F one\n");
	expect_line(&source, "one");
}

static void test_oldest_file_is_read_first(void **state)
{
	CLEANUP(log_source_release) struct log_source source;
	struct directory *directory = *state;

	append(directory, "a.log.2", TIME "stdout F one\n");
	append(directory, "a.log.1", TIME "stdout F two\n");
	append(directory, "a.log", TIME "stdout F three\n");
	log_source_init(&source, directory->fd, "a", -1);
	expect_line(&source, "one");
	expect_line(&source, "two");
	expect_line(&source, "three");
	expect_nothing(&source);
}

static void test_rotation_loses_and_doubles_nothing(void **state)
{
	CLEANUP(log_source_release) struct log_source source;
	struct directory *directory = *state;

	append(directory, "a.log", TIME "stdout F one\n");
	log_source_init(&source, directory->fd, "a", -1);
	expect_line(&source, "one");
	expect_nothing(&source);
	append(directory, "a.log", TIME "stdout F two\n"); /* written, not read, and rotated away */
	rotate(directory);
	append(directory, "a.log", TIME "stdout F three\n");
	rotate(directory);
	append(directory, "a.log", TIME "stdout F four\n");
	expect_line(&source, "two");
	expect_line(&source, "three");
	expect_line(&source, "four");
	expect_nothing(&source);
}

static void test_between_rename_and_create_there_is_no_newer_file(void **state)
{
	CLEANUP(log_source_release) struct log_source source;
	struct directory *directory = *state;

	append(directory, "a.log", TIME "stdout F one\n");
	log_source_init(&source, directory->fd, "a", -1);
	expect_line(&source, "one");
	renameat(directory->fd, "a.log", directory->fd, "a.log.1");
	expect_nothing(&source);
	append(directory, "a.log.1", TIME "stdout F two\n");
	append(directory, "a.log", TIME "stdout F three\n");
	expect_line(&source, "two");
	expect_line(&source, "three");
}

#define RACE_LINES 20000
#define RACE_FILES 100

/* A writer that rotates all the time and throws nothing away. */
static void write_and_rotate(const struct directory *directory)
{
	int fd = -1;

	for (int i = 0; i < RACE_LINES; i++) {
		char line[64];

		if (i % (RACE_LINES / RACE_FILES) == 0) {
			for (unsigned int n = RACE_FILES; i > 0 && n > 0; n--) {
				char from[LOG_FILE_NAME_MAX], to[LOG_FILE_NAME_MAX];

				log_file_name(from, "a", n - 1);
				log_file_name(to, "a", n);
				renameat(directory->fd, from, directory->fd, to);
			}
			cleanup_close(&fd);
			fd = openat(directory->fd, "a.log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		}
		snprintf(line, sizeof(line), TIME "stdout F %d\n", i);
		fd_write_all(fd, line, strlen(line));
	}
	cleanup_close(&fd);
}

static void test_reading_while_it_is_rotated(void **state)
{
	struct directory *directory = *state;
	pid_t writer = fork();

	if (writer == 0) {
		write_and_rotate(directory);
		_exit(0);
	}
	assert_true(writer > 0);
	{
		CLEANUP(log_source_release) struct log_source source;
		time_t deadline = time(NULL) + 30;
		long expected = 0;

		log_source_init(&source, directory->fd, "a", -1);
		while (expected < RACE_LINES && time(NULL) < deadline) {
			if (!log_source_next(&source))
				continue;
			assert_int_equal(strtol(source.record.text, NULL, 10), expected);
			expected++;
		}
		assert_int_equal(expected, RACE_LINES);
		expect_nothing(&source);
	}
	waitid(P_PID, (id_t)writer, NULL, WEXITED);
}

static void test_container_made_anew(void **state)
{
	CLEANUP(log_source_release) struct log_source source;
	struct directory *directory = *state;

	append(directory, "a.log", TIME "stdout F one\n");
	log_source_init(&source, directory->fd, "a", -1);
	expect_line(&source, "one");
	append(directory, "a.log", TIME "stdout F last words\n");
	unlinkat(directory->fd, "a.log", 0);
	expect_line(&source, "last words");
	append(directory, "a.log", TIME "stdout F again\n");
	expect_line(&source, "again");
	expect_nothing(&source);
}

static void test_pieces_of_a_line_become_one(void **state)
{
	CLEANUP(log_source_release) struct log_source source;
	struct directory *directory = *state;

	append(directory, "a.log",
	       TIME "stdout P ab\n" TIME "stderr P 12\n" TIME "stdout P cd\n" TIME
		    "stdout F ef\n" TIME "stderr F 34\n" TIME "stdout P un");
	append(directory, "a.log", "finished\n");
	log_source_init(&source, directory->fd, "a", -1);
	expect_line(&source, "abcdef");
	expect_line(&source, "1234");
	expect_nothing(&source);
	assert_true(log_source_finish(&source));
	assert_memory_equal(source.record.text, "unfinished", source.record.len);
	assert_false(log_source_finish(&source));
}

static void test_damaged_line_is_shown_as_it_is(void **state)
{
	CLEANUP(log_source_release) struct log_source source;
	struct directory *directory = *state;

	append(directory, "a.log", "what\n" TIME "stdout F one\n2026-1\n" TIME "stdout F two\n");
	log_source_init(&source, directory->fd, "a", -1);
	expect_line(&source, "what");
	expect_line(&source, "one");
	expect_line(&source, "2026-1");
	assert_int_equal(source.record.time_ns, 1795471200000000000u);
	expect_line(&source, "two");
}

static void test_tail(void **state)
{
	struct directory *directory = *state;

	append(directory, "a.log.1", TIME "stdout F one\n" TIME "stdout F two\n");
	append(directory, "a.log",
	       TIME "stdout P thr\n" TIME "stdout F ee\n" TIME "stdout F four\n" TIME "std");
	for (long lines = 0; lines < 6; lines++) {
		static const char *const all[] = {"one", "two", "three", "four"};
		CLEANUP(log_source_release) struct log_source source;

		log_source_init(&source, directory->fd, "a", lines);
		for (long i = lines < 4 ? 4 - lines : 0; i < 4; i++)
			expect_line(&source, all[i]);
		expect_nothing(&source);
	}
}

static void test_tail_of_a_large_file(void **state)
{
	CLEANUP(log_source_release) struct log_source source;
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct directory *directory = *state;

	for (int i = 0; i < 20000; i++)
		strbuf_printf(&text, TIME "stdout F line %d\n", i);
	append(directory, "a.log", text.text);
	log_source_init(&source, directory->fd, "a", 5000);
	for (int i = 15000; i < 20000; i++) {
		char expected[32];

		snprintf(expected, sizeof(expected), "line %d", i);
		expect_line(&source, expected);
	}
	expect_nothing(&source);
}

static void expect_shown(const char *text, const char *expected)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	log_text_for_terminal(&out, text, strlen(text), "web | ");
	assert_string_equal(out.text, expected);
}

static void test_terminal(void **state)
{
	expect_shown("a\tb", "a\tb");
	expect_shown("\033[1;31mred\033[m", "\033[1;31mred\033[m\033[0m");
	expect_shown("a\033[2Jb\033[10;10Hc\033[?25ld", "abcd");
	expect_shown("a\033]0;title\ab\033]52;c;aGk=\033\\c", "abc");
	expect_shown("a\033Pq\033\\b\033_x\033\\c\033^y\033\\d\033Xz\033\\e", "abcde");
	expect_shown("a\033cb\033(0c\0337d", "abcd");
	expect_shown("50 %\r100 %", "50 %\rweb | 100 %");
	expect_shown("dos\r", "dos");
	expect_shown("bell\a back\b", "bell\\x07 back\\x08");
	expect_shown("c1 \xc2\x9b"
		     "2J raw \x9b"
		     "2J",
		     "c1 \\x9b2J raw \\x9b2J");
	expect_shown("cut \033[31", "cut ");
	expect_shown("cut \033", "cut ");
	expect_shown("cut \033]0;never ends", "cut ");
	expect_shown("\033[>4m\033[31 m", "");
	expect_shown("in string \033]0;a\033[31mb", "in string \033[31mb\033[0m");
}

#define WITH_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record),
		WITH_DIRECTORY(test_what_is_appended_comes_later),
		WITH_DIRECTORY(test_log_that_appears_later),
		WITH_DIRECTORY(test_oldest_file_is_read_first),
		WITH_DIRECTORY(test_rotation_loses_and_doubles_nothing),
		WITH_DIRECTORY(test_between_rename_and_create_there_is_no_newer_file),
		WITH_DIRECTORY(test_reading_while_it_is_rotated),
		WITH_DIRECTORY(test_container_made_anew),
		WITH_DIRECTORY(test_pieces_of_a_line_become_one),
		WITH_DIRECTORY(test_damaged_line_is_shown_as_it_is),
		WITH_DIRECTORY(test_tail),
		WITH_DIRECTORY(test_tail_of_a_large_file),
		cmocka_unit_test(test_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
