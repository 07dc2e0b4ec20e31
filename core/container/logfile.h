// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_LOGFILE_H
#define STACK_CORE_CONTAINER_LOGFILE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Log file: a container's output on the disk, in the CRI format
 *
 *	2026-11-23T21:55:00.123456789Z stdout F a whole line
 *	2026-11-23T21:55:00.123456789Z stderr P the beginning of a line, more follows
 *
 * A record's text is what was read up to a newline (F) or up to the end of that
 * read (P): nothing stays in memory that a crash could lose.  A reader puts the
 * P records of a stream together with the next F record of the same stream.
 * Format: Kubernetes' CRI logging (kubelet, "CRI log format").
 *
 * Rotation: NAME is renamed to NAME.1, NAME.1 to NAME.2 and so on, before it
 * would grow beyond its size; records are never split by it.
 *
 * Writing fails no one: what cannot be written is dropped and counted, and when
 * there is room again a record of ours tells how much is missing.
 */
struct logfile {
	int dir, fd; /* fd -1: thrown away */
	char name[NAME_MAX + 1];
	uint64_t size, max_size;
	uint32_t max_files;
	uint64_t dropped; /* records, since the last one that was written */
	int drop_reason;  /* errno */
};

#define LOGFILE_INIT                                                                               \
	{                                                                                          \
		.dir = -1, .fd = -1                                                                \
	}

/* Open PATH (NULL: everything is thrown away) to append; MAX_SIZE and MAX_FILES as in spec.h. */
int logfile_open(struct logfile *log, const char *path, uint64_t max_size, uint32_t max_files,
		 struct err *err);

/*
 * Append what was read from STREAM ("stdout", "stderr") in one read.
 *
 * Blocks: for the disk.
 */
void logfile_append(struct logfile *log, const char *stream, const char *data, size_t len);

void logfile_release(struct logfile *log);

#endif
