// SPDX-License-Identifier: GPL-2.0-or-later
/* ls: the projects below <run>, each asked for its containers. */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "cmd/cli/table.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

struct ls_args {
	bool quiet;
	const char *format;
};

static const struct option_spec ls_options[] = {
	{'q', "quiet", OPTION_FLAG, offsetof(struct ls_args, quiet), NULL, "only the names"},
	{0, "format", OPTION_STRING, offsetof(struct ls_args, format), "table|json",
	 "how it is printed"},
};

/* "running(2), exited(1)", states in the order in which they first occur. */
static void count_states(const json_t *list, struct strbuf *out)
{
	const json_t *container, *other;
	size_t i, j;

	json_array_foreach (list, i, container) {
		const char *state = output_string(container, "state");
		bool counted = false;
		int n = 0;

		json_array_foreach (list, j, other) {
			if (strcmp(output_string(other, "state"), state) != 0)
				continue;
			counted |= j < i;
			n++;
		}
		if (!counted)
			strbuf_printf(out, "%s%s(%d)", out->len ? ", " : "", state, n);
	}
}

static json_t *describe(const struct cli *cli, const char *project)
{
	CLEANUP(strbuf_release) struct strbuf states = STRBUF_INIT;
	CLEANUP(request_json_cleanup) json_t *list = NULL;
	struct err err = ERR_INIT;

	if (containers_list(&cli->paths, project, &list, &err) < 0)
		strbuf_puts(&states, err.msg);
	else
		count_states(list, &states);
	return json_pack("{s:s, s:s, s:i}", "name", project, "status", states.text, "containers",
			 (int)json_array_size(list));
}

static int is_project(const struct dirent *entry)
{
	return text_is_name(entry->d_name, TEXT_NAME_MAX);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int find_projects(const struct cli *cli, json_t *projects, struct err *err)
{
	struct dirent **entries = NULL;
	int n = scandir(cli->paths.run, &entries, is_project, by_name);

	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0)
		return err_sys(err, errno, "read '%s'", cli->paths.run);
	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];

		if (paths_join(path, sizeof(path), NULL, "%s/%s/desired.json", cli->paths.run,
			       entries[i]->d_name) == 0 &&
		    access(path, F_OK) == 0)
			json_array_append_new(projects, describe(cli, entries[i]->d_name));
		free(entries[i]);
	}
	free(entries);
	return 0;
}

static int print_projects(const json_t *projects, bool quiet, struct err *err)
{
	CLEANUP(table_release) struct table table = TABLE_INIT(quiet ? 1 : 2);
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const json_t *project;
	size_t i;

	if (!quiet) {
		table_add(&table, "NAME");
		table_add(&table, "STATUS");
	}
	json_array_foreach (projects, i, project) {
		table_add(&table, output_string(project, "name"));
		if (!quiet)
			table_add(&table, output_string(project, "status"));
	}
	table_render(&table, &out);
	return cli_output(&out, err);
}

static int ls_run(struct cli *cli, const void *values, char **operands, size_t n, struct err *err)
{
	static const char *const formats[] = {"table", "json"};
	CLEANUP(request_json_cleanup) json_t *projects = json_array();
	const struct ls_args *args = values;
	int r, format = output_format(args->format, formats, ARRAY_SIZE(formats));

	(void)operands;
	(void)n;
	if (format < 0)
		return CLI_USAGE;
	r = cli_need_root(err);
	if (r == 0)
		r = find_projects(cli, projects, err);
	if (r < 0)
		return r;
	return format == 1 ? output_json(projects, err)
			   : print_projects(projects, args->quiet, err);
}

const struct command command_ls = {
	.name = "ls",
	.help = "List the projects of this host that are up",
	.options = ls_options,
	.n_options = ARRAY_SIZE(ls_options),
	.args_size = sizeof(struct ls_args),
	.run = ls_run,
};
