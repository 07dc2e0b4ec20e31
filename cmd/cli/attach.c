// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/attach.h"

#include "cmd/cli/cli.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/interrupt.h"
#include "cmd/cli/launch.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/supervise/control.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>

#define RECONNECT_MS	   200
#define STATUS_INTERRUPTED 130 /* 128 + SIGINT, what a shell makes of Ctrl-C */

struct attachment {
	const struct cli *cli;
	const char *project;
	const struct attach_options *options;
	struct log_view view;
	json_t *list;  /* containers as they were when last asked for */
	int events_fd; /* -1: the supervisor is away */
	int status;    /* what the command exits with */
	bool done;
};

static int refresh(struct attachment *a, struct err *err)
{
	json_t *list = NULL;
	int r = containers_list(&a->cli->paths, a->project, &list, err);

	if (r < 0)
		return r;
	json_decref(a->list);
	a->list = list;
	return 0;
}

static bool is_selected(const struct attachment *a, const json_t *container)
{
	return containers_selected(output_string(container, "service"), a->options->services,
				   a->options->n_services);
}

static const json_t *find(const struct attachment *a, const char *name)
{
	const json_t *container;
	size_t i;

	json_array_foreach (a->list, i, container)
		if (strcmp(output_string(container, "name"), name) == 0)
			return container;
	return NULL;
}

/* Whose log is that?  A container that we have not heard of was made since we asked. */
static bool is_wanted(void *data, const char *name)
{
	struct attachment *a = data;
	const json_t *container = find(a, name);

	if (!container && refresh(a, NULL) == 0)
		container = find(a, name);
	return container && is_selected(a, container);
}

static int connect_events(struct attachment *a, struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *message = request_new("events", NULL, 0);
	CLEANUP_FD int fd = -1;
	int r;

	if (!message)
		return err_nomem(err);
	r = launch_connect(&a->cli->paths, a->project, false, &fd, err);
	if (r == 0)
		r = control_send(fd, message, err);
	if (r == 0)
		a->events_fd = TAKE_FD(fd);
	return r;
}

/* Are we through?  Known only from the whole list: a restart policy may revive the last one. */
static void check_alive(struct attachment *a)
{
	const json_t *container;
	size_t i;

	if (refresh(a, NULL) < 0)
		return;
	a->done = true;
	json_array_foreach (a->list, i, container)
		if (is_selected(a, container) && container_is_alive(container))
			a->done = false;
}

/* With --exit-code-from and --abort-on-container-exit the status is a container's. */
static void note_exit(struct attachment *a, const json_t *event)
{
	const char *service = output_string(event, "service");
	const json_t *container = find(a, output_string(event, "name"));
	const char *from = a->options->exit_code_from;
	bool first = a->options->interrupt && a->options->interrupt->count == 0;

	if (!container || container_is_alive(container) || !is_selected(a, container))
		return;
	if (from ? strcmp(from, service) == 0 : a->options->abort_on_exit && first)
		a->status = (int)output_integer(container, "exit_code");
	if (a->options->abort_on_exit && first)
		interrupt_stop(a->options->interrupt);
}

/* A saved stack file; what is wrong with it has lines of its own. */
static void tell_file(const json_t *event)
{
	const char *line = output_string(event, "detail");

	cli_say("%s: %s", output_string(event, "name"),
		strcmp(output_string(event, "action"), "applied") == 0
			? "applied"
			: "not applied, everything stays as it is");
	while (*line) {
		size_t len = strcspn(line, "\n");

		cli_say("%.*s", (int)len, line);
		line += len + (line[len] == '\n');
	}
}

static void handle_event(struct attachment *a, const json_t *event)
{
	static const char *const ends[] = {"exited", "stopped", "removed", "error"};
	const char *action = output_string(event, "action");

	if (strcmp(output_string(event, "event"), "file") == 0) {
		tell_file(event);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (strcmp(action, ends[i]) != 0)
			continue;
		check_alive(a);
		note_exit(a, event);
	}
}

static void serve_events(struct attachment *a)
{
	CLEANUP(request_json_cleanup) json_t *event = NULL;

	if (control_receive(a->events_fd, &event, NULL) < 0) {
		close(a->events_fd);
		a->events_fd = -1;
	} else {
		handle_event(a, event);
	}
}

/* The answer to the stop that was asked for, event by event. */
static void serve_stop(struct attachment *a)
{
	CLEANUP(request_json_cleanup) json_t *message = NULL;
	struct err err = ERR_INIT;
	int r;

	r = control_receive(a->options->interrupt->stop_fd, &message, &err);
	if (r == 0)
		r = request_classify(message, &err);
	if (r == 0) {
		if (a->cli->progress != PROGRESS_QUIET)
			cli_say("%s %s", output_string(message, "name"),
				output_string(message, "action"));
		return;
	}
	if (r < 0)
		cli_say("%s", err.msg);
	cleanup_close(&a->options->interrupt->stop_fd);
	a->options->interrupt->stop_fd = -1;
	a->done = true;
}

/* The supervisor is away: is there a new one, or is the project down? */
static void reconnect(struct attachment *a)
{
	int r = connect_events(a, NULL);

	if (r == 0)
		check_alive(a);
	else if (r == -ENOENT)
		a->done = true;
}

static int turn(struct attachment *a, struct err *err)
{
	const struct interrupt *interrupt = a->options->interrupt;
	struct pollfd fds[] = {
		{.fd = a->view.fd, .events = POLLIN},
		{.fd = a->events_fd, .events = POLLIN},
		{.fd = interrupt ? interrupt->fd : -1, .events = POLLIN},
		{.fd = interrupt ? interrupt->stop_fd : -1, .events = POLLIN},
	};
	int r = poll(fds, ARRAY_SIZE(fds), a->events_fd < 0 ? RECONNECT_MS : -1);

	if (r < 0 && errno != EINTR)
		return err_sys(err, errno, "wait for logs");
	if (r > 0 && fds[1].revents)
		serve_events(a);
	if (r > 0 && fds[2].revents)
		interrupt_serve(a->options->interrupt);
	if (r > 0 && fds[3].revents)
		serve_stop(a);
	if (a->events_fd < 0 && !a->done)
		reconnect(a);
	return r > 0 && fds[0].revents ? log_view_serve(&a->view, err) : 0;
}

static int open_view(struct attachment *a, struct err *err)
{
	struct log_view_options options = a->options->view;
	char directory[PATH_MAX];
	int r;

	options.wanted = is_wanted;
	options.data = a;
	r = paths_join(directory, sizeof(directory), err, "%s/projects/%s/logs", a->cli->paths.root,
		       a->project);
	/* The first container with a log may be yet to come. */
	if (r == 0)
		r = fd_mkdir_p(directory, 0700, err);
	return r < 0 ? r : log_view_open(&a->view, directory, &options, err);
}

static int follow(struct attachment *a, struct err *err)
{
	int r = connect_events(a, err);

	if (r == 0)
		check_alive(a);
	while (r == 0 && !a->done)
		r = turn(a, err);
	return r;
}

static int show(struct attachment *a, struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *selected = NULL;
	int r;

	r = refresh(a, err);
	if (r == 0)
		r = containers_of(a->list, a->options->services, a->options->n_services, &selected,
				  err);
	if (r == 0)
		r = open_view(a, err);
	if (r == 0)
		r = log_view_drain(&a->view, err);
	if (r == 0 && a->options->view.follow)
		r = follow(a, err);
	return r < 0 ? r : log_view_finish(&a->view, err);
}

int attach(const struct cli *cli, const char *project, const struct attach_options *options,
	   struct err *err)
{
	struct attachment a = {.cli = cli,
			       .project = project,
			       .options = options,
			       .view = LOG_VIEW_INIT,
			       .events_fd = -1};
	int r = show(&a, err);

	log_view_release(&a.view);
	cleanup_close(&a.events_fd);
	json_decref(a.list);
	if (r < 0)
		return r;
	if (options->interrupt && options->interrupt->count > 0 && !options->abort_on_exit)
		return STATUS_INTERRUPTED;
	return a.status;
}
