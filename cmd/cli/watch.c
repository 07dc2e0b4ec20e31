// SPDX-License-Identifier: GPL-2.0-or-later
/* watch: what the stack file's `develop` says, whenever files change, until it is interrupted. */
#include "cmd/cli/watch.h"

#include "cmd/cli/again.h"
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/watch_act.h"
#include "cmd/cli/watch_files.h"
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/project.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct watch_args {
	bool no_up;
};

static const struct option_spec watch_options[] = {
	{0, "no-up", OPTION_FLAG, offsetof(struct watch_args, no_up), NULL,
	 "only watch: what does not run is not started"},
};

/* All rules that count. */
struct watch {
	struct cli *cli;
	const struct project *project;
	struct watch_item *items;
	size_t n;
	struct arena *arena;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signo)
{
	interrupted = signo;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_within(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	while (len > 0 && dir[len - 1] == '/')
		len--;
	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]);
}

/* What is mounted is there already, and copying it onto itself would never end. */
static bool is_mounted(const struct service *service, const struct watch_rule *rule)
{
	for (size_t i = 0; rule->target && i < service->n_mounts; i++) {
		const struct mount *mount = &service->mounts[i];

		if (mount->type != MOUNT_BIND || !is_within(rule->target, mount->target))
			continue;
		cli_say("service '%s': '%s' is not watched: its target '%s' is in a directory of "
			"the host, '%s', that is mounted; remove one of them",
			service->name, rule->path, rule->target, mount->source);
		return true;
	}
	return false;
}

static int choose(struct watch *watch, char **services, size_t n, struct err *err)
{
	const struct project *project = watch->project;
	size_t room = 0;

	for (size_t i = 0; i < project->n_services; i++)
		room += project->services[i].watch.n;
	watch->items = ARENA_ARRAY(watch->arena, struct watch_item, room + 1);
	for (size_t i = 0; i < project->n_services; i++) {
		const struct service *service = &project->services[i];

		if (!containers_selected(service->name, services, n))
			continue;
		for (size_t j = 0; j < service->watch.n; j++)
			if (!is_mounted(service, &service->watch.items[j]))
				watch_item_init(&watch->items[watch->n++], service,
						&service->watch.items[j], watch->arena);
	}
	for (size_t i = 0; i < n; i++)
		if (!project_service(project, services[i]))
			return err_set(err, ENOENT, "no such service: '%s'", services[i]);
	return watch->n > 0 ? 0
			    : err_set(err, EINVAL,
				      "there is nothing to watch: no service says what below "
				      "'develop: {watch: …}'");
}

static void watch_release(struct watch *watch)
{
	for (size_t i = 0; i < watch->n; i++)
		watch_item_release(&watch->items[i]);
	arena_free(watch->arena);
}

static int act(struct watch *watch, struct watch_item *item, struct err *err)
{
	return watch_act(watch->cli, watch->project->name, item, &interrupted, err);
}

static int sync_initially(struct watch *watch, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < watch->n; i++) {
		if (!watch->items[i].rule->initial_sync || !watch->items[i].rule->target)
			continue;
		watch_changes_add(&watch->items[i].changes, "", now_ms());
		r = act(watch, &watch->items[i], err);
	}
	return r;
}

/* Act where it is time; how long to wait for the next one, -1: for ever. */
static int act_where_due(struct watch *watch, int *ret_wait_ms, struct err *err)
{
	int64_t wait = -1;

	for (size_t i = 0; i < watch->n; i++) {
		int64_t left = watch_changes_wait_ms(&watch->items[i].changes, now_ms());
		int r = left == 0 ? act(watch, &watch->items[i], err) : 0;

		if (r < 0)
			return r;
		if (left > 0 && (wait < 0 || left < wait))
			wait = left;
	}
	*ret_wait_ms = (int)wait;
	return 0;
}

static int loop(struct watch *watch, struct watch_files *files, const sigset_t *outside,
		struct err *err)
{
	struct pollfd poll = {.fd = files->fd, .events = POLLIN};
	int wait_ms = -1, r = 0;

	while (r == 0 && !interrupted) {
		struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000L};

		/* A signal that comes after the look at the flag is let in here. */
		if (ppoll(&poll, 1, wait_ms < 0 ? NULL : &wait, outside) < 0 && errno != EINTR)
			return err_sys(err, errno, "wait for changes");
		r = watch_files_read(files, now_ms(), err);
		if (r == 0 && !interrupted)
			r = act_where_due(watch, &wait_ms, err);
	}
	return r;
}

/* Signals come while we wait, or write to a container, and end either. */
static void catch_interrupts(sigset_t *ret_outside)
{
	struct sigaction action = {.sa_handler = interrupt}, ignore = {.sa_handler = SIG_IGN};
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigprocmask(SIG_BLOCK, &ours, ret_outside);
	sigdelset(ret_outside, SIGINT);
	sigdelset(ret_outside, SIGTERM);
}

static int watch_all(struct watch *watch, struct err *err)
{
	CLEANUP(watch_files_release) struct watch_files files = {.fd = -1};
	sigset_t outside;
	int r;

	catch_interrupts(&outside);
	r = watch_files_init(&files, watch->items, watch->n, err);
	if (r < 0)
		return r;
	cli_say("watching %zu path%s; Ctrl-C ends it", watch->n, watch->n == 1 ? "" : "s");
	r = sync_initially(watch, err);
	if (r == 0)
		r = loop(watch, &files, &outside, err);
	return r == -ECANCELED ? 0 : r;
}

static int bring_up(struct cli *cli, const char *project, char **services, size_t n,
		    struct err *err)
{
	CLEANUP(string_list_release) struct string_list argv = {.items = NULL};

	again_arguments(cli, project, &argv);
	string_list_add(&argv, "up");
	string_list_add(&argv, "-d");
	for (size_t i = 0; i < n; i++)
		string_list_add(&argv, services[i]);
	string_list_add(&argv, NULL);
	return again_run(AGAIN_SELF, &argv, err);
}

static int watch_run(struct cli *cli, const void *values, char **services, size_t n,
		     struct err *err)
{
	const struct watch_args *args = values;
	CLEANUP(project_cleanup) struct project *project = NULL;
	CLEANUP(watch_release) struct watch watch = {.cli = cli, .arena = arena_new()};
	int r = cli_load(cli, &project, err);

	if (r == 0)
		r = cli_need_root(err);
	if (r != 0)
		return r;
	watch.project = project;
	r = choose(&watch, services, n, err);
	if (r == 0 && !args->no_up)
		r = bring_up(cli, project->name, services, n, err);
	return r != 0 ? r : watch_all(&watch, err);
}

const struct command command_watch = {
	.name = "watch",
	.operands = "[SERVICE…]",
	.help = "Copy, restart or rebuild when files change, as 'develop' says",
	.options = watch_options,
	.n_options = ARRAY_SIZE(watch_options),
	.args_size = sizeof(struct watch_args),
	.max_operands = COMMAND_ANY,
	.run = watch_run,
};

int watch_start(struct cli *cli, const struct project *project, char **services, size_t n,
		int *ret_pidfd, struct err *err)
{
	CLEANUP(watch_release)
	struct watch watch = {.cli = cli, .project = project, .arena = arena_new()};
	pid_t parent = getpid(), pid;
	int r = choose(&watch, services, n, err);

	if (r < 0)
		return r;
	pid = fork();
	if (pid < 0)
		return err_sys(err, errno, "start watching");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(EXIT_SUCCESS);
		r = watch_all(&watch, err);
		if (r < 0)
			cli_say("watch: %s", err->msg);
		_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	*ret_pidfd = pidfd_open(pid, 0);
	return *ret_pidfd < 0 ? err_sys(err, errno, "start watching") : 0;
}

void watch_end(int pidfd)
{
	siginfo_t info;

	if (pidfd < 0)
		return;
	(void)pidfd_send_signal(pidfd, SIGTERM, NULL, 0);
	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0 && errno == EINTR)
		;
	close(pidfd);
}
