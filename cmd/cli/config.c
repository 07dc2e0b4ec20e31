// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/config_select.h"
#include "cmd/cli/output.h"
#include "cmd/cli/table.h"
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/strbuf.h"
#include "core/converge/confighash.h"
#include "core/model/diagnostics.h"
#include "core/model/explain.h"
#include "core/model/load.h"
#include "core/model/project.h"
#include "core/model/uses.h"
#include "core/model/variables.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct config_args {
	bool quiet, services, volumes, networks, images, profiles;
	bool variables, environment, no_interpolate, strict;
	const char *format, *output, *hash, *explain;
};

#define ARG(field) offsetof(struct config_args, field)

static const struct option_spec config_options[] = {
	{'q', "quiet", OPTION_FLAG, ARG(quiet), NULL, "only check the file"},
	{0, "strict", OPTION_FLAG, ARG(strict), NULL, "warnings are errors"},
	{0, "services", OPTION_FLAG, ARG(services), NULL, "only the names of services"},
	{0, "volumes", OPTION_FLAG, ARG(volumes), NULL, "only the names of volumes"},
	{0, "networks", OPTION_FLAG, ARG(networks), NULL, "only the names of networks"},
	{0, "images", OPTION_FLAG, ARG(images), NULL, "only the images"},
	{0, "profiles", OPTION_FLAG, ARG(profiles), NULL, "only the profiles"},
	{0, "hash", OPTION_STRING, ARG(hash), "SERVICES",
	 "the config hash of these, with commas between, or of all: \"*\""},
	{0, "variables", OPTION_FLAG, ARG(variables), NULL, "the variables that the values name"},
	{0, "environment", OPTION_FLAG, ARG(environment), NULL, "the variables that there are"},
	{0, "no-interpolate", OPTION_FLAG, ARG(no_interpolate), NULL,
	 "merge the files, but leave variables and short forms as they are"},
	{0, "explain", OPTION_STRING, ARG(explain), "ATTRIBUTE",
	 "what an attribute takes, such as services.web.ports; \"all\" lists them"},
	{0, "format", OPTION_STRING, ARG(format), "yaml|json",
	 "how it is printed; with json, what is wrong is printed as JSON too"},
	{'o', "output", OPTION_STRING, ARG(output), "FILE", "where it is written"},
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A line each, sorted, equal ones once. */
static void print_list(struct string_list *list, struct strbuf *out)
{
	if (list->n > 0)
		qsort(list->items, list->n, sizeof(*list->items), by_text);
	for (size_t i = 0; i < list->n; i++)
		if (i == 0 || strcmp(list->items[i], list->items[i - 1]) != 0)
			strbuf_printf(out, "%s\n", list->items[i]);
}

static void list_services(const struct project *project, const struct config_args *args,
			  struct string_list *list)
{
	for (size_t i = 0; i < project->n_services; i++) {
		const struct service *service = &project->services[i];

		if (args->services)
			string_list_add(list, service->name);
		if (args->images && service->image)
			string_list_add(list, service->image);
	}
}

static bool wants_list(const struct config_args *args)
{
	return args->services || args->images || args->profiles || args->volumes || args->networks;
}

static void render(const struct project *project, const struct config_args *args, int format,
		   struct strbuf *out)
{
	CLEANUP(string_list_release) struct string_list list = {.items = NULL};

	list_services(project, args, &list);
	for (size_t i = 0; args->profiles && i < project->profiles.n; i++)
		string_list_add(&list, project->profiles.items[i]);
	for (size_t i = 0; args->volumes && i < project->n_volumes; i++)
		string_list_add(&list, project->volumes[i].key);
	for (size_t i = 0; args->networks && i < project->n_networks; i++)
		string_list_add(&list, project->networks[i].key);
	if (wants_list(args))
		print_list(&list, out);
	else
		project_emit_file(project, format != 1, out);
}

static bool is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	if (strcmp(list, "*") == 0)
		return true;
	for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
		if (strncmp(at, name, len) == 0 && (at[len] == ',' || at[len] == '\0'))
			return true;
	return false;
}

static int print_hashes(const struct project *project, const char *list, struct strbuf *out,
			struct err *err)
{
	for (size_t i = 0; i < project->n_services; i++) {
		char config[CONFIG_HASH_SIZE], live[CONFIG_HASH_SIZE];

		if (!is_listed(list, project->services[i].name))
			continue;
		config_hash(&project->services[i], "", config, live);
		strbuf_printf(out, "%s %s\n", project->services[i].name, config);
	}
	return out->len > 0 ? 0 : err_set(err, ENOENT, "there is no service '%s'", list);
}

static int print_model(struct cli *cli, const struct config_args *args, int format, char **operands,
		       size_t n, struct strbuf *out, struct err *err)
{
	CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;
	CLEANUP(project_cleanup) struct project *project = NULL;
	const struct load_options options = cli_load_options(cli);
	int r = load_project(&options, &diag, &project, err);

	/* An editor asks for nothing but what is wrong. */
	r = cli_tell(cli, &diag,
		     cli->json_diagnostics && args->quiet ? STDOUT_FILENO : STDERR_FILENO, r, err);
	if (r == 0)
		r = config_select(project, operands, n, err);
	if (r != 0 || args->quiet)
		return r;
	if (args->hash)
		return print_hashes(project, args->hash, out, err);
	render(project, args, format, out);
	return 0;
}

static int print_tree(struct cli *cli, int format, struct strbuf *out, struct err *err)
{
	CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;
	struct load_options options = cli_load_options(cli);
	int r;

	options.no_interpolate = true;
	r = load_tree(&options, format != 1, &diag, out, err);
	return cli_tell(cli, &diag, STDERR_FILENO, r, err);
}

static void add_use(struct table *table, const struct use *use)
{
	table_add(table, use->name);
	table_add(table, use->required ? "yes" : "no");
	table_add(table, use->fallback);
	table_add(table, use->alternative);
	table_add(table, use->value ? "yes" : "no");
}

static void uses_table(const struct uses *uses, struct strbuf *out)
{
	static const char *const heading[] = {"NAME", "REQUIRED", "DEFAULT", "ALTERNATIVE", "SET"};
	CLEANUP(table_release) struct table table = TABLE_INIT(ARRAY_SIZE(heading));

	for (size_t i = 0; i < ARRAY_SIZE(heading); i++)
		table_add(&table, heading[i]);
	for (size_t i = 0; i < uses->n; i++)
		add_use(&table, &uses->items[i]);
	table_render(&table, out);
}

/* Errors in the values are not what was asked for. */
static int print_uses(struct cli *cli, struct strbuf *out, struct err *err)
{
	CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;
	CLEANUP(strbuf_release) struct strbuf tree = STRBUF_INIT;
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	CLEANUP(uses_release) struct uses uses = {.arena = arena};
	struct load_options options = cli_load_options(cli);
	int r;

	options.uses = &uses;
	r = load_tree(&options, true, &diag, &tree, err);
	r = cli_tell(cli, &diag, STDERR_FILENO, r, err);
	if (r == 0)
		uses_table(&uses, out);
	return r;
}

static int print_environment(struct cli *cli, struct strbuf *out, struct err *err)
{
	CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	CLEANUP(variables_release) struct variables variables = {.arena = arena};
	const struct load_options options = cli_load_options(cli);
	int r = load_variables(&options, &diag, &variables, err);

	r = cli_tell(cli, &diag, STDERR_FILENO, r, err);
	for (size_t i = 0; r == 0 && i < variables.n; i++)
		if (variables.items[i].value)
			strbuf_printf(out, "%s=%s\n", variables.items[i].key,
				      variables.items[i].value);
	return r;
}

static int print_explanation(const char *path, const char *format, struct strbuf *out,
			     struct err *err)
{
	if (strcmp(path, "all") != 0)
		return explain_path(path, out, err);
	if (format && strcmp(format, "man") == 0)
		explain_manual(out);
	else
		explain_paths(out);
	return 0;
}

static int print(struct cli *cli, const struct config_args *args, int format, char **operands,
		 size_t n, struct strbuf *out, struct err *err)
{
	if (args->variables)
		return print_uses(cli, out, err);
	if (args->environment)
		return print_environment(cli, out, err);
	if (args->no_interpolate)
		return print_tree(cli, format, out, err);
	return print_model(cli, args, format, operands, n, out, err);
}

static int config_run(struct cli *cli, const void *values, char **operands, size_t n,
		      struct err *err)
{
	static const char *const formats[] = {"yaml", "json"};
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const struct config_args *args = values;
	int r, format;

	if (args->explain) {
		r = print_explanation(args->explain, args->format, &out, err);
	} else {
		format = output_format(args->format, formats, ARRAY_SIZE(formats));
		if (format < 0)
			return CLI_USAGE;
		cli->strict = args->strict;
		cli->json_diagnostics = format == 1;
		r = print(cli, args, format, operands, n, &out, err);
	}
	if (r != 0 || args->quiet)
		return r;
	if (out.len > 0 && out.text[out.len - 1] != '\n')
		strbuf_putc(&out, '\n');
	if (args->output)
		return fd_replace_file(AT_FDCWD, args->output, out.text, out.len, 0644, err);
	return cli_output(&out, err);
}

const struct command command_config = {
	.name = "config",
	.operands = "[SERVICE...]",
	.max_operands = COMMAND_ANY,
	.help = "Check the stack file and print it resolved",
	.options = config_options,
	.n_options = ARRAY_SIZE(config_options),
	.args_size = sizeof(struct config_args),
	.run = config_run,
};
