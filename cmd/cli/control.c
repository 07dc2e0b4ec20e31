// SPDX-License-Identifier: GPL-2.0-or-later
/* start, stop, restart, kill: one request each, with the same operands. */
#include "cmd/cli/control.h"

#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/output.h"
#include "cmd/cli/progress.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"

struct control_args {
	int64_t timeout, wait_timeout;
	const char *signal;
	bool wait, no_deps;
};

#define ARG(field) offsetof(struct control_args, field)
#define TIMEOUT_OPTION                                                                             \
	{                                                                                          \
		't', "timeout", OPTION_NUMBER, ARG(timeout), "SECONDS",                            \
			"before a container that does not stop is killed"                          \
	}

static const struct option_spec start_options[] = {
	{0, "wait", OPTION_FLAG, ARG(wait), NULL, "return when the services run and are healthy"},
	{0, "wait-timeout", OPTION_NUMBER, ARG(wait_timeout), "SECONDS", "longest time to wait"},
};
static const struct option_spec stop_options[] = {TIMEOUT_OPTION};
static const struct option_spec restart_options[] = {
	TIMEOUT_OPTION,
	{0, "wait", OPTION_FLAG, ARG(wait), NULL, "return when the services run and are healthy"},
	{0, "no-deps", OPTION_FLAG, ARG(no_deps), NULL,
	 "leave alone what depends on them with 'restart: true'"}};
static const struct option_spec kill_options[] = {
	{'s', "signal", OPTION_STRING, ARG(signal), "SIGNAL", "what is sent (SIGKILL)"},
};

int control_request(struct cli *cli, const char *project, json_t *message, const char *done,
		    const char *nothing, struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *request = message, *result = NULL;
	CLEANUP(progress_release) struct progress progress;
	const struct request_peer peer = {.paths = &cli->paths,
					  .project = project,
					  .on_event = progress_event,
					  .data = &progress};
	int r;

	progress_init(&progress, cli);
	if (!request)
		return err_nomem(err);
	r = request_ask(&peer, request, &result, err);
	if (r == 0)
		progress_end(&progress, done, nothing, output_integer(result, "changes"));
	return r;
}

static int control_run(struct cli *cli, const char *op, const struct control_args *args,
		       char **services, size_t n, const char *done, const char *nothing,
		       struct err *err)
{
	char project[TEXT_NAME_MAX + 1];
	json_t *message;
	int r;

	r = cli_project_name(cli, project, err);
	if (r != 0)
		return r;
	message = request_new(op, services, n);
	if (message && args->timeout >= 0)
		json_object_set_new(message, "timeout", json_integer(args->timeout));
	if (message && args->wait_timeout >= 0)
		json_object_set_new(message, "wait_timeout", json_integer(args->wait_timeout));
	if (message && args->wait)
		json_object_set_new(message, "wait", json_true());
	if (message && args->no_deps)
		json_object_set_new(message, "no_deps", json_true());
	if (message && args->signal)
		json_object_set_new(message, "signal", json_string(args->signal));
	return control_request(cli, project, message, done, nothing, err);
}

static int start_run(struct cli *cli, const void *values, char **services, size_t n,
		     struct err *err)
{
	const struct control_args *given = values;
	struct control_args args = {.timeout = -1,
				    .wait_timeout = given->wait_timeout,
				    .wait = given->wait || given->wait_timeout >= 0};

	return control_run(cli, "start", &args, services, n, "started",
			   "nothing to do: everything runs already", err);
}

static int stop_run(struct cli *cli, const void *values, char **services, size_t n, struct err *err)
{
	const struct control_args *given = values;
	struct control_args args = {.timeout = given->timeout, .wait_timeout = -1};

	return control_run(cli, "stop", &args, services, n, "stopped",
			   "nothing to do: nothing runs", err);
}

static int restart_run(struct cli *cli, const void *values, char **services, size_t n,
		       struct err *err)
{
	const struct control_args *given = values;
	struct control_args args = {.timeout = given->timeout,
				    .wait_timeout = -1,
				    .wait = given->wait,
				    .no_deps = given->no_deps};

	return control_run(cli, "restart", &args, services, n, "restarted",
			   "nothing to do: there is no container", err);
}

static int kill_run(struct cli *cli, const void *values, char **services, size_t n, struct err *err)
{
	const struct control_args *given = values;
	struct control_args args = {.timeout = -1, .wait_timeout = -1, .signal = given->signal};

	return control_run(cli, "kill", &args, services, n, "signalled",
			   "nothing to do: nothing runs", err);
}

const struct command command_start = {
	.name = "start",
	.operands = "[SERVICE…]",
	.help = "Start containers that were stopped",
	.options = start_options,
	.n_options = ARRAY_SIZE(start_options),
	.args_size = sizeof(struct control_args),
	.max_operands = COMMAND_ANY,
	.run = start_run,
};

const struct command command_stop = {
	.name = "stop",
	.operands = "[SERVICE…]",
	.help = "Stop containers, dependents first; they are kept",
	.options = stop_options,
	.n_options = ARRAY_SIZE(stop_options),
	.args_size = sizeof(struct control_args),
	.max_operands = COMMAND_ANY,
	.run = stop_run,
};

const struct command command_restart = {
	.name = "restart",
	.operands = "[SERVICE…]",
	.help = "Stop containers and start them again",
	.options = restart_options,
	.n_options = ARRAY_SIZE(restart_options),
	.args_size = sizeof(struct control_args),
	.max_operands = COMMAND_ANY,
	.run = restart_run,
};

static int rm_run(struct cli *cli, const void *values, char **services, size_t n, struct err *err)
{
	const struct control_args *given = values;
	struct control_args args = {.timeout = given->timeout, .wait_timeout = -1};

	return control_run(cli, "remove", &args, services, n, "removed",
			   "nothing to do: there is no container", err);
}

const struct command command_rm = {
	.name = "rm",
	.operands = "SERVICE…",
	.help = "Stop and remove the containers of services",
	.options = stop_options,
	.n_options = ARRAY_SIZE(stop_options),
	.args_size = sizeof(struct control_args),
	.min_operands = 1,
	.max_operands = COMMAND_ANY,
	.run = rm_run,
};

const struct command command_kill = {
	.name = "kill",
	.operands = "[SERVICE…]",
	.help = "Send containers a signal",
	.options = kill_options,
	.n_options = ARRAY_SIZE(kill_options),
	.args_size = sizeof(struct control_args),
	.max_operands = COMMAND_ANY,
	.run = kill_run,
};
