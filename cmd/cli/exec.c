// SPDX-License-Identifier: GPL-2.0-or-later
/* exec: find the container, then become stack-shim, which joins it. */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/join.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define ARG(field) offsetof(struct exec_args, field)

static const struct option_spec exec_options[] = {
	{'d', "detach", OPTION_FLAG, ARG(detach), NULL, "do not wait for the program"},
	JOIN_OPTIONS(0),
	{0, "index", OPTION_NUMBER, ARG(index), "N", "which container of the service"},
	{0, "privileged", OPTION_FLAG, ARG(privileged), NULL, "with all capabilities"},
};

static int become_shim(const struct exec_args *args, const char *directory, char **words, size_t n,
		       struct err *err)
{
	CLEANUP(string_list_release) struct string_list argv = {.items = NULL};
	char program[PATH_MAX];
	int r = join_command(args, directory, words, n, program, &argv, err);

	if (r < 0)
		return r;
	execv(program, (char *const *)argv.items);
	return err_sys(err, errno, "run '%s'", program);
}

static int find_container(struct cli *cli, const char *service, int64_t index, char *ret_directory,
			  size_t size, struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *list = NULL;
	const json_t *container;
	char project[TEXT_NAME_MAX + 1];
	const char *state;
	int r;

	r = containers_find(cli, service, index, project, &list, &container, err);
	if (r != 0)
		return r;
	state = output_string(container, "state");
	if (strcmp(state, "running") != 0 && strcmp(state, "stopping") != 0)
		return err_set(err, ESRCH, "container '%s' is not running, it is %s",
			       output_string(container, "name"), state);
	return container_directory(&cli->paths, project, container, ret_directory, size, err);
}

static int exec_run(struct cli *cli, const void *values, char **words, size_t n, struct err *err)
{
	char directory[PATH_MAX];
	int r;

	r = find_container(cli, words[0], ((const struct exec_args *)values)->index, directory,
			   sizeof(directory), err);
	if (r == 0)
		r = become_shim(values, directory, words + 1, n - 1, err);
	if (r > 0)
		return r;
	cli_say("%s", err->msg);
	return JOIN_FAILED;
}

const struct command command_exec = {
	.name = "exec",
	.operands = "SERVICE PROGRAM [ARGUMENT…]",
	.help = "Run a program in a running container",
	.options = exec_options,
	.n_options = ARRAY_SIZE(exec_options),
	.args_size = sizeof(struct exec_args),
	.min_operands = 2,
	.max_operands = COMMAND_ANY,
	.first_operand_ends = true,
	.run = exec_run,
};
