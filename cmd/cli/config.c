// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/output.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/strbuf.h"
#include "core/model/load.h"
#include "core/model/project.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

struct config_args {
	bool quiet, services, volumes, networks, images, profiles;
	const char *format, *output;
};

#define ARG(field) offsetof(struct config_args, field)

static const struct option_spec config_options[] = {
	{'q', "quiet", OPTION_FLAG, ARG(quiet), NULL, "only check the file"},
	{0, "services", OPTION_FLAG, ARG(services), NULL, "only the names of services"},
	{0, "volumes", OPTION_FLAG, ARG(volumes), NULL, "only the names of volumes"},
	{0, "networks", OPTION_FLAG, ARG(networks), NULL, "only the names of networks"},
	{0, "images", OPTION_FLAG, ARG(images), NULL, "only the images"},
	{0, "profiles", OPTION_FLAG, ARG(profiles), NULL, "only the profiles"},
	{0, "format", OPTION_STRING, ARG(format), "yaml|json", "how it is printed"},
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
		for (size_t j = 0; args->profiles && j < service->profiles.n; j++)
			string_list_add(list, service->profiles.items[j]);
	}
}

static void render(const struct project *project, const struct config_args *args, int format,
		   struct strbuf *out)
{
	CLEANUP(string_list_release) struct string_list list = {.items = NULL};

	if (args->services || args->images || args->profiles)
		list_services(project, args, &list);
	for (size_t i = 0; args->volumes && i < project->n_volumes; i++)
		string_list_add(&list, project->volumes[i].key);
	for (size_t i = 0; args->networks && i < project->n_networks; i++)
		string_list_add(&list, project->networks[i].key);
	if (args->services || args->images || args->profiles || args->volumes || args->networks)
		print_list(&list, out);
	else
		project_emit_file(project, format != 1, out);
	if (out->len > 0 && out->text[out->len - 1] != '\n')
		strbuf_putc(out, '\n');
}

static int config_run(struct cli *cli, const void *values, char **operands, size_t n,
		      struct err *err)
{
	static const char *const formats[] = {"yaml", "json"};
	CLEANUP(project_cleanup) struct project *project = NULL;
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const struct config_args *args = values;
	int r, format = output_format(args->format, formats, ARRAY_SIZE(formats));

	(void)operands;
	(void)n;
	if (format < 0)
		return CLI_USAGE;
	r = cli_load(cli, &project, err);
	if (r != 0 || args->quiet)
		return r;
	render(project, args, format, &out);
	if (args->output)
		return fd_replace_file(AT_FDCWD, args->output, out.text, out.len, 0644, err);
	return cli_output(&out, err);
}

const struct command command_config = {
	.name = "config",
	.help = "Check the stack file and print it resolved",
	.options = config_options,
	.n_options = ARRAY_SIZE(config_options),
	.args_size = sizeof(struct config_args),
	.run = config_run,
};
