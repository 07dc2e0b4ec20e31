// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_REQUEST_H
#define STACK_CMD_CLI_REQUEST_H

#include <jansson.h>
#include <stdbool.h>

#include "core/base/err.h"

struct interrupt;
struct paths;
struct project;

/*
 * Request: one question to the supervisor, its events, its answer
 */
typedef void request_event_fn(void *data, const json_t *event);

/* Whom a request is for, and who listens meanwhile. */
struct request_peer {
	const struct paths *paths;
	const char *project;
	bool start;		    /* a supervisor where there is none, as launch_connect() */
	request_event_fn *on_event; /* gets every event before the result; NULL: nobody */
	void *data;
	struct interrupt *interrupt; /* served while waiting; NULL: none */
};

/*
 * Send MESSAGE to PEER's supervisor and read until the result.  RET_RESULT (may be
 * NULL) is set to it, owned by the caller, when that is "ok".
 *
 * A supervisor that is gone before it said a word had just been dying: the next
 * one is asked.  -ENOENT: the project is not up.  -ECONNRESET: it died on the way.
 * A result "error" becomes the error, with the supervisor's own sentence.
 * Blocks: until the result.
 */
int request_ask(const struct request_peer *peer, const json_t *message, json_t **ret_result,
		struct err *err);

/*
 * The same, but the connection stays open, for what lasts as long as it does.  RET_FD is the
 * caller's.
 */
int request_keep(const struct request_peer *peer, const json_t *message, json_t **ret_result,
		 int *ret_fd, struct err *err);

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

/*
 * Set in RET_WANTED, which has an element that is false for each service of PROJECT, those that
 * the N NAMES mean: all where N is 0, and WITH_DEPENDENCIES also what they depend on.
 * -ENOENT as above.
 */
int request_select_services(const struct project *project, char *const *names, size_t n,
			    bool with_dependencies, bool *ret_wanted, struct err *err);

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
