// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * push: the images that services are built to, to the registries that their names say
 *
 * As docker compose does it: what has no `build:` is somebody else's, and what is built
 * without `image:` has no name that says where to; `build.tags` are further names.
 */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/imageprogram.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/build.h"
#include "core/model/project.h"

#include <stdlib.h>
#include <string.h>

struct push_args {
	bool quiet, ignore_failures, include_deps;
};

#define ARG(field) offsetof(struct push_args, field)

static const struct option_spec push_options[] = {
	{'q', "quiet", OPTION_FLAG, ARG(quiet), NULL, "show no progress"},
	{0, "ignore-push-failures", OPTION_FLAG, ARG(ignore_failures), NULL,
	 "succeed although some images could not be sent"},
	{0, "include-deps", OPTION_FLAG, ARG(include_deps), NULL,
	 "those of the services that they depend on too"},
};

/* Was its name made from the service's? */
static bool is_unnamed(const struct project *project, const struct service *service)
{
	CLEANUP(strbuf_release) struct strbuf made = STRBUF_INIT;

	strbuf_printf(&made, "%s-%s", project->name, service->name);
	return strcmp(service->image, made.text) == 0;
}

static void add_names(const struct project *project, const struct service *service,
		      struct string_list *names)
{
	if (is_unnamed(project, service)) {
		cli_say("service '%s' is built, but has no 'image:' that says where to push it; "
			"skipped",
			service->name);
		return;
	}
	string_list_add(names, service->image);
	for (size_t i = 0; i < service->build->tags.n; i++)
		string_list_add(names, service->build->tags.items[i]);
}

static int choose(const struct project *project, char *const *services, size_t n, bool include_deps,
		  struct string_list *names, struct err *err)
{
	CLEANUP_FREE bool *wanted = calloc(project->n_services + 1, sizeof(*wanted));
	int r;

	if (!wanted)
		return err_nomem(err);
	r = request_select_services(project, services, n, include_deps, wanted, err);
	for (size_t i = 0; r == 0 && i < project->n_services; i++)
		if (wanted[i] && project->services[i].build)
			add_names(project, &project->services[i], names);
	if (r == 0 && names->n == 0)
		cli_say("nothing to push: no service that is meant has both 'build:' and 'image:'");
	return r;
}

static int push_names(struct cli *cli, const struct push_args *args,
		      const struct string_list *names, int *ret_status, struct err *err)
{
	CLEANUP(string_list_release) struct string_list argv = {.items = NULL};
	char program[PATH_MAX];
	int r = cli_need_root(err);

	if (r == 0)
		r = imageprogram_find(cli, program, &argv, err);
	if (r < 0)
		return r;
	string_list_add(&argv, "push");
	imageprogram_add_progress(cli, args->quiet, &argv);
	if (args->ignore_failures)
		string_list_add(&argv, "--ignore-failures");
	string_list_add(&argv, "--");
	for (size_t i = 0; i < names->n; i++)
		string_list_add(&argv, names->items[i]);
	string_list_add(&argv, NULL);
	return imageprogram_run(&argv, ret_status, err);
}

static int push_run(struct cli *cli, const void *values, char **services, size_t n, struct err *err)
{
	CLEANUP(string_list_release) struct string_list names = {.items = NULL};
	CLEANUP(project_cleanup) struct project *project = NULL;
	const struct push_args *args = values;
	int status = 0, r = cli_load(cli, &project, err);

	if (r == 0)
		r = choose(project, services, n, args->include_deps, &names, err);
	if (r == 0 && names.n > 0)
		r = push_names(cli, args, &names, &status, err);
	return r ? r : status;
}

const struct command command_push = {
	.name = "push",
	.operands = "[SERVICE…]",
	.help = "Send the images that services are built to, to their registries",
	.options = push_options,
	.n_options = ARRAY_SIZE(push_options),
	.args_size = sizeof(struct push_args),
	.max_operands = COMMAND_ANY,
	.run = push_run,
};
