// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * run: a container of its own for one command
 *
 * It is a service for once: a copy of SERVICE with what the options say, which the
 * supervisor brings up with all it depends on.  With -d the command is its program.
 * Else the container is kept without a program, and the command joins it like
 * `exec` does, on our terminal; with its end the container's comes.
 */
#include "cmd/cli/build.h"
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/join.h"
#include "cmd/cli/output.h"
#include "cmd/cli/progress.h"
#include "cmd/cli/pulling.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/container/spec.h"
#include "core/model/project.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

struct run_args {
	bool detach, rm, no_deps, service_ports, build;
	bool quiet_pull;
	const char *name, *entrypoint, *pull;
	struct exec_args join;
};

#define ARG(field) offsetof(struct run_args, field)

static const struct option_spec run_options[] = {
	{'d', "detach", OPTION_FLAG, ARG(detach), NULL, "print the container's name and return"},
	{0, "rm", OPTION_FLAG, ARG(rm), NULL, "remove the container when the command has ended"},
	JOIN_OPTIONS(offsetof(struct run_args, join)),
	{0, "entrypoint", OPTION_STRING, ARG(entrypoint), "PROGRAM",
	 "instead of the service's, or the image's"},
	{0, "name", OPTION_STRING, ARG(name), "NAME", "of the container"},
	{0, "pull", OPTION_STRING, ARG(pull), "POLICY", "images: always, missing or never"},
	{0, "quiet-pull", OPTION_FLAG, ARG(quiet_pull), NULL, "without showing how it goes"},
	{0, "no-deps", OPTION_FLAG, ARG(no_deps), NULL, "without what the service depends on"},
	{0, "build", OPTION_FLAG, ARG(build), NULL, "build images anew first"},
	{'P', "service-ports", OPTION_FLAG, ARG(service_ports), NULL,
	 "publish the service's ports, which is not done else"},
};

/* --- the service for once --- */

static void set_text(json_t *definition, const char *key, const char *text)
{
	if (text)
		json_object_set_new(definition, key, json_string(text));
}

static void set_environment(json_t *definition, const struct string_list *variables)
{
	json_t *environment = json_object_get(definition, "environment");

	if (!environment && variables->n > 0) {
		environment = json_object();
		json_object_set_new(definition, "environment", environment);
	}
	for (size_t i = 0; i < variables->n; i++) {
		const char *text = variables->items[i], *equals = strchr(text, '=');
		CLEANUP_FREE char *key = strndup(text, strcspn(text, "="));
		const char *value = equals ? equals + 1 : getenv(text);

		if (key && value)
			json_object_set_new(environment, key, json_string(value));
	}
}

static json_t *words_json(char *const *words, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, json_string(words[i]));
	return array;
}

/* What is about a service that stays has no meaning for a command. */
static void make_once(json_t *definition, const struct run_args *args, const char *name)
{
	static const char *const others[] = {"container_name", "scale",	   "restart", "profiles",
					     "deploy",	       "hostname", "attach"};
	json_t *rootfs;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		json_object_del(definition, others[i]);
	if (!args->service_ports)
		json_object_del(definition, "ports");
	set_text(definition, "container_name", name);
	rootfs = json_object_get(json_object_get(definition, "x-stack"), "rootfs");
	json_object_set_new(definition, "x-stack",
			    json_pack("{s:s, s:O*}", "oneoff",
				      args->detach ? "detached" : "attached", "rootfs", rootfs));
}

static void set_command(json_t *definition, const struct run_args *args, char *const *words,
			size_t n)
{
	if (args->entrypoint) {
		json_object_set_new(definition, "entrypoint", json_pack("[s]", args->entrypoint));
		json_object_del(definition, "command");
	}
	if (n > 0)
		json_object_set_new(definition, "command", words_json(words, n));
	set_text(definition, "user", args->join.user);
	set_text(definition, "working_dir", args->join.workdir);
	set_environment(definition, &args->join.env);
}

static int add_service(json_t *request, const struct run_args *args, const char *service,
		       const char *name, char *const *words, size_t n, struct err *err)
{
	json_t *services = json_object_get(json_object_get(request, "project"), "services");
	json_t *definition = json_deep_copy(json_object_get(services, service));

	make_once(definition, args, name);
	set_command(definition, args, words, n);
	if (json_object_get(services, name)) {
		json_decref(definition);
		return err_set(err, EEXIST, "--name: there is a service '%s'", name);
	}
	json_object_set_new(services, name, definition);
	json_object_set_new(request, "services", json_pack("[s]", name));
	json_object_set_new(request, "no_deps", json_boolean(args->no_deps));
	return 0;
}

static void choose_name(const struct run_args *args, const char *service,
			char ret_name[TEXT_NAME_MAX + 1])
{
	uint32_t number = 0;

	if (args->name) {
		snprintf(ret_name, TEXT_NAME_MAX + 1, "%s", args->name);
		return;
	}
	/* The only name that is drawn: the same command may run many times at once. */
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		number = (uint32_t)getpid();
	snprintf(ret_name, TEXT_NAME_MAX + 1, "%.40s-run-%08x", service, number);
}

/* --- the command in it --- */

/* The words that the container would run, which its spec has with the image's part. */
static int read_words(const char *directory, struct container_spec *ret_spec, char **ret_data,
		      struct err *err)
{
	char path[PATH_MAX];
	size_t len = 0;
	int r = paths_join(path, sizeof(path), err, "%s/spec", directory);

	if (r == 0)
		r = fd_read_file(AT_FDCWD, path, SPEC_MAX, ret_data, &len, err);
	return r < 0 ? r : container_spec_decode(*ret_data, len, ret_spec, err);
}

static int forward_fd = -1;

/* Who ends us means the command. */
static void forward(int signo)
{
	(void)pidfd_send_signal(forward_fd, signo, NULL, 0);
}

static int wait_for_command(pid_t pid, int *ret_status, struct err *err)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, pass = {.sa_handler = forward};
	CLEANUP_FD int pidfd = pidfd_open(pid, 0);
	siginfo_t info = {.si_code = 0};

	forward_fd = pidfd;
	/* From the terminal it comes to the command as well. */
	sigaction(SIGINT, &ignore, NULL);
	sigaction(SIGQUIT, &ignore, NULL);
	sigaction(SIGTERM, &pass, NULL);
	sigaction(SIGHUP, &pass, NULL);
	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "wait for the command");
	*ret_status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	return 0;
}

static int join(const struct run_args *args, const char *directory, int *ret_status,
		struct err *err)
{
	CLEANUP(string_list_release) struct string_list argv = {.items = NULL};
	CLEANUP(container_spec_release) struct container_spec spec = {.name = NULL};
	const struct exec_args exec = {.tty = args->join.tty, .no_tty = args->join.no_tty};
	CLEANUP_FREE char *data = NULL;
	char program[PATH_MAX];
	size_t n = 0;
	pid_t pid;
	int r = read_words(directory, &spec, &data, err);

	while (r == 0 && spec.argv[n])
		n++;
	if (r == 0)
		r = join_command(&exec, directory, (char *const *)(uintptr_t)spec.argv, n, program,
				 &argv, err);
	if (r < 0)
		return r;
	r = posix_spawn(&pid, program, NULL, NULL, (char *const *)argv.items, environ);
	if (r != 0)
		return err_sys(err, r, "run '%s'", program);
	return wait_for_command(pid, ret_status, err);
}

/* --- all of it --- */

static int bring_up(struct cli *cli, const char *project, const json_t *request, struct err *err)
{
	CLEANUP(progress_release) struct progress progress;
	const struct request_peer peer = {.paths = &cli->paths,
					  .project = project,
					  .start = true,
					  .on_event = progress_event,
					  .data = &progress};

	progress_init(&progress, cli);
	return request_ask(&peer, request, NULL, err);
}

static int finish(struct cli *cli, const char *project, const char *name, bool remove,
		  struct err *err)
{
	char *names[] = {(char *)(uintptr_t)name};
	CLEANUP(request_json_cleanup)
	json_t *request = request_new(remove ? "remove" : "stop", names, 1);
	const struct request_peer peer = {.paths = &cli->paths, .project = project};

	return request ? request_ask(&peer, request, NULL, err) : err_nomem(err);
}

static int run_attached(struct cli *cli, const struct project *project, const struct run_args *args,
			const char *name, struct err *err)
{
	struct err failure = ERR_INIT;
	char directory[PATH_MAX];
	int status = JOIN_FAILED;
	int r = paths_join(directory, sizeof(directory), err, "%s/%s/containers/%s", cli->paths.run,
			   project->name, name);

	if (r == 0)
		r = join(args, directory, &status, err);
	if (finish(cli, project->name, name, args->rm, &failure) < 0)
		cli_say("%s", failure.msg);
	return r < 0 ? r : status;
}

static int pull_images(struct cli *cli, const struct project *project, const struct run_args *args,
		       char **words, struct err *err)
{
	const struct pulling_options options = {.policy = args->pull,
						.without_dependencies = args->no_deps,
						.quiet = args->quiet_pull};
	int status = 0, r = pulling_run(cli, project, words, 1, &options, &status, err);

	if (r == 0 && status != 0)
		return err_set(err, EIO, "an image could not be had");
	return r;
}

static int run(struct cli *cli, const struct run_args *args, char **words, size_t n,
	       struct err *err)
{
	CLEANUP(project_cleanup) struct project *project = NULL;
	CLEANUP(request_json_cleanup) json_t *request = NULL;
	char name[TEXT_NAME_MAX + 1];
	int r = cli_load(cli, &project, err);

	if (r == 0)
		r = pull_images(cli, project, args, words, err);
	if (r == 0)
		r = request_new_with_project("up", project, words, 1, &request, err);
	if (r == 0)
		r = build_before_up(cli, project, words, 1, args->no_deps, args->build, err);
	if (r != 0)
		return r;
	choose_name(args, words[0], name);
	r = add_service(request, args, words[0], name, words + 1, n - 1, err);
	if (r == 0)
		r = bring_up(cli, project->name, request, err);
	if (r < 0)
		return r;
	if (!args->detach)
		return run_attached(cli, project, args, name, err);
	printf("%s\n", name);
	return 0;
}

static int run_run(struct cli *cli, const void *values, char **words, size_t n, struct err *err)
{
	const struct run_args *args = values;
	int r;

	if (args->pull && !pulling_policy_is_known(args->pull))
		return cli_usage_error("run: --pull takes always, missing or never, not '%s'",
				       args->pull);
	if (args->detach && args->rm)
		return cli_usage_error(
			"run: -d and --rm exclude each other; `stack rm` removes it");
	r = run(cli, args, words, n, err);
	if (r >= 0)
		return r;
	cli_say("%s", err->msg);
	return JOIN_FAILED;
}

const struct command command_run = {
	.name = "run",
	.operands = "SERVICE [COMMAND [ARGUMENT…]]",
	.help = "Run one command in a container of its own",
	.options = run_options,
	.n_options = ARRAY_SIZE(run_options),
	.args_size = sizeof(struct run_args),
	.min_operands = 1,
	.max_operands = COMMAND_ANY,
	.first_operand_ends = true,
	.run = run_run,
};
