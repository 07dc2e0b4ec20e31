// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/control.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"

#include <errno.h>

struct down_args {
	bool volumes, remove_orphans;
	int64_t timeout;
};

#define ARG(field) offsetof(struct down_args, field)

static const struct option_spec down_options[] = {
	{'v', "volumes", OPTION_FLAG, ARG(volumes), NULL,
	 "remove the volumes of the stack file, and all that is in them"},
	{'t', "timeout", OPTION_NUMBER, ARG(timeout), "SECONDS",
	 "before a container that does not stop is killed"},
	{0, "remove-orphans", OPTION_FLAG, ARG(remove_orphans), NULL,
	 "also containers whose service is not in the file any more (always done)"},
};

static int down_run(struct cli *cli, const void *values, char **operands, size_t n, struct err *err)
{
	const struct down_args *args = values;
	char project[TEXT_NAME_MAX + 1];
	json_t *message;
	int r;

	(void)operands;
	(void)n;
	r = cli_project_name(cli, project, err);
	if (r != 0)
		return r;
	message = request_new("down", NULL, 0);
	if (message && args->volumes)
		json_object_set_new(message, "volumes", json_true());
	if (message && args->remove_orphans)
		json_object_set_new(message, "remove_orphans", json_true());
	if (message && args->timeout >= 0)
		json_object_set_new(message, "timeout", json_integer(args->timeout));
	r = control_request(cli, project, json_incref(message), "down",
			    "down: there was nothing to remove", err);
	/* Another one took it down while we asked, or its supervisor has died: once more. */
	if (r == -ECONNRESET)
		r = control_request(cli, project, json_incref(message), "down",
				    "down: there was nothing to remove", err);
	json_decref(message);
	if (r != -ENOENT)
		return r;
	cli_say("nothing to do: project '%s' is not up", project);
	return 0;
}

const struct command command_down = {
	.name = "down",
	.help = "Stop and remove the project's containers and networks",
	.options = down_options,
	.n_options = ARRAY_SIZE(down_options),
	.args_size = sizeof(struct down_args),
	.run = down_run,
};
