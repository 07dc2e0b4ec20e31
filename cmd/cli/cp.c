// SPDX-License-Identifier: GPL-2.0-or-later
/* cp: which ends there are, and a copy between them. */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/copy.h"
#include "cmd/cli/imageprogram.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct cp_args {
	bool archive, follow;
	int64_t index;
};

#define ARG(field) offsetof(struct cp_args, field)

static const struct option_spec cp_options[] = {
	{'a', "archive", OPTION_FLAG, ARG(archive), NULL,
	 "with owners and set-ID bits; else what is copied is root's"},
	{'L', "follow-link", OPTION_FLAG, ARG(follow), NULL,
	 "what a link leads to instead of the link"},
	{0, "index", OPTION_NUMBER, ARG(index), "N", "which container of the service"},
};

/* One of the two operands, and what it points to. */
struct operand {
	struct copy_end end;
	char service[TEXT_NAME_MAX + 1];
	char directory[PATH_MAX];
};

/* A path that has a colon in it is written with "./" or "/" in front. */
static int parse(const char *text, struct operand *ret)
{
	const char *colon = strchr(text, ':');

	ret->end = (struct copy_end){.kind = COPY_HOST, .path = text};
	if (strcmp(text, "-") == 0) {
		ret->end.kind = COPY_TAR;
		return 0;
	}
	if (!colon || text[0] == '/' || text[0] == '.')
		return *text ? 0 : cli_usage_error("cp: a path is empty");
	if (colon == text || (size_t)(colon - text) > TEXT_NAME_MAX)
		return cli_usage_error("cp: '%s' names no service", text);
	memcpy(ret->service, text, (size_t)(colon - text));
	ret->service[colon - text] = '\0';
	ret->end.kind = COPY_CONTAINER;
	ret->end.path = colon[1] ? colon + 1 : "/";
	return 0;
}

static int find(const struct cli *cli, const char *project, const json_t *list, int64_t index,
		struct operand *operand, struct err *err)
{
	const json_t *container;
	int r;

	if (operand->end.kind != COPY_CONTAINER)
		return 0;
	r = containers_pick(list, operand->service, index, &container, err);
	operand->end.directory = operand->directory;
	return r < 0 ? r
		     : container_directory(&cli->paths, project, container, operand->directory,
					   sizeof(operand->directory), err);
}

static int find_both(struct cli *cli, int64_t index, struct operand ends[2], struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *list = NULL;
	char project[TEXT_NAME_MAX + 1];
	int r = cli_project_name(cli, project, err);

	if (r == 0)
		r = containers_list(&cli->paths, project, &list, err);
	for (int i = 0; r == 0 && i < 2; i++)
		r = find(cli, project, list, index, &ends[i], err);
	return r;
}

static int cp_run(struct cli *cli, const void *values, char **operands, size_t n, struct err *err)
{
	const struct cp_args *args = values;
	struct copy_options options = {.archive = args->archive, .follow = args->follow};
	struct operand ends[2];
	int r = 0;

	(void)n;
	for (int i = 0; r == 0 && i < 2; i++)
		r = parse(operands[i], &ends[i]);
	if (r == 0 && ends[0].end.kind != COPY_CONTAINER && ends[1].end.kind != COPY_CONTAINER)
		r = cli_usage_error("cp: one of the two has to be SERVICE:PATH");
	if (r == 0)
		r = cli_need_root(err);
	if (r == 0)
		r = find_both(cli, args->index, ends, err);
	if (r == 0)
		r = imageprogram_environment(cli, err);
	if (r != 0)
		return r;
	options.stop = copy_interruptible();
	r = copy(&ends[0].end, &ends[1].end, &options, err);
	return *options.stop ? 128 + *options.stop : r;
}

const struct command command_cp = {
	.name = "cp",
	.operands = "SERVICE:PATH PATH|- | PATH|- SERVICE:PATH",
	.help = "Copy files out of and into a container, running or stopped",
	.options = cp_options,
	.n_options = ARRAY_SIZE(cp_options),
	.args_size = sizeof(struct cp_args),
	.min_operands = 2,
	.max_operands = 2,
	.run = cp_run,
};
