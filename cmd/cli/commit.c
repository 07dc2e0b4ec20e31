// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * commit: what a container has changed becomes a layer of a new image
 *
 * Which directory that is, and whose its files are, stands in the container's spec;
 * stack-image reads the files, because a container has written them.  So that they
 * belong together the container stands still meanwhile.
 */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/program.h"
#include "core/container/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

struct commit_args {
	int64_t index;
	const char *message;
	struct string_list changes;
	bool pause;
};

#define ARG(field) offsetof(struct commit_args, field)

static const struct option_spec commit_options[] = {
	{'c', "change", OPTION_LIST, ARG(changes), "INSTRUCTION",
	 "configure the image with a line of a Dockerfile, such as 'CMD [\"sh\"]'; repeat"},
	{'m', "message", OPTION_STRING, ARG(message), "TEXT", "for the image's history"},
	{'p', "pause", OPTION_ON, ARG(pause), NULL,
	 "have the container stand still meanwhile; so it is, unless --pause=false"},
	{0, "index", OPTION_NUMBER, ARG(index), "NUMBER", "which of the service's containers"},
};

/* Become stack-image for the container of SPEC, which was made from IMAGE. */
static int become(const struct cli *cli, const struct commit_args *args,
		  const struct container_spec *spec, const char *image, const char *name,
		  struct err *err)
{
	CLEANUP(string_list_release) struct string_list argv = {.items = NULL};
	char program[PATH_MAX], first[16];
	int r = program_find("stack-image", program, sizeof(program), err);

	if (r < 0)
		return r;
	snprintf(first, sizeof(first), "%u", spec->id_count ? spec->id_host : 0);
	string_list_add(&argv, program);
	string_list_add(&argv, "--root");
	string_list_add(&argv, cli->paths.root);
	string_list_add(&argv, "--run");
	string_list_add(&argv, cli->paths.run);
	string_list_add(&argv, "commit");
	string_list_add(&argv, "--first-id");
	string_list_add(&argv, first);
	for (size_t i = 0; i < args->changes.n; i++) {
		string_list_add(&argv, "--change");
		string_list_add(&argv, args->changes.items[i]);
	}
	if (args->message) {
		string_list_add(&argv, "--message");
		string_list_add(&argv, args->message);
	}
	string_list_add(&argv, "--");
	string_list_add(&argv, spec->upper);
	string_list_add(&argv, image);
	string_list_add(&argv, name);
	string_list_add(&argv, NULL);
	execv(program, (char *const *)argv.items);
	return err_sys(err, errno, "run '%s'", program);
}

/*
 * The container NAME stands still as long as a connection to its supervisor is open: stack-image
 * is given that, and so it goes on when stack-image has ended, however that ends.
 */
static int pause_container(const struct cli *cli, const char *project, const char *name,
			   struct err *err)
{
	const struct request_peer peer = {.paths = &cli->paths, .project = project};
	CLEANUP(request_json_cleanup)
	json_t *request = json_pack("{s:s, s:s}", "op", "pause", "container", name);
	int fd = -1, r = request ? request_keep(&peer, request, NULL, &fd, err) : err_nomem(err);

	if (r == 0 && fcntl(fd, F_SETFD, 0) < 0)
		r = err_sys(err, errno, "keep a connection");
	return r;
}

static int commit(const struct cli *cli, const struct commit_args *args, const char *service,
		  const char *name, struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *list = NULL;
	CLEANUP(container_spec_release) struct container_spec spec = {.name = NULL};
	CLEANUP_FREE char *data = NULL;
	char project[TEXT_NAME_MAX + 1], path[PATH_MAX];
	const json_t *container;
	size_t len = 0;
	int r = cli_project_name(cli, project, err);

	if (r == 0)
		r = containers_list(&cli->paths, project, &list, err);
	if (r == 0)
		r = containers_pick(list, service, args->index, &container, err);
	if (r == 0)
		r = paths_join(path, sizeof(path), err, "%s/%s/containers/%s/spec", cli->paths.run,
			       project, output_string(container, "name"));
	if (r != 0)
		return r;
	r = fd_read_file(AT_FDCWD, path, SPEC_MAX, &data, &len, err);
	if (r == -ENOENT)
		return err_set(err, ENOENT, "the container '%s' was never started",
			       output_string(container, "name"));
	if (r == 0)
		r = container_spec_decode(data, len, &spec, err);
	if (r == 0 && args->pause)
		r = pause_container(cli, project, output_string(container, "name"), err);
	return r < 0 ? r
		     : become(cli, args, &spec, output_string(container, "image_id"), name, err);
}

static int commit_run(struct cli *cli, const void *values, char **operands, size_t n,
		      struct err *err)
{
	(void)n;
	return commit(cli, values, operands[0], operands[1], err);
}

const struct command command_commit = {
	.name = "commit",
	.operands = "SERVICE NAME",
	.help = "Make an image of a service's container, with what it has changed",
	.options = commit_options,
	.n_options = ARRAY_SIZE(commit_options),
	.args_size = sizeof(struct commit_args),
	.min_operands = 2,
	.max_operands = 2,
	.run = commit_run,
};
