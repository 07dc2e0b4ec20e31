// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pending: what was asked for is finished, by whichever supervisor
 *
 * A request that changes something is on the disk from before its first step
 * until after its last.  A supervisor that finds one takes it up again; since
 * every operation begins by looking at what there is, what was done is not done
 * twice.  The exception is `restart`, which would be: the rest of it is a start.
 */
#include "core/supervise/resume.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/jsontext.h"
#include "core/base/log.h"
#include "core/base/strbuf.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PENDING_FILE "pending.json"
#define PENDING_MAX  ((size_t)1 << 20)

/* A request that is the end of each supervisor that takes it up is left alone then. */
#define ATTEMPTS_MAX 3

static void save(struct supervisor *supervisor, const json_t *request)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct err err = ERR_INIT;

	if (jsontext_add(&text, request, JSON_COMPACT) < 0)
		return;
	/* Without it, whoever asked sees the end of the supervisor and asks again. */
	if (fd_replace_file(supervisor->run_fd, PENDING_FILE, text.text, text.len, 0600, &err) < 0)
		log_warn("%s, ignoring", err.msg);
}

void pending_save(struct supervisor *supervisor, const json_t *request)
{
	json_t *copy = json_copy((json_t *)(uintptr_t)request);

	/* The project is in desired.json by now. */
	json_object_del(copy, "project");
	json_object_del(copy, "follow");
	save(supervisor, copy);
	json_decref(copy);
}

void pending_clear(struct supervisor *supervisor)
{
	(void)unlinkat(supervisor->run_fd, PENDING_FILE, 0);
}

static json_t *load(const struct supervisor *supervisor)
{
	CLEANUP_FREE char *text = NULL;
	json_error_t bad;

	if (fd_read_file(supervisor->run_fd, PENDING_FILE, PENDING_MAX, &text, NULL, NULL) < 0)
		return NULL;
	return json_loads(text, 0, &bad);
}

void pending_resume(struct supervisor *supervisor)
{
	json_t *request = load(supervisor);
	json_int_t attempts = json_integer_value(json_object_get(request, "attempts"));
	const char *op = json_string_value(json_object_get(request, "op"));

	if (!op || attempts >= ATTEMPTS_MAX || !supervisor->project_json) {
		pending_clear(supervisor);
		json_decref(request);
		return;
	}
	log_info("going on with '%s', which the last supervisor did not finish", op);
	if (strcmp(op, "restart") == 0)
		json_object_set_new(request, "op", json_string("start"));
	json_object_set_new(request, "attempts", json_integer(attempts + 1));
	json_object_set(request, "project", supervisor->project_json);
	request_handle(supervisor, NULL, request);
	json_decref(request);
}
