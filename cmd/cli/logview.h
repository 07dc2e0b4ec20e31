// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_LOGVIEW_H
#define STACK_CMD_CLI_LOGVIEW_H

#include "cmd/cli/logsource.h"
#include "core/base/err.h"
#include "core/base/strbuf.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Log view: the logs of several containers as one, on standard output
 *
 * Lines come in the order of their times.  When the view is at the end of all
 * logs, log_view_drain() returns; it goes on from there when called again.
 * `fd` becomes readable when there may be more.
 */
struct log_view_options {
	const char *project;	     /* taken off the names of containers for the prefix */
	long tail;		     /* lines of each container; -1: all */
	uint64_t since_ns, until_ns; /* 0: no limit */
	bool timestamps, no_prefix, color;
	bool terminal; /* make the text safe for one */
	bool follow;

	/* Is CONTAINER to be shown?  Asked once when its log appears. */
	bool (*wanted)(void *data, const char *container);
	void *data;
};

struct log_view {
	struct log_view_options options;
	struct log_source **sources; /* in the order in which they appeared */
	size_t n;
	int dirfd, fd; /* fd: inotify, -1 when not following */
	size_t label_width;
	struct strbuf out, prefix;
};

#define LOG_VIEW_INIT                                                                              \
	{                                                                                          \
		.dirfd = -1, .fd = -1, .out = STRBUF_INIT, .prefix = STRBUF_INIT                   \
	}

/*
 * Open the logs in DIRECTORY.
 *
 * -ENOENT: there is no such directory.
 */
int log_view_open(struct log_view *view, const char *directory,
		  const struct log_view_options *options, struct err *err);
void log_view_release(struct log_view *view);

/* Print all there is now.  -errno: standard output does not take it. */
int log_view_drain(struct log_view *view, struct err *err);

/* `fd` is readable: forget what it says and drain. */
int log_view_serve(struct log_view *view, struct err *err);

/* No more will come: print unfinished lines as well. */
int log_view_finish(struct log_view *view, struct err *err);

#endif
