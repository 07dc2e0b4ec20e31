// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * up: the resolved project to its supervisor, and, unless detached, its logs
 *
 * Loading comes first and touches nothing, so a wrong file changes nothing.
 */
#include "cmd/cli/attach.h"
#include "cmd/cli/build.h"
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/follow.h"
#include "cmd/cli/human.h"
#include "cmd/cli/interrupt.h"
#include "cmd/cli/output.h"
#include "cmd/cli/plan.h"
#include "cmd/cli/progress.h"
#include "cmd/cli/pulling.h"
#include "cmd/cli/request.h"
#include "cmd/cli/scale.h"
#include "cmd/cli/watch.h"
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/project.h"
#include "core/model/uses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct up_args {
	bool detach, wait, force_recreate, no_recreate, no_deps, remove_orphans, no_start, dry_run;
	bool follow_file, watch, build, no_build;
	bool no_color, no_prefix, timestamps, abort_on_exit;
	int64_t wait_timeout, timeout;
	const char *exit_code_from, *pull;
	bool quiet_pull;
	struct string_list scale;
};

#define ARG(field) offsetof(struct up_args, field)

static const struct option_spec up_options[] = {
	{'d', "detach", OPTION_FLAG, ARG(detach), NULL, "return when the containers are started"},
	{0, "wait", OPTION_FLAG, ARG(wait), NULL,
	 "return when they run and are healthy; implies -d"},
	{0, "wait-timeout", OPTION_NUMBER, ARG(wait_timeout), "SECONDS", "longest time to wait"},
	{0, "force-recreate", OPTION_FLAG, ARG(force_recreate), NULL,
	 "make containers anew although nothing changed"},
	{0, "no-recreate", OPTION_FLAG, ARG(no_recreate), NULL,
	 "leave existing containers as they are"},
	{0, "no-deps", OPTION_FLAG, ARG(no_deps), NULL, "without what the services depend on"},
	{0, "remove-orphans", OPTION_FLAG, ARG(remove_orphans), NULL,
	 "remove containers whose service is not in the file any more"},
	{0, "scale", OPTION_LIST, ARG(scale), "SERVICE=NUMBER",
	 "another number of containers than the file says"},
	{0, "pull", OPTION_STRING, ARG(pull), "POLICY",
	 "images from registries: always, missing or never, whatever the file says"},
	{0, "quiet-pull", OPTION_FLAG, ARG(quiet_pull), NULL, "without showing how it goes"},
	{'t', "timeout", OPTION_NUMBER, ARG(timeout), "SECONDS",
	 "before a container that does not stop is killed"},
	{0, "follow-file", OPTION_FLAG, ARG(follow_file), NULL,
	 "apply the stack file whenever it is saved, until it is down"},
	{'w', "watch", OPTION_FLAG, ARG(watch), NULL,
	 "do what 'develop' says when files change, as 'stack watch' does"},
	{0, "build", OPTION_FLAG, ARG(build), NULL,
	 "build images anew; else only those that are missing"},
	{0, "no-build", OPTION_FLAG, ARG(no_build), NULL, "build no image, even if it is missing"},
	{0, "no-start", OPTION_FLAG, ARG(no_start), NULL, "create the containers, start none"},
	{0, "dry-run", OPTION_FLAG, ARG(dry_run), NULL, "only show what would change ('plan')"},
	{0, "no-color", OPTION_FLAG, ARG(no_color), NULL, "logs without colours"},
	{0, "no-log-prefix", OPTION_FLAG, ARG(no_prefix), NULL,
	 "logs without the container's name"},
	{0, "timestamps", OPTION_FLAG, ARG(timestamps), NULL, "logs with the time of each line"},
	{0, "abort-on-container-exit", OPTION_FLAG, ARG(abort_on_exit), NULL,
	 "stop all containers when one ends"},
	{0, "exit-code-from", OPTION_STRING, ARG(exit_code_from), "SERVICE",
	 "exit with its status; implies --abort-on-container-exit"},
};

static int set_scale(const struct up_args *args, json_t *request, struct err *err)
{
	json_t *services = json_object_get(json_object_get(request, "project"), "services");
	CLEANUP(request_json_cleanup) json_t *scale = NULL;
	const char *service;
	json_t *number;
	int r = scale_parse((char *const *)args->scale.items, args->scale.n, &scale, err);

	if (r < 0)
		return r;
	json_object_foreach (scale, service, number) {
		json_t *definition = json_object_get(services, service);

		if (!definition)
			return err_set(err, ENOENT, "--scale: no such service: '%s'", service);
		json_object_set(definition, "scale", number);
	}
	return 0;
}

static int make_request(const struct project *project, const struct up_args *args, bool wait,
			char **services, size_t n, json_t **ret_request, struct err *err)
{
	const struct {
		const char *key;
		bool value;
	} flags[] = {{"force_recreate", args->force_recreate},
		     {"no_recreate", args->no_recreate},
		     {"no_deps", args->no_deps},
		     {"remove_orphans", args->remove_orphans},
		     {"no_start", args->no_start},
		     {"wait", wait}};
	json_t *request;
	int r;

	r = request_new_with_project(args->dry_run ? "plan" : "up", project, services, n, &request,
				     err);
	if (r < 0)
		return r;
	r = set_scale(args, request, err);
	if (r < 0) {
		json_decref(request);
		return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].value)
			json_object_set_new(request, flags[i].key, json_true());
	if (args->timeout >= 0)
		json_object_set_new(request, "timeout", json_integer(args->timeout));
	if (args->wait_timeout >= 0)
		json_object_set_new(request, "wait_timeout", json_integer(args->wait_timeout));
	*ret_request = request;
	return 0;
}

/* The command that is run for a saved file has the options that say what `up` is. */
static int add_follow(const struct cli *cli, const struct up_args *args, const struct uses *uses,
		      const struct project *project, json_t *request, struct err *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	const char **options = ARENA_ARRAY(arena, const char *, 2 * args->scale.n + 2);
	json_t *follow;
	size_t n = 0;
	int r;

	if (args->remove_orphans)
		options[n++] = "--remove-orphans";
	for (size_t i = 0; i < args->scale.n; i++) {
		options[n++] = "--scale";
		options[n++] = args->scale.items[i];
	}
	r = follow_options(cli, uses, project->name, options, n, &follow, err);
	if (r == 0)
		json_object_set_new(request, "follow", follow);
	return r;
}

/* The request itself.  In the foreground Ctrl-C stops what it has started so far. */
static int bring_up(struct cli *cli, const struct project *project, const json_t *request,
		    struct interrupt *interrupt, struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *result = NULL;
	CLEANUP(progress_release) struct progress progress;
	const struct request_peer peer = {.paths = &cli->paths,
					  .project = project->name,
					  .start = true,
					  .on_event = progress_event,
					  .data = &progress,
					  .interrupt = interrupt};
	int r;

	progress_init(&progress, cli);
	r = request_ask(&peer, request, &result, err);
	if (r == 0)
		progress_end(&progress, "up", "nothing to do: everything is as the file says",
			     output_integer(result, "changes"));
	return r;
}

/* The services whose logs are wanted: those asked for, or all, without `attach: false`. */
static void choose_services(const struct project *project, char **services, size_t n,
			    struct string_list *ret_list)
{
	for (size_t i = 0; i < project->n_services; i++) {
		const struct service *service = &project->services[i];

		if (service->attach && containers_selected(service->name, services, n))
			string_list_add(ret_list, service->name);
	}
}

static int run_foreground(struct cli *cli, const struct project *project,
			  const struct up_args *args, const json_t *request, char **services,
			  size_t n, struct watch *watch, struct err *err)
{
	CLEANUP(string_list_release) struct string_list shown = {.items = NULL};
	CLEANUP(interrupt_release) struct interrupt interrupt = INTERRUPT_INIT;
	struct attach_options options = {
		.view = {.project = project->name,
			 .tail = -1,
			 .since_ns = human_now_ns(),
			 .timestamps = args->timestamps,
			 .no_prefix = args->no_prefix,
			 .color = cli->color_out && !args->no_color,
			 .terminal = isatty(STDOUT_FILENO),
			 .follow = true},
		.interrupt = &interrupt,
		.abort_on_exit = args->abort_on_exit || args->exit_code_from,
		.exit_code_from = args->exit_code_from,
	};
	int watcher = -1, r;

	interrupt.paths = &cli->paths;
	interrupt.project = project->name;
	interrupt.services = services;
	interrupt.n_services = n;
	interrupt.timeout_s = args->timeout;
	choose_services(project, services, n, &shown);
	options.services = (char *const *)shown.items;
	options.n_services = shown.n;
	r = interrupt_init(&interrupt, err);
	if (r == 0)
		r = bring_up(cli, project, request, &interrupt, err);
	if (r == 0 && watch)
		r = watch_start(watch, &watcher, err);
	if (r < 0)
		return r;
	r = shown.n > 0 ? attach(cli, project->name, &options, err) : 0;
	watch_end(watcher);
	return r;
}

/* Said by `up` alone: whoever looks at a service later knows it by then. */
static void tell_exposed(const struct cli *cli, const struct project *project, char **services,
			 size_t n)
{
	CLEANUP(strbuf_release) struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < project->n_services; i++) {
		const struct service *service = &project->services[i];

		if (service->rootfs.host && containers_selected(service->name, services, n))
			strbuf_printf(&names, "%s%s", names.len ? ", " : "", service->name);
	}
	if (names.len && cli->progress != PROGRESS_QUIET)
		cli_say("note: with 'rootfs: host' %s can read what is on this host's root file "
			"system, as root also /etc/shadow and private keys",
			names.text);
}

/* 0, the exit status, or -errno.  What is only shown is not pulled. */
static int pull_images(struct cli *cli, const struct project *project, const struct up_args *args,
		       char **services, size_t n, struct err *err)
{
	const struct pulling_options options = {.policy = args->pull,
						.without_dependencies = args->no_deps,
						.quiet = args->quiet_pull};
	int status = 0, r;

	if (args->dry_run)
		return 0;
	r = pulling_run(cli, project, services, n, &options, &status, err);
	return r < 0 ? r : status;
}

static int check_args(const struct up_args *args, const struct project *project)
{
	if (args->force_recreate && args->no_recreate)
		return cli_usage_error("up: --force-recreate and --no-recreate exclude each other");
	if (args->build && args->no_build)
		return cli_usage_error("up: --build and --no-build exclude each other");
	if ((args->detach || args->wait) && (args->abort_on_exit || args->exit_code_from))
		return cli_usage_error("up: --abort-on-container-exit and --exit-code-from need "
				       "the foreground; leave out -d and --wait");
	if ((args->detach || args->wait || args->no_start) && args->watch)
		return cli_usage_error("up: --watch needs the foreground; use 'stack watch'");
	if (args->pull && !pulling_policy_is_known(args->pull))
		return cli_usage_error("up: --pull takes always, missing or never, not '%s'",
				       args->pull);
	if (args->exit_code_from && !project_service(project, args->exit_code_from))
		return cli_usage_error("up: --exit-code-from: no such service: '%s'",
				       args->exit_code_from);
	return 0;
}

static int up_run(struct cli *cli, const void *values, char **services, size_t n, struct err *err)
{
	CLEANUP(project_cleanup) struct project *project = NULL;
	CLEANUP(request_json_cleanup) json_t *request = NULL;
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	CLEANUP(uses_release) struct uses uses = {.arena = arena};
	CLEANUP(watch_cleanup) struct watch *watch = NULL;
	const struct up_args *args = values;
	bool wait = args->wait || args->wait_timeout >= 0;
	int r;

	r = cli_load_uses(cli, &uses, &project, err);
	if (r == 0)
		r = check_args(args, project);
	if (r == 0)
		r = pull_images(cli, project, args, services, n, err);
	if (r == 0)
		r = make_request(project, args, wait, services, n, &request, err);
	if (r == 0 && (args->follow_file || project->follow))
		r = add_follow(cli, args, &uses, project, request, err);
	if (r != 0)
		return r;
	if (args->dry_run)
		return plan_print(cli, project->name, request, false, err);
	/* What is saved while it is built and started counts as well. */
	if (args->watch)
		r = watch_new(cli, project, services, n, &watch, err);
	if (r == 0 && !args->no_build)
		r = build_before_up(cli, project, services, n, args->no_deps, args->build, err);
	if (r < 0)
		return r;
	tell_exposed(cli, project, services, n);
	if (args->detach || wait || args->no_start)
		return bring_up(cli, project, request, NULL, err);
	return run_foreground(cli, project, args, request, services, n, watch, err);
}

const struct command command_up = {
	.name = "up",
	.operands = "[SERVICE…]",
	.help = "Make the project what its stack file says",
	.options = up_options,
	.n_options = ARRAY_SIZE(up_options),
	.args_size = sizeof(struct up_args),
	.max_operands = COMMAND_ANY,
	.run = up_run,
};
