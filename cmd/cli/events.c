// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/launch.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"
#include "core/base/jsontext.h"
#include "core/base/strbuf.h"

#include <errno.h>
#include <string.h>

struct events_args {
	bool json;
};

static const struct option_spec events_options[] = {
	{0, "json", OPTION_FLAG, offsetof(struct events_args, json), NULL, "a JSON object a line"},
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

static int events_run(struct cli *cli, const void *values, char **services, size_t n,
		      struct err *err)
{
	struct watcher watcher = {((const struct events_args *)values)->json, services, n};
	CLEANUP(request_json_cleanup) json_t *message = request_new("events", NULL, 0);
	char project[TEXT_NAME_MAX + 1];
	CLEANUP_FD int fd = -1;
	int r;

	if (!message)
		return err_nomem(err);
	r = cli_project_name(cli, project, err);
	if (r == 0)
		r = launch_connect(&cli->paths, project, false, &fd, err);
	if (r == 0)
		r = request_run(fd, message, print_event, &watcher, NULL, NULL, err);
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
