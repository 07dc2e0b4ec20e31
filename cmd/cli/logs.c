// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/attach.h"
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/human.h"
#include "core/base/cleanup.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct logs_args {
	bool follow, timestamps, no_color, no_prefix;
	const char *tail, *since, *until;
};

#define ARG(field) offsetof(struct logs_args, field)

static const struct option_spec logs_options[] = {
	{'f', "follow", OPTION_FLAG, ARG(follow), NULL, "go on with what is written from now on"},
	{'n', "tail", OPTION_STRING, ARG(tail), "N|all", "the last N lines of each container"},
	{'t', "timestamps", OPTION_FLAG, ARG(timestamps), NULL, "with the time of each line"},
	{0, "since", OPTION_STRING, ARG(since), "TIME", "10m, 1h30m or 2026-01-31T12:00:00Z"},
	{0, "until", OPTION_STRING, ARG(until), "TIME", "the same, for the end"},
	{0, "no-color", OPTION_FLAG, ARG(no_color), NULL, "without colours"},
	{0, "no-log-prefix", OPTION_FLAG, ARG(no_prefix), NULL, "without the container's name"},
};

static int parse_tail(const char *text, long *ret_tail)
{
	char *end;

	*ret_tail = -1;
	if (!text || strcmp(text, "all") == 0)
		return 0;
	*ret_tail = strtol(text, &end, 10);
	if (end == text || *end != '\0' || *ret_tail < 0)
		return cli_usage_error("logs: --tail is a number of lines or 'all', not '%s'",
				       text);
	return 0;
}

static int parse_times(const struct logs_args *args, struct log_view_options *view)
{
	uint64_t now = human_now_ns();
	struct err err = ERR_INIT;
	int r = 0;

	if (args->since)
		r = human_parse_moment(args->since, now, &view->since_ns, &err);
	if (r == 0 && args->until)
		r = human_parse_moment(args->until, now, &view->until_ns, &err);
	return r < 0 ? cli_usage_error("logs: %s", err.msg) : 0;
}

static int logs_run(struct cli *cli, const void *values, char **services, size_t n, struct err *err)
{
	const struct logs_args *args = values;
	char project[TEXT_NAME_MAX + 1];
	struct attach_options options = {
		.view = {.project = project,
			 .timestamps = args->timestamps,
			 .no_prefix = args->no_prefix,
			 .color = cli->color_out && !args->no_color,
			 .terminal = isatty(STDOUT_FILENO),
			 .follow = args->follow},
		.services = services,
		.n_services = n,
	};
	int r;

	if (args->follow && args->until)
		return cli_usage_error("logs: --follow has no end, so --until cannot be met");
	r = parse_tail(args->tail, &options.view.tail);
	if (r == 0)
		r = parse_times(args, &options.view);
	if (r == 0)
		r = cli_project_name(cli, project, err);
	if (r != 0)
		return r;
	r = attach(cli, project, &options, err);
	if (r != -ENOENT || n > 0)
		return r;
	cli_say("%s", err->msg);
	return 0;
}

const struct command command_logs = {
	.name = "logs",
	.operands = "[SERVICE…]",
	.help = "Show what containers wrote",
	.options = logs_options,
	.n_options = ARRAY_SIZE(logs_options),
	.args_size = sizeof(struct logs_args),
	.max_operands = COMMAND_ANY,
	.run = logs_run,
};
