// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/request.h"

#include "cmd/cli/interrupt.h"
#include "cmd/cli/launch.h"
#include "cmd/cli/output.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/base/text.h"
#include "core/model/graph.h"
#include "core/model/load.h"
#include "core/model/project.h"
#include "core/supervise/control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* One that is dying, one that had just begun to, and no more. */
#define TRIES 3

void request_json_cleanup(json_t **value)
{
	json_decref(*value);
}

json_t *request_new(const char *op, char *const *names, size_t n)
{
	json_t *services = json_array();
	json_t *message;

	for (size_t i = 0; i < n; i++)
		json_array_append_new(services, json_string(names[i]));
	message = json_pack("{s:s, s:o}", "op", op, "services", services);
	if (!message || json_array_size(services) != n) {
		/* json_string() refuses what is not UTF-8; json_pack() then has nothing left. */
		json_decref(message);
		return NULL;
	}
	return message;
}

static int check_service(const struct project *project, const char *name, struct err *err)
{
	CLEANUP_FREE const char **known = NULL;
	const char *near;

	if (project_service(project, name))
		return 0;
	known = calloc(project->n_services + 1, sizeof(*known));
	if (!known)
		return err_nomem(err);
	for (size_t i = 0; i < project->n_services; i++)
		known[i] = project->services[i].name;
	near = text_suggest(name, known, project->n_services);
	if (!near)
		return err_set(err, ENOENT, "no such service: '%s'", name);
	return err_set(err, ENOENT, "no such service: '%s'; did you mean '%s'?", name, near);
}

int request_check_services(const struct project *project, char *const *names, size_t n,
			   struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = check_service(project, names[i], err);
	return r;
}

int request_select_services(const struct project *project, char *const *names, size_t n,
			    bool with_dependencies, bool *ret_wanted, struct err *err)
{
	size_t unknown;
	int r = request_check_services(project, names, n, err);

	if (r < 0)
		return r;
	if (n == 0 || with_dependencies)
		graph_closure(project, (const char *const *)names, n, ret_wanted, &unknown);
	else
		for (size_t i = 0; i < n; i++)
			ret_wanted[project_service(project, names[i]) - project->services] = true;
	return 0;
}

int request_new_with_project(const char *op, const struct project *project, char *const *names,
			     size_t n, json_t **ret_message, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP(request_json_cleanup) json_t *message = NULL;
	json_error_t error;
	json_t *json;
	int r;

	r = request_check_services(project, names, n, err);
	if (r < 0)
		return r;
	project_emit_json(project, &text);
	json = json_loadb(text.text, text.len, 0, &error);
	message = request_new(op, names, n);
	if (!json || !message || json_object_set_new(message, "project", json) < 0)
		return err_set(err, EINVAL, "the project cannot be written as JSON: %s",
			       error.text);
	*ret_message = TAKE_PTR(message);
	return 0;
}

int request_classify(const json_t *message, struct err *err)
{
	const char *result = json_string_value(json_object_get(message, "result"));
	const char *text;

	if (!result)
		return 0;
	if (strcmp(result, "ok") == 0)
		return 1;
	text = output_string(message, "message");
	return err_set(err, EIO, "%s", text[0] ? text : "the supervisor gave no reason");
}

/* Wait until FD has something, serving INTERRUPT meanwhile. */
static int wait_for(int fd, struct interrupt *interrupt, struct err *err)
{
	struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = -1, .events = POLLIN}};

	if (!interrupt)
		return 0;
	fds[1].fd = interrupt->fd;
	do {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return err_sys(err, errno, "wait for the supervisor");
		if (fds[1].revents)
			interrupt_serve(interrupt);
	} while (!fds[0].revents);
	return 0;
}

/* RET_HEARD: something came back. */
static int run(int fd, const struct request_peer *peer, const json_t *message, json_t **ret_result,
	       bool *ret_heard, struct err *err)
{
	int r = control_send(fd, message, err);

	while (r == 0) {
		json_t *answer = NULL;

		r = wait_for(fd, peer->interrupt, err);
		if (r == 0)
			r = control_receive(fd, &answer, err);
		if (r < 0)
			return r;
		*ret_heard = true;
		r = request_classify(answer, err);
		if (r == 0 && peer->on_event)
			peer->on_event(peer->data, answer);
		if (r == 1 && ret_result)
			*ret_result = json_incref(answer);
		json_decref(answer);
	}
	return r < 0 ? r : 0;
}

int request_keep(const struct request_peer *peer, const json_t *message, json_t **ret_result,
		 int *ret_fd, struct err *err)
{
	int r = -ECONNRESET;

	for (int i = 0; i < TRIES; i++) {
		CLEANUP_FD int fd = -1;
		bool heard = false;

		r = launch_connect(peer->paths, peer->project, peer->start, &fd, err);
		if (r == 0)
			r = run(fd, peer, message, ret_result, &heard, err);
		if (r == 0)
			*ret_fd = TAKE_FD(fd);
		if ((r != -ECONNRESET && r != -EPIPE) || heard)
			return r;
	}
	return r;
}

int request_ask(const struct request_peer *peer, const json_t *message, json_t **ret_result,
		struct err *err)
{
	CLEANUP_FD int fd = -1;

	return request_keep(peer, message, ret_result, &fd, err);
}
