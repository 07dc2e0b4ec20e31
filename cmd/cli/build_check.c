// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/build_check.h"

#include "cmd/cli/build_argv.h"
#include "core/model/build.h"
#include "core/model/project.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_directory(const char *path, const char *what, struct err *err)
{
	struct stat st;

	/* A URL, or another image. */
	if (*path != '/')
		return 0;
	if (stat(path, &st) < 0)
		return err_sys(err, errno, "%s '%s'", what, path);
	return S_ISDIR(st.st_mode) ? 0
				   : err_set(err, ENOTDIR, "%s '%s' is no directory", what, path);
}

static int check_secrets(const struct build_request *request, struct err *err)
{
	const struct file_references *secrets = &request->service->build->secrets;

	for (size_t i = 0; i < secrets->n; i++) {
		const struct file_object *object =
			project_secret(request->project, secrets->items[i].source);

		if (object->path && access(object->path, R_OK) < 0)
			return err_sys(err, errno, "secret '%s': '%s'", secrets->items[i].source,
				       object->path);
	}
	return 0;
}

static int check_ssh(const struct map *ssh, struct err *err)
{
	for (size_t i = 0; i < ssh->n; i++) {
		const char *path = ssh->items[i].value;

		if (*path && access(path, R_OK) < 0)
			return err_sys(err, errno, "ssh '%s': '%s'", ssh->items[i].key, path);
		if (!*path && !getenv("SSH_AUTH_SOCK"))
			return err_set(err, ENOENT,
				       "ssh '%s' is your agent, and SSH_AUTH_SOCK does not say "
				       "where that is: keep it with 'sudo "
				       "--preserve-env=SSH_AUTH_SOCK', or name a key",
				       ssh->items[i].key);
	}
	return 0;
}

int build_check(const struct build_request *request, struct err *err)
{
	const struct build *build = request->service->build;
	const struct map *contexts = &build->additional_contexts;
	int r = check_directory(build->context, "context", err);

	for (size_t i = 0; r == 0 && i < contexts->n; i++)
		r = check_directory(contexts->items[i].value, "additional context", err);
	if (r == 0)
		r = check_secrets(request, err);
	return r < 0 ? r : check_ssh(&build->ssh, err);
}
