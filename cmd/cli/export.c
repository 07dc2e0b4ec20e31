// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * export: the root file system of a container as a tar archive
 *
 * It is a copy of everything to an archive (copy.h).  One in a file gets its
 * name when all of it is there.
 */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/copy.h"
#include "cmd/cli/imageprogram.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct export_args {
	const char *output;
	int64_t index;
};

#define ARG(field) offsetof(struct export_args, field)

static const struct option_spec export_options[] = {
	{'o', "output", OPTION_STRING, ARG(output), "FILE", "instead of standard output"},
	{0, "index", OPTION_NUMBER, ARG(index), "N", "which container of the service"},
};

static int find(const struct cli *cli, const struct export_args *args, const char *service,
		char ret_directory[PATH_MAX], struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *list = NULL;
	char project[TEXT_NAME_MAX + 1];
	const json_t *container;
	int r = containers_find(cli, service, args->index, project, &list, &container, err);

	return r != 0 ? r
		      : container_directory(&cli->paths, project, container, ret_directory,
					    PATH_MAX, err);
}

/*
 * FILE becomes standard output.  Where it is a file, or nothing yet, TEMPORARY
 * does, beside it; else that is "".  Nobody else may read it, as a container's
 * files may hold what only its owner is to see.
 */
static int open_output(const char *file, char temporary[PATH_MAX], struct err *err)
{
	CLEANUP_FD int fd = -1;
	struct stat st;

	*temporary = '\0';
	if (!file)
		return isatty(STDOUT_FILENO)
			       ? err_set(err, EINVAL,
					 "an archive is nothing for a terminal; give a file with "
					 "-o, or redirect the output")
			       : 0;
	if (stat(file, &st) == 0 && !S_ISREG(st.st_mode)) {
		fd = open(file, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	} else {
		if (snprintf(temporary, PATH_MAX, "%s.XXXXXX", file) >= PATH_MAX)
			return err_set(err, ENAMETOOLONG, "'%.64s…' is too long a path", file);
		fd = mkostemp(temporary, O_CLOEXEC);
	}
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		return err_sys(err, errno, "write to '%s'", file);
	return 0;
}

static int close_output(const char *file, const char *temporary, bool complete, struct err *err)
{
	if (!*temporary)
		return 0;
	if (complete && rename(temporary, file) == 0)
		return 0;
	if (complete)
		err_sys(err, errno, "write to '%s'", file);
	unlink(temporary);
	return complete ? -err->code : 0;
}

static int export(const char *directory, const char *file, struct err *err)
{
	const struct copy_end from = {.kind = COPY_CONTAINER, .path = "/", .directory = directory},
			      to = {.kind = COPY_TAR};
	struct copy_options options = {.everything = true, .stop = copy_interruptible()};
	char temporary[PATH_MAX];
	int r = open_output(file, temporary, err), closed;

	if (r < 0)
		return r;
	r = copy(&from, &to, &options, err);
	if (*options.stop)
		r = 128 + *options.stop;
	closed = close_output(file, temporary, r == 0, err);
	return r != 0 ? r : closed;
}

static int export_run(struct cli *cli, const void *values, char **operands, size_t n,
		      struct err *err)
{
	const struct export_args *args = values;
	char directory[PATH_MAX];
	int r = cli_need_root(err);

	(void)n;
	if (r == 0)
		r = find(cli, args, operands[0], directory, err);
	if (r == 0)
		r = imageprogram_environment(cli, err);
	return r != 0 ? r : export(directory, args->output, err);
}

const struct command command_export = {
	.name = "export",
	.operands = "SERVICE",
	.help = "Write the root file system of a service's container as a tar archive",
	.options = export_options,
	.n_options = ARRAY_SIZE(export_options),
	.args_size = sizeof(struct export_args),
	.min_operands = 1,
	.max_operands = 1,
	.run = export_run,
};
