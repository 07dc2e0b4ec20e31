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
#include "core/base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/pidfd.h>

struct act {
	const struct watch_actor *actor;
	const struct watch_item *item;
	const struct watch_changes *changes;
};

typedef int act_fn(const struct act *act, const char *directory, struct err *err);

/* Until a program ends, or something changes, which is noted.  TOLD: of how many Ctrl-C it knows.
 */
static int wait_for(const struct watch_actor *actor, int pidfd, sig_atomic_t *told, struct err *err)
{
	struct pollfd polled[] = {{.fd = pidfd, .events = POLLIN},
				  {.fd = actor->files->fd, .events = POLLIN}};

	if (ppoll(polled, ARRAY_SIZE(polled), NULL, actor->outside) < 0 && errno != EINTR)
		return err_sys(err, errno, "wait for a command");
	if (*actor->stop > *told) {
		(void)pidfd_send_signal(pidfd, *told ? SIGKILL : SIGTERM, NULL, 0);
		*told = *actor->stop;
	}
	return watch_files_read(actor->files, clock_ms(), err);
}

/* Run PROGRAM with ARGV, which a NULL ends.  1: it failed, which it has said why. */
static int run(const struct watch_actor *actor, const char *program, const struct string_list *argv,
	       struct err *err)
{
	CLEANUP_FD int pidfd = -1;
	sig_atomic_t told = 0;
	int r;

	r = again_start(program, argv, &pidfd, err);
	while (r == 0 && (r = again_look(pidfd, err)) == -EAGAIN)
		r = wait_for(actor, pidfd, &told, err);
	return *actor->stop ? err_set(err, ECANCELED, "interrupted") : r;
}

/* Run a command of ours: WORDS, NULL-terminated, and then the N OPERANDS. */
static int run_command(const struct watch_actor *actor, const char *const *words,
		       char *const *operands, size_t n, struct err *err)
{
	CLEANUP(string_list_release) struct string_list argv = {.items = NULL};

	again_arguments(actor->cli, actor->project, &argv);
	if (actor->quiet) {
		string_list_add(&argv, "--progress");
		string_list_add(&argv, "quiet");
	}
	while (*words)
		string_list_add(&argv, *words++);
	for (size_t i = 0; i < n; i++)
		string_list_add(&argv, operands[i]);
	string_list_add(&argv, NULL);
	return run(actor, AGAIN_SELF, &argv, err);
}

static int act_sync(const struct act *act, const char *directory, struct err *err)
{
	return watch_sync(act->item, act->changes, directory, act->actor->stop, err);
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
	char program[PATH_MAX];
	int r;

	for (size_t i = 0; i < hook->environment.n; i++) {
		const struct key_value *variable = &hook->environment.items[i];

		if (variable->value)
			string_list_add(&args.env, arena_printf(arena, "%s=%s", variable->key,
								variable->value));
	}
	r = join_command(&args, directory, (char *const *)hook->command.items, hook->command.n,
			 program, &argv, err);
	if (r == 0)
		r = run(act->actor, program, &argv, err);
	string_list_release(&args.env);
	return r;
}

/* A program runs where one runs; files are also for a container that runs later. */
static bool is_fit(const json_t *container, bool running)
{
	const char *state = output_string(container, "state");

	return running ? strcmp(state, "running") == 0 : strcmp(state, "draining") != 0;
}

/* Call FN for each container of the service, or each that is RUNNING; how many did what they
 * should. */
static int for_each(const struct act *act, act_fn *fn, bool running, size_t *ret_done,
		    struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *list = NULL;
	const struct paths *paths = &act->actor->cli->paths;
	const char *project = act->actor->project;
	const json_t *container;
	char directory[PATH_MAX];
	size_t i;
	int r = containers_list(paths, project, &list, err);

	*ret_done = 0;
	if (r < 0)
		return r;
	json_array_foreach (list, i, container) {
		if (strcmp(output_string(container, "service"), act->item->service->name) != 0 ||
		    !is_fit(container, running))
			continue;
		r = container_directory(paths, project, container, directory, sizeof(directory),
					err);
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
	const struct watch_paths *paths = &act->changes->paths;
	const char *name = act->item->service->name, *first = paths->items[0];
	const char *target = act->item->rule->target;
	size_t done;
	int r = for_each(act, act_sync, false, &done, err);

	if (r < 0 || done == 0)
		return r;
	if (!*first)
		cli_say("%s: '%s' copied to '%s'", name, act->item->path, target);
	else if (paths->n == 1)
		cli_say("%s: '%s' brought to '%s'", name, first, target);
	else
		cli_say("%s: '%s' and %zu more brought to '%s'", name, first, paths->n - 1, target);
	return 0;
}

static int exec_all(const struct act *act, struct err *err)
{
	size_t done;
	int r = for_each(act, act_exec, true, &done, err);

	if (r == 0 && done > 0)
		cli_say("%s: '%s' has run", act->item->service->name,
			act->item->rule->exec.command.items[0]);
	return r;
}

static int restart(const struct act *act, struct err *err)
{
	char *services[] = {(char *)(uintptr_t)act->item->service->name};

	cli_say("%s: is restarted: files have changed", services[0]);
	return control_request(act->actor->cli, act->actor->project,
			       request_new("restart", services, 1), "restarted",
			       "nothing to restart: there is no container", err);
}

/* New containers have nothing of what was copied into the old ones. */
static void sync_anew(const struct watch_files *files, const struct service *service)
{
	for (size_t i = 0; i < files->n_items; i++)
		if (files->items[i].service == service && files->items[i].rule->initial_sync &&
		    files->items[i].rule->target)
			watch_changes_add(&files->items[i].changes, "", clock_ms());
}

/* By the command of that name: it builds, replaces the container, and tells what it does. */
static int rebuild(const struct act *act, struct err *err)
{
	static const char *const up[] = {"up", "-d", "--build", "--no-deps", NULL};
	static const char *const prune[] = {"image", "prune", NULL};
	char *services[] = {(char *)(uintptr_t)act->item->service->name};
	int r;

	cli_say("%s: is built anew: files have changed", services[0]);
	r = run_command(act->actor, up, services, 1, err);
	if (r == 0)
		sync_anew(act->actor->files, act->item->service);
	if (r == 0 && act->actor->prune)
		return run_command(act->actor, prune, NULL, 0, err);
	if (r > 0)
		cli_say("%s: stays as it was until something is saved again", services[0]);
	return r;
}

/* What each action is, step by step. */
typedef int step_fn(const struct act *act, struct err *err);
static step_fn *const steps[][2] = {
	[WATCH_SYNC] = {sync_all, NULL},	  [WATCH_REBUILD] = {rebuild, NULL},
	[WATCH_RESTART] = {restart, NULL},	  [WATCH_SYNC_RESTART] = {sync_all, restart},
	[WATCH_SYNC_EXEC] = {sync_all, exec_all},
};

/* One rebuild, or restart, is for all rules of the service that ask for it now. */
static void take_same(const struct watch_files *files, const struct watch_item *item)
{
	for (size_t i = 0; i < files->n_items; i++) {
		struct watch_item *other = &files->items[i];

		if (other->service == item->service && other->rule->action == item->rule->action &&
		    !other->rule->target)
			watch_changes_clear(&other->changes);
	}
}

int watch_act(const struct watch_actor *actor, struct watch_item *item, struct err *err)
{
	CLEANUP(watch_changes_clear)
	struct watch_changes changes = watch_changes_take(&item->changes);
	const struct act act = {actor, item, &changes};
	struct err inner = ERR_INIT;
	int r = 0;

	if (!item->rule->target)
		take_same(actor->files, item);
	watch_item_look(item);
	for (size_t i = 0; r == 0 && i < 2 && steps[item->rule->action][i]; i++)
		r = steps[item->rule->action][i](&act, &inner);
	if (*actor->stop)
		return err_set(err, ECANCELED, "interrupted");
	if (r < 0)
		cli_say("%s: %s", item->service->name, inner.msg);
	return 0;
}

int watch_bring_up(const struct watch_actor *actor, char *const *services, size_t n,
		   struct err *err)
{
	static const char *const up[] = {"up", "-d", NULL};

	return run_command(actor, up, services, n, err);
}
