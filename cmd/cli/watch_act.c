// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/watch_act.h"

#include "cmd/cli/again.h"
#include "cmd/cli/cli.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/control.h"
#include "cmd/cli/join.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "cmd/cli/watch_files.h"
#include "cmd/cli/watch_sync.h"
#include "core/base/arena.h"
#include "core/base/cleanup.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

struct act {
	struct cli *cli;
	const char *project;
	struct watch_item *item;
	const volatile sig_atomic_t *stop;
};

typedef int act_fn(const struct act *act, const char *directory, struct err *err);

static int act_sync(const struct act *act, const char *directory, struct err *err)
{
	return watch_sync(act->item, directory, act->stop, err);
}

static int act_exec(const struct act *act, const char *directory, struct err *err)
{
	const struct hook *hook = &act->item->rule->exec;
	CLEANUP(string_list_release) struct string_list argv = {.items = NULL};
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	struct exec_args args = {.no_tty = true,
				 .privileged = hook->privileged,
				 .user = hook->user,
				 .workdir = hook->working_dir};
	int r;

	for (size_t i = 0; i < hook->environment.n; i++) {
		const struct key_value *variable = &hook->environment.items[i];

		if (variable->value)
			string_list_add(&args.env, arena_printf(arena, "%s=%s", variable->key,
								variable->value));
	}
	r = join_command(&args, directory, (char *const *)hook->command.items, hook->command.n,
			 &argv, err);
	if (r == 0)
		r = again_run(argv.items[0], &argv, err);
	string_list_release(&args.env);
	return r;
}

/* Call FN for each container of the service that runs; how many did what they should. */
static int for_each(const struct act *act, act_fn *fn, size_t *ret_done, struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *list = NULL;
	const json_t *container;
	char directory[PATH_MAX];
	size_t i;
	int r = containers_list(&act->cli->paths, act->project, &list, err);

	*ret_done = 0;
	if (r < 0)
		return r;
	json_array_foreach (list, i, container) {
		if (strcmp(output_string(container, "service"), act->item->service->name) != 0 ||
		    strcmp(output_string(container, "state"), "running") != 0)
			continue;
		r = container_directory(&act->cli->paths, act->project, container, directory,
					sizeof(directory), err);
		if (r == 0)
			r = fn(act, directory, err);
		if (r < 0)
			return err_wrap(err, "container '%s'", output_string(container, "name"));
		*ret_done += r == 0;
	}
	return 0;
}

static int sync_all(const struct act *act, struct err *err)
{
	const struct watch_changes *changes = &act->item->changes;
	const char *name = act->item->service->name, *first = changes->paths[0];
	size_t done;
	int r = for_each(act, act_sync, &done, err);

	if (r < 0 || done == 0)
		return r;
	if (!*first)
		cli_say("%s: '%s' copied to '%s'", name, act->item->path, act->item->rule->target);
	else if (changes->n == 1)
		cli_say("%s: '%s' brought to '%s'", name, first, act->item->rule->target);
	else
		cli_say("%s: '%s' and %zu more brought to '%s'", name, first, changes->n - 1,
			act->item->rule->target);
	return 0;
}

static int exec_all(const struct act *act, struct err *err)
{
	size_t done;
	int r = for_each(act, act_exec, &done, err);

	if (r == 0 && done > 0)
		cli_say("%s: '%s' has run", act->item->service->name,
			act->item->rule->exec.command.items[0]);
	return r;
}

static int restart(const struct act *act, struct err *err)
{
	char *services[] = {(char *)(uintptr_t)act->item->service->name};

	cli_say("%s: is restarted: files have changed", services[0]);
	return control_request(act->cli, act->project, request_new("restart", services, 1),
			       "restarted", "nothing to restart: there is no container", err);
}

/* By the command of that name: it builds, replaces the container, and tells what it does. */
static int rebuild(const struct act *act, struct err *err)
{
	static const char *const words[] = {"up", "-d", "--build", "--no-deps"};
	CLEANUP(string_list_release) struct string_list argv = {.items = NULL};
	const char *name = act->item->service->name;
	int r;

	cli_say("%s: is built anew: files have changed", name);
	again_arguments(act->cli, act->project, &argv);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		string_list_add(&argv, words[i]);
	string_list_add(&argv, name);
	string_list_add(&argv, NULL);
	r = again_run(AGAIN_SELF, &argv, err);
	if (r > 0)
		cli_say("%s: stays as it was", name);
	return r;
}

/* What each action is, step by step. */
typedef int step_fn(const struct act *act, struct err *err);
static step_fn *const steps[][2] = {
	[WATCH_SYNC] = {sync_all, NULL},	  [WATCH_REBUILD] = {rebuild, NULL},
	[WATCH_RESTART] = {restart, NULL},	  [WATCH_SYNC_RESTART] = {sync_all, restart},
	[WATCH_SYNC_EXEC] = {sync_all, exec_all},
};

int watch_act(struct cli *cli, const char *project, struct watch_item *item,
	      const volatile sig_atomic_t *stop, struct err *err)
{
	const struct act act = {cli, project, item, stop};
	struct err inner = ERR_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2 && steps[item->rule->action][i]; i++)
		r = steps[item->rule->action][i](&act, &inner);
	watch_changes_clear(&item->changes);
	if (*stop)
		return err_set(err, ECANCELED, "interrupted");
	if (r < 0)
		cli_say("%s: %s", item->service->name, inner.msg);
	return 0;
}
