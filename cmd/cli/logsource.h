// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_LOGSOURCE_H
#define STACK_CMD_CLI_LOGSOURCE_H

#include "cmd/cli/logrecord.h"
#include "core/base/strbuf.h"

#include <sys/types.h>

/*
 * Log source: one container's log, read from its oldest file to its end
 *
 * NAME.log is what the shim writes; when it is full it becomes NAME.log.1,
 * what was .1 becomes .2, and so on.  The reader holds the file it is in open,
 * so a rotation takes nothing from it; it goes on in the next newer file, which
 * it finds by inode, when its own is read to the end.  A file that was removed
 * (the container was made anew) is followed by the oldest that is there.
 */
struct log_source {
	char *container;
	int dirfd; /* of the log directory, borrowed */
	int fd;	   /* -1: no file yet */
	dev_t dev;
	ino_t ino;
	char *buffer; /* the unread bytes are buffer[start … end) */
	size_t start, end, size;
	struct strbuf pending[2]; /* pieces of lines not complete yet: stdout, stderr */
	struct log_record record; /* what log_source_next() found */
	char time[64];		  /* of a record that was put together from pieces */
	struct strbuf line;	  /* its text */
	bool has_record;
};

/* TAIL < 0: from the beginning; else the last TAIL lines. */
void log_source_init(struct log_source *source, int dirfd, const char *container, long tail);
void log_source_release(struct log_source *source);

/*
 * Make source->record the next line; it stays valid until the next call.  True
 * as long as there is one now; later calls may find more.
 */
bool log_source_next(struct log_source *source);

/* No more will be written: make pieces of an unfinished line a record. */
bool log_source_finish(struct log_source *source);

#endif
