// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Journal: events that happened before somebody asks
 *
 * A line of JSON each in <run>/<project>/events.jsonl; a full file becomes
 * events.jsonl.1, and what that was goes.  It outlives the supervisor, so
 * that it also tells of its end.  An event that cannot be written is lost here
 * and nowhere else.
 */
#include "core/supervise/internal.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/jsontext.h"
#include "core/base/strbuf.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOURNAL_FILE "events.jsonl"
#define JOURNAL_OLD  JOURNAL_FILE ".1"
#define JOURNAL_MAX  ((size_t)512 << 10) /* bytes of one file */

static int open_file(int run_fd)
{
	return openat(run_fd, JOURNAL_FILE, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
		      0600);
}

static bool is_full(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (size_t)st.st_size >= JOURNAL_MAX;
}

void journal_add(const struct supervisor *supervisor, const json_t *event)
{
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
	CLEANUP_FD int fd = open_file(supervisor->run_fd);

	if (fd < 0 || jsontext_add(&line, event, JSON_COMPACT) < 0)
		return;
	strbuf_putc(&line, '\n');
	(void)fd_write_all(fd, line.text, line.len);
	if (is_full(fd))
		(void)renameat(supervisor->run_fd, JOURNAL_FILE, supervisor->run_fd, JOURNAL_OLD);
}

static void read_file(const struct supervisor *supervisor, const char *name,
		      void (*each)(void *data, const json_t *event), void *data)
{
	CLEANUP_FREE char *text = NULL;
	char *save = NULL;

	if (fd_read_file(supervisor->run_fd, name, 4 * JOURNAL_MAX, &text, NULL, NULL) < 0)
		return;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		json_error_t bad;
		json_t *event = json_loads(line, 0, &bad);

		/* The last line of a supervisor that was killed may be half of one. */
		if (event)
			each(data, event);
		json_decref(event);
	}
}

void journal_read(const struct supervisor *supervisor,
		  void (*each)(void *data, const json_t *event), void *data)
{
	read_file(supervisor, JOURNAL_OLD, each, data);
	read_file(supervisor, JOURNAL_FILE, each, data);
}
