// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/human.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"
#include "core/base/jsontext.h"
#include "core/base/strbuf.h"

#include <errno.h>
#include <string.h>

struct events_args {
	bool json;
	const char *since, *until;
};

#define ARG(field) offsetof(struct events_args, field)

static const struct option_spec events_options[] = {
	{0, "json", OPTION_FLAG, ARG(json), NULL, "a JSON object a line"},
	{0, "since", OPTION_STRING, ARG(since), "TIME",
	 "first what happened since then: 10m, 1h30m or 2026-01-31T12:00:00Z"},
	{0, "until", OPTION_STRING, ARG(until), "TIME", "only what happened before, and end"},
};

struct watcher {
	bool json;
	char **services;
	size_t n;
};

static void print_event(void *data, const json_t *event)
{
	static const char *const keys[] = {"time", "event", "action", "name", "detail"};
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
	const struct watcher *watcher = data;

	if (!containers_selected(output_string(event, "service"), watcher->services, watcher->n))
		return;
	if (watcher->json && jsontext_add(&line, event, JSON_COMPACT) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(keys) && !watcher->json; i++) {
		const char *text = output_string(event, keys[i]);

		if (line.len > 0 && text[0])
			strbuf_putc(&line, ' ');
		text_escape(&line, text, strlen(text));
	}
	strbuf_putc(&line, '\n');
	(void)cli_output(&line, NULL);
}

/* As events have it: RFC 3339 in UTC with milliseconds. */
static int add_moment(json_t *message, const char *key, const char *text)
{
	struct err err = ERR_INIT;
	char moment[HUMAN_MOMENT_SIZE];
	uint64_t ns;

	if (!text)
		return 0;
	if (human_parse_moment(text, human_now_ns(), &ns, &err) < 0)
		return cli_usage_error("events: %s", err.msg);
	human_moment(ns, moment);
	json_object_set_new(message, key, json_string(moment));
	return 0;
}

static int events_run(struct cli *cli, const void *values, char **services, size_t n,
		      struct err *err)
{
	const struct events_args *args = values;
	struct watcher watcher = {args->json, services, n};
	CLEANUP(request_json_cleanup) json_t *message = request_new("events", NULL, 0);
	char project[TEXT_NAME_MAX + 1];
	struct request_peer peer = {.paths = &cli->paths,
				    .project = project,
				    .on_event = print_event,
				    .data = &watcher};
	int r;

	if (!message)
		return err_nomem(err);
	r = add_moment(message, "since", args->since);
	if (r == 0)
		r = add_moment(message, "until", args->until);
	if (r == 0)
		r = cli_project_name(cli, project, err);
	if (r == 0)
		r = request_ask(&peer, message, NULL, err);
	return r == -ECONNRESET ? 0 : r; /* the project went down: there are no more events */
}

const struct command command_events = {
	.name = "events",
	.operands = "[SERVICE…]",
	.help = "Print what happens to the project, as it happens",
	.options = events_options,
	.n_options = ARRAY_SIZE(events_options),
	.args_size = sizeof(struct events_args),
	.max_operands = COMMAND_ANY,
	.run = events_run,
};
