// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Probe: a line of the log
 *
 * The shim writes the log (core/container/logfile.h); it is read here from the
 * oldest file that can have a line of this start on, a bounded part in one turn
 * of the loop, and inotify(7) tells when there is more.  A file that was
 * rotated away is found again by its inode, and the next younger one is read
 * after it.  Which lines belong to this start is told by their time.
 */
#include "core/supervise/health.h"

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/base/strbuf.h"
#include "core/model/pattern.h"
#include "core/supervise/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CHUNK	   (64 * 1024)
#define TURN_READS 4	      /* chunks in one turn of the loop */
#define FILES_MAX  1000	      /* as many as max-file may be */
#define GAP_MAX	   8	      /* numbers in a row that may be missing while files are renamed */
#define TEXT_MAX   4096	      /* of a line so much is looked at */
#define FRESH	   (8 * 1024) /* text after which the matcher is made anew */
#define RETRY_MS   20
#define TIME_LEN   30 /* "2026-11-23T21:55:00.123456789Z" */

enum { STREAM_STDOUT, STREAM_STDERR, STREAM_COUNT };

struct log_probe {
	struct health *health;
	regex_t regex;
	bool has_regex;
	size_t matched; /* bytes that the matcher has seen */
	char path[PATH_MAX - 16];
	char since[TIME_LEN + 16];
	int fd;
	ino_t inode;
	struct watch *changes;
	struct timer *more;
	struct strbuf raw;		   /* the beginning of a record */
	struct strbuf lines[STREAM_COUNT]; /* of lines whose rest follows */
	bool found;
};

/* The C library remembers each state it was in, and a hostile text can lead it into many. */
static void freshen(struct log_probe *probe, size_t len)
{
	probe->matched += len;
	if (probe->has_regex && probe->matched < FRESH)
		return;
	if (probe->has_regex)
		regfree(&probe->regex);
	probe->has_regex = pattern_compile(probe->health->probe.log, &probe->regex, NULL) == 0;
	probe->matched = 0;
}

static bool match(struct log_probe *probe, struct strbuf *line)
{
	regmatch_t range = {.rm_so = 0, .rm_eo = (regoff_t)line->len};

	freshen(probe, line->len);
	return probe->has_regex && regexec(&probe->regex, line->text, 1, &range, REG_STARTEND) == 0;
}

/* One record, without its newline. */
static void take_record(struct log_probe *probe, const char *text, size_t len)
{
	static const char head[] = " stdout F ";
	struct strbuf *line;
	size_t skip = TIME_LEN + sizeof(head) - 1, room;
	bool ends;

	if (len < skip || memcmp(text, probe->since, TIME_LEN) < 0)
		return;
	line = &probe->lines[text[TIME_LEN + 4] == 'o' ? STREAM_STDOUT : STREAM_STDERR];
	ends = text[TIME_LEN + 8] == 'F';
	room = TEXT_MAX - line->len;
	strbuf_add(line, text + skip, len - skip < room ? len - skip : room);
	if (!ends)
		return;
	probe->found = match(probe, line);
	strbuf_reset(line);
}

static void take_records(struct log_probe *probe)
{
	const char *at = probe->raw.text, *end = at + probe->raw.len, *newline;
	size_t rest;

	while (!probe->found && (newline = memchr(at, '\n', (size_t)(end - at)))) {
		take_record(probe, at, (size_t)(newline - at));
		at = newline + 1;
	}
	rest = (size_t)(end - at);
	/* No record is as long as that: the file is none of ours. */
	if (rest > 4 * (size_t)CHUNK)
		rest = 0;
	memmove(probe->raw.text, end - rest, rest);
	probe->raw.len = rest;
}

static void numbered(const struct log_probe *probe, unsigned int n, char ret[PATH_MAX])
{
	if (n)
		snprintf(ret, PATH_MAX, "%s.%u", probe->path, n);
	else
		snprintf(ret, PATH_MAX, "%s", probe->path);
}

/*
 * The number of the file we are in, -1 when it is gone.  Without one: of the
 * oldest that was written to since the start, or 0.
 */
static int find_file(const struct log_probe *probe)
{
	int found = probe->fd >= 0 ? -1 : 0, gap = 0;
	char path[PATH_MAX];
	struct stat st;

	for (unsigned int n = 0; n < FILES_MAX && gap < GAP_MAX; n++) {
		numbered(probe, n, path);
		if (lstat(path, &st) < 0) {
			gap++;
			continue;
		}
		gap = 0;
		if (probe->fd >= 0 && st.st_ino == probe->inode)
			return (int)n;
		if (probe->fd < 0 && (uint64_t)st.st_mtim.tv_sec + 1 >=
					     probe->health->unit->process.started_ns / 1000000000u)
			found = (int)n;
	}
	return found;
}

/* The watch is first: what comes after the last read is told. */
static bool open_file(struct log_probe *probe, unsigned int n)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	numbered(probe, n, path);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return false;
	}
	cleanup_close(&probe->fd);
	probe->fd = fd;
	probe->inode = st.st_ino;
	if (probe->changes)
		inotify_add_watch(watch_fd(probe->changes), path, IN_MODIFY | IN_MOVE_SELF);
	return true;
}

/* At the end of a file: go to the next.  False: this is the youngest one. */
static bool next_file(struct log_probe *probe)
{
	struct stat st;
	int n;

	/* A log of one file is cut off instead of rotated. */
	if (probe->fd >= 0 && fstat(probe->fd, &st) == 0 &&
	    lseek(probe->fd, 0, SEEK_CUR) > st.st_size) {
		probe->raw.len = 0;
		return lseek(probe->fd, 0, SEEK_SET) == 0;
	}
	n = find_file(probe);
	if (probe->fd >= 0 && n == 0)
		return false;
	if (n < 0)
		cleanup_close(&probe->fd);
	if (n < 0)
		probe->fd = -1;
	n = probe->fd >= 0 ? n - 1 : find_file(probe);
	if (open_file(probe, (unsigned int)n))
		return true;
	timer_arm(probe->more, RETRY_MS);
	return false;
}

/* Read on.  True: the line is there. */
static bool read_on(struct log_probe *probe)
{
	bool at_end = false;

	for (int i = 0; i < TURN_READS && !probe->found; i++) {
		char *chunk = malloc(CHUNK);
		ssize_t n = -1;

		if (!chunk)
			abort();
		if (probe->fd >= 0)
			n = read(probe->fd, chunk, CHUNK);
		if (n > 0)
			strbuf_add(&probe->raw, chunk, (size_t)n);
		free(chunk);
		if (n > 0) {
			take_records(probe);
			at_end = false;
		} else if (at_end || probe->fd < 0) {
			/* Twice: what was written before it was renamed has been read now. */
			if (!next_file(probe))
				return false;
			at_end = false;
		} else {
			at_end = true;
		}
	}
	if (!probe->found)
		timer_arm(probe->more, 0);
	return probe->found;
}

/* Nothing more is to be read in this run. */
static void leave(struct log_probe *probe)
{
	probe->found = true;
	timer_disarm(probe->more);
	watch_clear(&probe->changes);
	cleanup_close(&probe->fd);
	probe->fd = -1;
}

static void look_further(struct log_probe *probe)
{
	if (probe->found || !read_on(probe))
		return;
	leave(probe);
	health_came(probe->health);
	health_answer(probe->health, true, NULL);
}

static void on_more(void *data)
{
	look_further(data);
}

static void on_change(void *data)
{
	struct log_probe *probe = data;
	char events[4096];

	while (read(watch_fd(probe->changes), events, sizeof(events)) > 0)
		;
	look_further(probe);
}

static void time_text(uint64_t ns, char *ret, size_t size)
{
	time_t seconds = (time_t)(ns / 1000000000u);
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(ret, size, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret + n, size - n, ".%09luZ", (unsigned long)(ns % 1000000000u));
}

static void *log_open(struct health *health)
{
	struct supervisor *supervisor = health->unit->supervisor;
	struct log_probe *probe = calloc(1, sizeof(*probe));
	int fd;

	if (!probe)
		abort();
	probe->health = health;
	probe->fd = -1;
	probe->raw = probe->lines[0] = probe->lines[1] = (struct strbuf)STRBUF_INIT;
	probe->more = timer_new(supervisor->loop, on_more, probe);
	probe->found = health_has_come(health);
	if (probe->found)
		return probe;
	snprintf(probe->path, sizeof(probe->path), "%s/projects/%s/logs/%s.log",
		 supervisor->paths->root, supervisor->project_name, health->unit->record.name);
	time_text(health->unit->process.started_ns, probe->since, sizeof(probe->since));
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (fd >= 0)
		probe->changes = watch_new(supervisor->loop, fd, on_change, probe);
	else
		log_debug("container '%s': its log is looked at only now and then: %s",
			  health->unit->record.name, strerror(errno));
	timer_arm(probe->more, 0);
	return probe;
}

static void log_look(void *probing)
{
	struct log_probe *probe = probing;

	if (!probe->found && read_on(probe)) {
		leave(probe);
		health_came(probe->health);
	}
	health_answer(probe->health, probe->found, "no line of its log has matched yet");
}

static void log_close(void *probing)
{
	struct log_probe *probe = probing;

	watch_free(probe->changes);
	timer_free(probe->more);
	cleanup_close(&probe->fd);
	if (probe->has_regex)
		regfree(&probe->regex);
	strbuf_release(&probe->raw);
	for (size_t i = 0; i < STREAM_COUNT; i++)
		strbuf_release(&probe->lines[i]);
	free(probe);
}

const struct prober probe_log = {log_open, log_look, log_close, .once = true};
