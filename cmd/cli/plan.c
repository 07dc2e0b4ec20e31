// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/plan.h"

#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "cmd/cli/table.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/project.h"

#define CHANGES_PENDING 3 /* exit status: told apart from "failed" by a script */

struct plan_args {
	const char *format;
	bool force_recreate, remove_orphans;
};

#define ARG(field) offsetof(struct plan_args, field)

static const struct option_spec plan_options[] = {
	{0, "format", OPTION_STRING, ARG(format), "table|json", "how it is printed"},
	{0, "force-recreate", OPTION_FLAG, ARG(force_recreate), NULL,
	 "as if 'up' were told to make all containers anew"},
	{0, "remove-orphans", OPTION_FLAG, ARG(remove_orphans), NULL,
	 "as if 'up' were told to remove what is not in the file"},
};

static int print_table(const json_t *actions, struct err *err)
{
	CLEANUP(table_release) struct table table = TABLE_INIT(5);
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const json_t *action;
	size_t i;

	table_add(&table, "ACTION");
	table_add(&table, "TARGET");
	table_add(&table, "CLASS");
	table_add(&table, "IMPACT");
	table_add(&table, "CAUSE");
	json_array_foreach (actions, i, action) {
		table_add(&table, output_string(action, "action"));
		table_add(&table, output_string(action, "target"));
		table_add(&table, output_string(action, "class"));
		table_add(&table, output_string(action, "impact"));
		table_add(&table, output_string(action, "reason"));
	}
	table_render(&table, &out);
	return cli_output(&out, err);
}

int plan_print(struct cli *cli, const char *project, const json_t *request, bool as_json,
	       struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *result = NULL;
	const struct request_peer peer = {.paths = &cli->paths, .project = project, .start = true};
	const json_t *actions;
	size_t n;
	int r;

	r = request_ask(&peer, request, &result, err);
	if (r < 0)
		return r;
	actions = json_object_get(result, "actions");
	n = json_array_size(actions);
	if (as_json)
		r = output_json(actions, err);
	else if (n > 0)
		r = print_table(actions, err);
	else
		cli_say("nothing to do: project '%s' is as its file says", project);
	return r < 0 ? r : n > 0 ? CHANGES_PENDING : 0;
}

static int plan_run(struct cli *cli, const void *values, char **services, size_t n, struct err *err)
{
	static const char *const formats[] = {"table", "json"};
	CLEANUP(project_cleanup) struct project *project = NULL;
	CLEANUP(request_json_cleanup) json_t *request = NULL;
	const struct plan_args *args = values;
	int r, format = output_format(args->format, formats, ARRAY_SIZE(formats));

	if (format < 0)
		return CLI_USAGE;
	r = cli_load(cli, &project, err);
	if (r == 0)
		r = request_new_with_project("plan", project, services, n, &request, err);
	if (r != 0)
		return r;
	json_object_set_new(request, "force_recreate", json_boolean(args->force_recreate));
	json_object_set_new(request, "remove_orphans", json_boolean(args->remove_orphans));
	return plan_print(cli, project->name, request, format == 1, err);
}

const struct command command_plan = {
	.name = "plan",
	.operands = "[SERVICE…]",
	.help = "Show what 'up' would change (exit status 3: something)",
	.options = plan_options,
	.n_options = ARRAY_SIZE(plan_options),
	.args_size = sizeof(struct plan_args),
	.max_operands = COMMAND_ANY,
	.run = plan_run,
};
