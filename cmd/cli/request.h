// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_REQUEST_H
#define STACK_CMD_CLI_REQUEST_H

#include <jansson.h>

#include "core/base/err.h"

struct interrupt;
struct project;

/*
 * Request: one question to the supervisor, its events, its answer
 */
typedef void request_event_fn(void *data, const json_t *event);

/*
 * Send MESSAGE on FD (from launch_connect()) and read until the result.
 * ON_EVENT (may be NULL) gets every event before it.  RET_RESULT (may be NULL)
 * is set to the result, owned by the caller, when that is "ok".
 *
 * A result "error" becomes the error, with the supervisor's own sentence.
 * INTERRUPT (may be NULL) is served while waiting.
 * Blocks: until the result.
 */
int request_run(int fd, const json_t *message, request_event_fn *on_event, void *data,
		struct interrupt *interrupt, json_t **ret_result, struct err *err);

/*
 * What one received message is: 0 an event, 1 the result "ok", -errno the
 * result "error" as an error.
 */
int request_classify(const json_t *message, struct err *err);

/*
 * Is every one of the N NAMES a service of PROJECT?
 *
 * -ENOENT: one is not; the sentence may suggest another.
 */
int request_check_services(const struct project *project, char *const *names, size_t n,
			   struct err *err);

/* {"op":OP,"services":[…]}; NAMES are the operands of a command. */
json_t *request_new(const char *op, char *const *names, size_t n);

/*
 * The same with the resolved PROJECT in it, of which every name has to be a
 * service: -ENOENT as above.
 */
int request_new_with_project(const char *op, const struct project *project, char *const *names,
			     size_t n, json_t **ret_message, struct err *err);

/* For CLEANUP(request_json_cleanup) json_t *value = NULL; */
void request_json_cleanup(json_t **value);

#endif
