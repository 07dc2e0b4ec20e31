// SPDX-License-Identifier: GPL-2.0-or-later
/* supervisor restart: another one takes over, with the program that is installed now */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"
#include "core/supervise/control.h"

#include <poll.h>
#include <string.h>

#define MANAGER_TRIES	 250
#define MANAGER_RETRY_MS 20

/* The answer to "ping"; RET_VERSION is the caller's. */
static int ping(struct cli *cli, const char *project, json_t **ret_result, struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *request = request_new("ping", NULL, 0);
	const struct request_peer peer = {.paths = &cli->paths, .project = project};

	return request ? request_ask(&peer, request, ret_result, err) : err_nomem(err);
}

/* The service manager needs a moment; when it does not come, we start one ourselves. */
static void wait_for_manager(struct cli *cli, const char *project)
{
	for (int i = 0; i < MANAGER_TRIES; i++) {
		CLEANUP_FD int fd = -1;

		if (control_connect(&cli->paths, project, &fd, NULL) == 0)
			return;
		poll(NULL, 0, MANAGER_RETRY_MS);
	}
}

static int restart(struct cli *cli, const char *project, struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *request = request_new("leave", NULL, 0);
	CLEANUP(request_json_cleanup) json_t *before = NULL, *after = NULL, *left = NULL;
	const struct request_peer peer = {.paths = &cli->paths, .project = project};
	int r = request ? ping(cli, project, &before, err) : err_nomem(err);

	if (r == 0)
		r = request_ask(&peer, request, &left, err);
	if (r == 0 && json_is_true(json_object_get(left, "managed")))
		wait_for_manager(cli, project);
	/* Whoever asks first starts the next one. */
	if (r == 0)
		r = ping(cli, project, &after, err);
	if (r < 0)
		return r;
	cli_say("supervisor %lld (%s, firewall %s) took over from %lld (%s, firewall %s); "
		"no container was touched",
		(long long)output_integer(after, "pid"), output_string(after, "version"),
		output_string(after, "firewall"), (long long)output_integer(before, "pid"),
		output_string(before, "version"), output_string(before, "firewall"));
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
