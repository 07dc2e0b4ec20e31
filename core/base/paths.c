// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/paths.h"

#include "core/base/hash.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_ROOT "/var/lib/stack"
#define DEFAULT_RUN  "/run/stack"
/* sun_path has 108 bytes; "/<project of 63>/control.sock" follows <run>. */
#define TREE_MAX 200

/* VALUE made absolute into RET_PATH, without a slash at its end. */
static int set_tree(char *ret_path, size_t size, const char *value, struct err *err)
{
	char cwd[TREE_MAX + 1] = "";
	size_t len;
	int n;

	if (value[0] != '/' && !getcwd(cwd, sizeof(cwd)))
		return err_sys(err, errno, "find the working directory for '%s'", value);
	n = snprintf(ret_path, size, "%s%s%s", cwd, cwd[0] ? "/" : "", value);
	if (n < 0 || n > TREE_MAX)
		return err_set(err, ENAMETOOLONG, "'%s' is too long: at most %d bytes", value,
			       TREE_MAX);
	len = (size_t)n;
	while (len > 1 && ret_path[len - 1] == '/')
		ret_path[--len] = '\0';
	return 0;
}

static const char *choose(const char *given, const char *variable, const char *fallback)
{
	const char *value = given ? given : getenv(variable);

	return value && value[0] ? value : fallback;
}

int paths_init(struct paths *ret_paths, const char *root, const char *run, struct err *err)
{
	struct paths paths;
	int r;

	r = set_tree(paths.root, sizeof(paths.root), choose(root, "STACK_ROOT", DEFAULT_ROOT), err);
	if (r == 0)
		r = set_tree(paths.run, sizeof(paths.run), choose(run, "STACK_RUN", DEFAULT_RUN),
			     err);
	if (r < 0)
		return r;
	*ret_paths = paths;
	return 0;
}

void paths_project_id(const struct paths *paths, const char *project, char ret_id[PATHS_ID_LEN + 1])
{
	hash_name(ret_id, PATHS_ID_LEN, paths->run, project, NULL);
}

void paths_cgroup_root(const struct paths *paths, char *ret_name, size_t size)
{
	char id[PATHS_ID_LEN + 1];

	if (strcmp(paths->run, DEFAULT_RUN) == 0) {
		snprintf(ret_name, size, "stack");
		return;
	}
	hash_name(id, PATHS_ID_LEN, paths->run, NULL);
	snprintf(ret_name, size, "stack-%s", id);
}

int paths_join(char *ret_path, size_t size, struct err *err, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(ret_path, size, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= size)
		return err_set(err, ENAMETOOLONG, "the path '%s…' is too long", ret_path);
	return 0;
}
