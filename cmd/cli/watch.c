// SPDX-License-Identifier: GPL-2.0-or-later
/* watch: what the stack file's `develop` says, whenever files change, until it is interrupted. */
#include "cmd/cli/watch.h"

#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/imageprogram.h"
#include "cmd/cli/watch_act.h"
#include "cmd/cli/watch_files.h"
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/model/project.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct watch_args {
	bool no_up, prune, quiet;
};

static const struct option_spec watch_options[] = {
	{0, "no-up", OPTION_FLAG, offsetof(struct watch_args, no_up), NULL,
	 "only watch: what does not run is not started"},
	{0, "prune", OPTION_FLAG, offsetof(struct watch_args, prune), NULL,
	 "remove images that nothing names any more after each rebuild"},
	{0, "quiet", OPTION_FLAG, offsetof(struct watch_args, quiet), NULL,
	 "builds say nothing unless they fail"},
};

/* All rules that count. */
struct watch {
	struct cli *cli;
	const struct project *project;
	struct watch_item *items;
	size_t n;
	struct arena *arena;
	struct watch_files files;
	sigset_t outside;
	struct watch_actor actor;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signo)
{
	(void)signo;
	interrupted = interrupted + 1;
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

static void add_rule(struct watch *watch, const struct service *service,
		     const struct watch_rule *rule)
{
	struct watch_item *item = &watch->items[watch->n];

	if (is_mounted(service, rule))
		return;
	watch_item_init(item, service, rule, watch->arena);
	if (watch_item_is_left_out(item)) {
		cli_say("service '%s': '%s' is not watched: the .dockerignore of its build "
			"leaves it out",
			service->name, item->path);
		watch_item_release(item);
		return;
	}
	watch->n++;
}

/* Of a service that is rebuilt first: into the new container goes then what is copied. */
static int choose(struct watch *watch, char **services, size_t n, struct err *err)
{
	const struct project *project = watch->project;
	size_t room = 0;

	for (size_t i = 0; i < project->n_services; i++)
		room += project->services[i].watch.n;
	watch->items = ARENA_ARRAY(watch->arena, struct watch_item, room + 1);
	for (size_t i = 0; i < 2 * project->n_services; i++) {
		const struct service *service = &project->services[i / 2];
		bool rebuilds = i % 2 == 0;

		if (!containers_selected(service->name, services, n))
			continue;
		for (size_t j = 0; j < service->watch.n; j++)
			if ((service->watch.items[j].action == WATCH_REBUILD) == rebuilds)
				add_rule(watch, service, &service->watch.items[j]);
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
	watch_files_release(&watch->files);
	for (size_t i = 0; i < watch->n; i++)
		watch_item_release(&watch->items[i]);
	arena_free(watch->arena);
}

/* From now on what changes is noted, to be acted on when it is time. */
static int watch_init(struct watch *watch, struct cli *cli, const struct project *project,
		      char **services, size_t n, struct err *err)
{
	int r;

	*watch = (struct watch){
		.cli = cli, .project = project, .arena = arena_new(), .files = {.fd = -1}};
	watch->actor = (struct watch_actor){.cli = cli,
					    .project = project->name,
					    .files = &watch->files,
					    .outside = &watch->outside,
					    .stop = &interrupted};
	r = choose(watch, services, n, err);
	return r < 0 ? r : watch_files_init(&watch->files, watch->items, watch->n, err);
}

static void sync_initially(struct watch *watch)
{
	for (size_t i = 0; i < watch->n; i++)
		if (watch->items[i].rule->initial_sync && watch->items[i].rule->target)
			watch_changes_add(&watch->items[i].changes, "", clock_ms());
}

/* Act where it is time; how long to wait for the next one, -1: for ever. */
static int act_where_due(struct watch *watch, int *ret_wait_ms, struct err *err)
{
	int64_t wait = -1;

	for (size_t i = 0; i < watch->n; i++) {
		struct watch_changes *changes = &watch->items[i].changes;

		if (watch_changes_wait_ms(changes, clock_ms()) == 0) {
			int r = watch_act(&watch->actor, &watch->items[i], err);

			if (r < 0)
				return r;
		}
	}
	/* Only now: an action may have led to changes of the items before it. */
	for (size_t i = 0; i < watch->n; i++) {
		int64_t left = watch_changes_wait_ms(&watch->items[i].changes, clock_ms());

		if (left >= 0 && (wait < 0 || left < wait))
			wait = left;
	}
	*ret_wait_ms = (int)wait;
	return 0;
}

static int loop(struct watch *watch, struct err *err)
{
	struct pollfd poll = {.fd = watch->files.fd, .events = POLLIN};
	int wait_ms = 0, r = 0;

	while (r == 0 && !interrupted) {
		struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000L};

		/* A signal that comes after the look at the flag is let in here. */
		if (ppoll(&poll, 1, wait_ms < 0 ? NULL : &wait, &watch->outside) < 0 &&
		    errno != EINTR)
			return err_sys(err, errno, "wait for changes");
		r = watch_files_read(&watch->files, clock_ms(), err);
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

/* Until Ctrl-C.  What a stopped container is mounted by, the shim, asks for <root> and <run>. */
static int watch_all(struct watch *watch, struct err *err)
{
	int r = imageprogram_environment(watch->cli, err);

	if (r < 0)
		return r;
	cli_say("watching %zu path%s; Ctrl-C ends it", watch->n, watch->n == 1 ? "" : "s");
	sync_initially(watch);
	return loop(watch, err);
}

static int watch_run(struct cli *cli, const void *values, char **services, size_t n,
		     struct err *err)
{
	const struct watch_args *args = values;
	CLEANUP(project_cleanup) struct project *project = NULL;
	CLEANUP(watch_release) struct watch watch = {.files = {.fd = -1}};
	int r = cli_load(cli, &project, err);

	if (r == 0)
		r = cli_need_root(err);
	if (r != 0)
		return r;
	r = watch_init(&watch, cli, project, services, n, err);
	if (r < 0)
		return r;
	watch.actor.quiet = args->quiet;
	watch.actor.prune = args->prune;
	catch_interrupts(&watch.outside);
	if (!args->no_up)
		r = watch_bring_up(&watch.actor, services, n, err);
	if (r == 0)
		r = watch_all(&watch, err);
	return r == -ECANCELED ? 0 : r;
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

int watch_new(struct cli *cli, const struct project *project, char **services, size_t n,
	      struct watch **ret_watch, struct err *err)
{
	CLEANUP(watch_cleanup) struct watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return err_nomem(err);
	r = watch_init(watch, cli, project, services, n, err);
	if (r < 0)
		return r;
	*ret_watch = watch;
	watch = NULL;
	return 0;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	watch_release(watch);
	free(watch);
}

void watch_cleanup(struct watch **watch)
{
	watch_free(*watch);
}

int watch_start(struct watch *watch, int *ret_pidfd, struct err *err)
{
	pid_t parent = getpid(), pid = fork();
	int r;

	if (pid < 0)
		return err_sys(err, errno, "start watching");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(EXIT_SUCCESS);
		catch_interrupts(&watch->outside);
		r = watch_all(watch, err);
		if (r < 0 && r != -ECANCELED)
			cli_say("watch: %s", err->msg);
		_exit(r < 0 && r != -ECANCELED ? EXIT_FAILURE : EXIT_SUCCESS);
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
