// SPDX-License-Identifier: GPL-2.0-or-later
/* why: how the containers of a service came to be as they are */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <string.h>

struct why_args {
	const char *format;
};

static const struct option_spec why_options[] = {
	{0, "format", OPTION_STRING, offsetof(struct why_args, format), "text|json",
	 "how it is printed"},
};

/* The steps of a start, in their order. */
static const struct {
	const char *key, *text;
} steps[] = {
	{"waited_us", "waited"},
	{"directories_us", "directories"},
	{"network_us", "network namespace and links"},
	{"cgroups_us", "cgroups and limits"},
	{"files_us", "spec and files"},
	{"rules_us", "packet filter"},
	{"setup_us", "namespaces and mounts"},
	{"exec_us", "until the program ran"},
	{"ready_us", "until it was healthy"},
};

static void print_steps(struct strbuf *out, const json_t *timing)
{
	long long total = 0;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		total += output_integer(timing, steps[i].key);
	if (total == 0)
		return;
	strbuf_printf(out, "  its last start took %.1f ms\n", (double)total / 1000);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		long long us = output_integer(timing, steps[i].key);

		if (us == 0)
			continue;
		strbuf_printf(out, "    %9.1f ms  %s", (double)us / 1000, steps[i].text);
		if (i == 0 && output_string(timing, "waited_for")[0])
			strbuf_printf(out, " for %s", output_string(timing, "waited_for"));
		strbuf_putc(out, '\n');
	}
}

static void print_text(struct strbuf *out, const json_t *object, const char *key)
{
	const char *text = output_string(object, key);

	text_escape(out, text, strlen(text));
}

static void print_history(struct strbuf *out, const json_t *history)
{
	const json_t *event;
	size_t i;

	if (json_array_size(history) > 0)
		strbuf_puts(out, "  what happened\n");
	json_array_foreach (history, i, event) {
		strbuf_printf(out, "    %s  ", output_string(event, "time"));
		print_text(out, event, "action");
		if (json_object_get(event, "ms"))
			strbuf_printf(out, "  %lld ms", (long long)output_integer(event, "ms"));
		if (output_string(event, "detail")[0]) {
			strbuf_puts(out, "  ");
			print_text(out, event, "detail");
		}
		strbuf_putc(out, '\n');
	}
}

static void print_container(struct strbuf *out, const json_t *container)
{
	const char *health = output_string(container, "health");

	strbuf_printf(out, "%s  %s", output_string(container, "name"),
		      output_string(container, "state"));
	if (health[0])
		strbuf_printf(out, " (%s)", health);
	if (output_integer(container, "restarts") > 0)
		strbuf_printf(out, ", restarted %lld times",
			      (long long)output_integer(container, "restarts"));
	if (output_string(container, "waiting")[0])
		strbuf_printf(out, " %s", output_string(container, "waiting"));
	strbuf_putc(out, '\n');
	if (output_string(container, "error")[0]) {
		strbuf_puts(out, "  ");
		print_text(out, container, "error");
		strbuf_putc(out, '\n');
	}
	print_steps(out, json_object_get(container, "timing"));
	print_history(out, json_object_get(container, "history"));
}

static int why_run(struct cli *cli, const void *values, char **services, size_t n, struct err *err)
{
	static const char *const formats[] = {"text", "json"};
	CLEANUP(request_json_cleanup) json_t *request = NULL, *result = NULL;
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const struct why_args *args = values;
	int format = output_format(args->format, formats, ARRAY_SIZE(formats));
	char project[TEXT_NAME_MAX + 1];
	const json_t *container;
	struct request_peer peer = {.paths = &cli->paths, .project = project};
	size_t i;
	int r;

	if (format < 0)
		return CLI_USAGE;
	r = cli_project_name(cli, project, err);
	request = request_new("why", services, n);
	if (r == 0)
		r = request ? request_ask(&peer, request, &result, err) : err_nomem(err);
	if (r != 0)
		return r;
	if (format == 1)
		return output_json(json_object_get(result, "containers"), err);
	json_array_foreach (json_object_get(result, "containers"), i, container)
		print_container(&out, container);
	return cli_output(&out, err);
}

const struct command command_why = {
	.name = "why",
	.operands = "SERVICE…",
	.help = "Tell how containers came to be as they are",
	.options = why_options,
	.n_options = ARRAY_SIZE(why_options),
	.args_size = sizeof(struct why_args),
	.min_operands = 1,
	.max_operands = COMMAND_ANY,
	.run = why_run,
};
