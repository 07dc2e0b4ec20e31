// SPDX-License-Identifier: GPL-2.0-or-later
/* supervisor restart: another one takes over, with the program that is installed now */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"

#include <errno.h>
#include <string.h>

/* The answer to "ping"; RET_VERSION is the caller's. */
static int ping(struct cli *cli, const char *project, json_t **ret_result, struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *request = request_new("ping", NULL, 0);
	const struct request_peer peer = {.paths = &cli->paths, .project = project};

	return request ? request_ask(&peer, request, ret_result, err) : err_nomem(err);
}

static int restart(struct cli *cli, const char *project, struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *request = request_new("leave", NULL, 0);
	CLEANUP(request_json_cleanup) json_t *before = NULL, *after = NULL;
	const struct request_peer peer = {.paths = &cli->paths, .project = project};
	int r = request ? ping(cli, project, &before, err) : err_nomem(err);

	if (r == 0)
		r = request_ask(&peer, request, NULL, err);
	/* Whoever asks first starts the next one. */
	if (r == 0)
		r = ping(cli, project, &after, err);
	if (r < 0)
		return r;
	cli_say("supervisor %lld (%s) took over from %lld (%s); no container was touched",
		(long long)output_integer(after, "pid"), output_string(after, "version"),
		(long long)output_integer(before, "pid"), output_string(before, "version"));
	return 0;
}

static int supervisor_run(struct cli *cli, const void *values, char **operands, size_t n,
			  struct err *err)
{
	char project[TEXT_NAME_MAX + 1];
	int r;

	(void)values;
	(void)n;
	if (strcmp(operands[0], "restart") != 0)
		return cli_usage_error("supervisor: 'restart' is all that can be asked for");
	r = cli_project_name(cli, project, err);
	return r != 0 ? r : restart(cli, project, err);
}

const struct command command_supervisor = {
	.name = "supervisor",
	.operands = "restart",
	.help = "Have another supervisor take over, after an upgrade",
	.args_size = sizeof(bool),
	.min_operands = 1,
	.max_operands = 1,
	.run = supervisor_run,
};
