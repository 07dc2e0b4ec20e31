// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_PROGRESS_H
#define STACK_CMD_CLI_PROGRESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli;

/*
 * Progress: the supervisor's events while a request runs, on standard error
 *
 * On a terminal each container, network and volume has one line that is
 * updated in place; elsewhere each event is a line, or a JSON object.
 *
 *	CLEANUP(progress_release) struct progress progress;
 *	progress_init(&progress, cli);
 *	request_run(fd, message, progress_event, &progress, …);
 *	progress_end(&progress, …);
 */
struct progress_line;

struct progress {
	const struct cli *cli;
	struct progress_line *lines;
	size_t n, n_drawn; /* n_drawn: lines that stand on the terminal */
	uint64_t started_ns;
};

void progress_init(struct progress *progress, const struct cli *cli);
void progress_release(struct progress *progress);

/* A request_event_fn: DATA is the struct progress. */
void progress_event(void *data, const json_t *event);

/*
 * The request is through.  DONE ("started", "stopped") makes the last line,
 * with the number of CHANGES and the time it took; NOTHING is said instead when
 * there were none.
 */
void progress_end(struct progress *progress, const char *done, const char *nothing,
		  json_int_t changes);

#endif
