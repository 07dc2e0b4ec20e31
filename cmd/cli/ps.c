// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/human.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "cmd/cli/table.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <errno.h>
#include <string.h>

struct ps_args {
	bool all, quiet, services;
	const char *format;
	struct string_list status;
};

#define ARG(field)  offsetof(struct ps_args, field)
#define COMMAND_MAX 20 /* columns of the command, as docker cuts it */

static const struct option_spec ps_options[] = {
	{'a', "all", OPTION_FLAG, ARG(all), NULL, "also containers that do not run"},
	{'q', "quiet", OPTION_FLAG, ARG(quiet), NULL, "only the names of containers"},
	{0, "services", OPTION_FLAG, ARG(services), NULL, "only the names of services"},
	{0, "format", OPTION_STRING, ARG(format), "table|json", "how it is printed"},
	{0, "status", OPTION_LIST, ARG(status), "STATE",
	 "only created, starting, running, stopping, restarting or exited ones"},
};

/* How long ago TIME was.  False: TIME is no time. */
static bool add_since(struct strbuf *out, const char *time)
{
	uint64_t then, now = human_now_ns();

	if (human_parse_rfc3339(time, strlen(time), &then) < 0)
		return false;
	human_duration(out, now > then ? (now - then) / 1000000000u : 0);
	return true;
}

static void add_exited(struct strbuf *out, const json_t *container, const char *word)
{
	const json_t *known = json_object_get(container, "exit_known");

	if (known && !json_is_true(known))
		strbuf_printf(out, "%s (status unknown) ", word);
	else
		strbuf_printf(out, "%s (%lld) ", word,
			      (long long)output_integer(container, "exit_code"));
	if (add_since(out, output_string(container, "finished")))
		strbuf_puts(out, " ago");
	if (json_is_true(json_object_get(container, "oom_killed")))
		strbuf_puts(out, " (OOM killed)");
}

/* "Up 3 minutes (healthy)", in docker's words. */
static void add_status(struct strbuf *out, const json_t *container)
{
	const char *state = output_string(container, "state");
	const char *health = output_string(container, "health");
	const char *error = output_string(container, "error");

	if (strcmp(state, "running") == 0) {
		strbuf_puts(out, "Up ");
		add_since(out, output_string(container, "started"));
		if (health[0])
			strbuf_printf(out, " (%s%s)",
				      strcmp(health, "starting") == 0 ? "health: " : "", health);
	} else if (strcmp(state, "exited") == 0 && error[0]) {
		strbuf_printf(out, "Not started: %s", error);
	} else if (strcmp(state, "exited") == 0) {
		add_exited(out, container, "Exited");
	} else if (strcmp(state, "restarting") == 0) {
		add_exited(out, container, "Restarting");
	} else {
		strbuf_printf(out, "%c%s", state[0] & ~0x20, state[0] ? state + 1 : "");
	}
}

/* "0.0.0.0:8080->80/tcp, 0.0.0.0:9000-9002->9000-9002/udp" */
static void add_ports(struct strbuf *out, const json_t *container)
{
	const json_t *ports = json_object_get(container, "ports"), *port;
	size_t i;

	json_array_foreach (ports, i, port) {
		long long published = output_integer(port, "published");
		long long target = output_integer(port, "target");
		long long more = output_integer(port, "count") - 1;

		strbuf_puts(out, i > 0 ? ", " : "");
		output_host_address(port, out);
		strbuf_printf(out, ":%lld", published);
		if (more > 0)
			strbuf_printf(out, "-%lld->%lld-%lld", published + more, target,
				      target + more);
		else
			strbuf_printf(out, "->%lld", target);
		strbuf_printf(out, "/%s", output_string(port, "protocol"));
	}
}

/* The command in quotes, cut like docker's. */
static void add_command(struct strbuf *out, const json_t *container)
{
	const json_t *words = json_object_get(container, "command"), *word;
	CLEANUP(strbuf_release) struct strbuf all = STRBUF_INIT;
	const char *end;
	size_t i, columns = 0;

	json_array_foreach (words, i, word)
		strbuf_printf(&all, "%s%s", i > 0 ? " " : "", json_string_value(word));
	if (all.len == 0)
		return;
	for (end = all.text; *end; end++) {
		/* Bytes 10xxxxxx continue a character: a cut never falls before one. */
		if ((*end & 0xc0) != 0x80 && columns++ == COMMAND_MAX - 1)
			break;
	}
	strbuf_printf(out, "\"%.*s%s\"", (int)(end - all.text), all.text, *end ? "…" : "");
}

static void add_built(struct table *table, void (*build)(struct strbuf *, const json_t *),
		      const json_t *container)
{
	CLEANUP(strbuf_release) struct strbuf cell = STRBUF_INIT;

	build(&cell, container);
	table_add(table, cell.text);
}

static void add_created(struct strbuf *out, const json_t *container)
{
	if (add_since(out, output_string(container, "created")))
		strbuf_puts(out, " ago");
}

static int print_table(const json_t *list, struct err *err)
{
	static const char *const heading[] = {"NAME",	 "IMAGE",  "COMMAND", "SERVICE",
					      "CREATED", "STATUS", "PORTS"};
	CLEANUP(table_release) struct table table = TABLE_INIT(ARRAY_SIZE(heading));
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const json_t *container;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(heading); i++)
		table_add(&table, heading[i]);
	json_array_foreach (list, i, container) {
		table_add(&table, output_string(container, "name"));
		table_add(&table, output_string(container, "image"));
		add_built(&table, add_command, container);
		table_add(&table, output_string(container, "service"));
		add_built(&table, add_created, container);
		add_built(&table, add_status, container);
		add_built(&table, add_ports, container);
	}
	table_render(&table, &out);
	return cli_output(&out, err);
}

/* One member of each container, once. */
static int print_member(const json_t *list, const char *key, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const char *last = "";
	const json_t *container;
	size_t i;

	json_array_foreach (list, i, container) {
		const char *value = output_string(container, key);

		if (strcmp(value, last) != 0)
			strbuf_printf(&out, "%s\n", value);
		last = value;
	}
	return cli_output(&out, err);
}

/* Drop what -a and --status do not ask for. */
static void filter(json_t *list, const struct ps_args *args)
{
	for (size_t i = json_array_size(list); i-- > 0;) {
		const json_t *container = json_array_get(list, i);
		const char *state = output_string(container, "state");
		bool shown = args->all || container_is_alive(container);

		if (args->status.n > 0) {
			shown = false;
			for (size_t j = 0; j < args->status.n; j++)
				shown |= strcmp(state, args->status.items[j]) == 0;
		}
		if (!shown)
			json_array_remove(list, i);
	}
}

static int ps_run(struct cli *cli, const void *values, char **services, size_t n, struct err *err)
{
	static const char *const formats[] = {"table", "json"};
	CLEANUP(request_json_cleanup) json_t *all = NULL, *list = NULL;
	const struct ps_args *args = values;
	char project[TEXT_NAME_MAX + 1];
	int r, format = output_format(args->format, formats, ARRAY_SIZE(formats));

	if (format < 0)
		return CLI_USAGE;
	r = cli_project_name(cli, project, err);
	if (r == 0)
		r = containers_list(&cli->paths, project, &all, err);
	if (r == -ENOENT) {
		cli_say("%s", err->msg);
		all = json_array();
		n = 0;
		r = 0;
	}
	if (r == 0)
		r = containers_of(all, services, n, &list, err);
	if (r != 0)
		return r;
	filter(list, args);
	if (args->quiet || args->services)
		return print_member(list, args->quiet ? "name" : "service", err);
	return format == 1 ? output_json(list, err) : print_table(list, err);
}

const struct command command_ps = {
	.name = "ps",
	.operands = "[SERVICE…]",
	.help = "List containers",
	.options = ps_options,
	.n_options = ARRAY_SIZE(ps_options),
	.args_size = sizeof(struct ps_args),
	.max_operands = COMMAND_ANY,
	.run = ps_run,
};
