// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_LOGTAIL_H
#define STACK_CMD_CLI_LOGTAIL_H

#include <sys/types.h>

/*
 * Log files of a container: their names, and where the last lines begin
 */
#define LOG_FILE_NAME_MAX 320

/* "NAME.log" for number 0, "NAME.log.N" for the Nth older one. */
void log_file_name(char ret_name[LOG_FILE_NAME_MAX], const char *container, unsigned int number);

/* Open it for reading.  -1: there is none. */
int log_file_open(int dirfd, const char *container, unsigned int number);

/* The highest number in use, 0 when only NAME.log (or nothing) is there. */
unsigned int log_file_oldest(int dirfd, const char *container);

/*
 * Open the file in which the last LINES lines begin, at RET_OFFSET.  Pieces of
 * one line count once.  Reads from the end, no more than it must.  -1: there is
 * no file.
 */
int log_tail_open(int dirfd, const char *container, long lines, off_t *ret_offset);

#endif
