// SPDX-License-Identifier: GPL-2.0-or-later
/* heal: what others changed of the project's links, rules and limits */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/control.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "cmd/cli/table.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <errno.h>
#include <stdlib.h>

struct heal_args {
	bool check;
	const char *format;
};

#define ARG(field) offsetof(struct heal_args, field)

static const struct option_spec heal_options[] = {
	{0, "check", OPTION_FLAG, ARG(check), NULL,
	 "only say what is wrong; exit status 1: something"},
	{0, "format", OPTION_STRING, ARG(format), "table|json", "how --check prints it"},
};

static int print_findings(const json_t *findings, struct err *err)
{
	CLEANUP(table_release) struct table table = TABLE_INIT(3);
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const json_t *finding;
	size_t i;

	table_add(&table, "KIND");
	table_add(&table, "NAME");
	table_add(&table, "FINDING");
	json_array_foreach (findings, i, finding) {
		table_add(&table, output_string(finding, "kind"));
		table_add(&table, output_string(finding, "name"));
		table_add(&table, output_string(finding, "finding"));
	}
	table_render(&table, &out);
	return cli_output(&out, err);
}

static int check(struct cli *cli, const char *project, json_t *request, bool as_json,
		 struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *result = NULL;
	const struct request_peer peer = {.paths = &cli->paths, .project = project};
	const json_t *findings;
	int r = request_ask(&peer, request, &result, err);

	if (r < 0)
		return r;
	findings = json_object_get(result, "findings");
	if (as_json)
		r = output_json(findings, err);
	else if (json_array_size(findings) > 0)
		r = print_findings(findings, err);
	else
		cli_say("nothing is wrong: links, rules and limits are as they were made");
	return r < 0 ? r : json_array_size(findings) > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int heal_run(struct cli *cli, const void *values, char **operands, size_t n, struct err *err)
{
	static const char *const formats[] = {"table", "json"};
	CLEANUP(request_json_cleanup) json_t *request = NULL;
	const struct heal_args *args = values;
	char project[TEXT_NAME_MAX + 1];
	int r, format = output_format(args->format, formats, ARRAY_SIZE(formats));

	(void)operands;
	(void)n;
	if (format < 0)
		return CLI_USAGE;
	r = cli_project_name(cli, project, err);
	if (r != 0)
		return r;
	request = request_new("heal", NULL, 0);
	if (!request)
		return err_nomem(err);
	if (!args->check)
		return control_request(cli, project, json_incref(request), "healed",
				       "nothing else is wrong", err);
	json_object_set_new(request, "check", json_true());
	return check(cli, project, request, format == 1, err);
}

const struct command command_heal = {
	.name = "heal",
	.help = "Put right what others changed of links, rules and limits",
	.options = heal_options,
	.n_options = ARRAY_SIZE(heal_options),
	.args_size = sizeof(struct heal_args),
	.run = heal_run,
};
