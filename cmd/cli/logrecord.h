// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_LOGRECORD_H
#define STACK_CMD_CLI_LOGRECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Log record: a line of a container's log file, as the shim writes it
 *
 *	2026-01-02T03:04:05.123456789Z stdout F the text
 *
 * the format of the Kubernetes container runtime interface.  "P" instead of
 * "F" marks a piece whose line goes on in the next record of that stream.
 */
struct log_record {
	uint64_t time_ns;
	const char *time; /* as it stands there */
	size_t time_len;
	const char *text;
	size_t len;
	bool is_stderr, is_partial;
};

/*
 * Take LINE, LEN bytes without its newline, apart; RET_RECORD points into it.
 * -EINVAL: it is no record.
 */
int log_record_parse(const char *line, size_t len, struct log_record *ret_record);

#endif
