// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/stackfile.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/load.h"
#include "core/model/pathname.h"
#include "core/model/variables.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const default_names[] = {"stack.yml",	   "stack.yaml",
					    "compose.yaml",	   "compose.yml",
					    "docker-compose.yaml", "docker-compose.yml"};

const char *stackfile_setting(const struct variables *environment, const char *name)
{
	static const char *const prefixes[] = {"STACK_", "COMPOSE_"};
	char full[64];

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		const char *value;

		snprintf(full, sizeof(full), "%s%s", prefixes[i], name);
		value = variables_get(environment, full);
		if (value && *value)
			return value;
	}
	return NULL;
}

struct strings stackfile_split(struct arena *arena, const char *text, char separator)
{
	struct strings parts = {.items = ARENA_ARRAY(arena, const char *, strlen(text) / 2 + 2),
				.is_set = true};
	const char separators[] = {separator, '\0'};

	while (*text) {
		size_t len = strcspn(text, separators);

		if (len > 0)
			parts.items[parts.n++] = arena_strndup(arena, text, len);
		text += len + (text[len] != '\0');
	}
	return parts;
}

static int working_directory(struct arena *arena, const char **ret_directory, struct err *err)
{
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);

	if (!cwd)
		return err_sys(err, errno, "the working directory");
	*ret_directory = arena_strdup(arena, cwd);
	return 0;
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* PREFIX is "", or a directory with a slash behind it. */
static const char *find_in(struct arena *arena, const char *prefix)
{
	for (size_t i = 0; i < ARRAY_SIZE(default_names); i++) {
		const char *path = arena_printf(arena, "%s%s", prefix, default_names[i]);

		if (exists(path))
			return path;
	}
	return NULL;
}

/* stack.yml → stack.override.yml, else stack.override.yaml; NULL when there is none */
static const char *find_override(struct arena *arena, const char *path)
{
	static const char *const endings[] = {"yml", "yaml"};
	int stem = (int)(strrchr(path, '.') - path);

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		const char *override =
			arena_printf(arena, "%.*s.override.%s", stem, path, endings[i]);

		if (exists(override))
			return override;
	}
	return NULL;
}

static int search(const struct load_options *options, struct arena *arena,
		  struct strings *ret_files, struct err *err)
{
	struct strings files = {.items = ARENA_ARRAY(arena, const char *, 3), .is_set = true};
	const char *directory = NULL, *found, *override;
	int r;

	r = working_directory(arena, &directory, err);
	if (r < 0)
		return r;
	if (options->project_directory)
		directory = pathname_resolve(arena, directory, NULL, options->project_directory);
	found = options->project_directory ? NULL : find_in(arena, "");
	for (const char *at = directory; !found; at = pathname_parent(arena, at)) {
		found = find_in(arena, arena_printf(arena, "%s/", at[1] ? at : ""));
		if (strcmp(at, "/") == 0)
			break;
	}
	if (!found)
		return err_set(err, ENOENT,
			       "no stack.yml, compose.yaml or docker-compose.yml in '%s' or above; "
			       "name one with -f",
			       directory);
	files.items[files.n++] = found;
	override = find_override(arena, found);
	if (override)
		files.items[files.n++] = override;
	*ret_files = files;
	return 0;
}

int stackfile_find(const struct load_options *options, const struct variables *environment,
		   struct arena *arena, struct strings *ret_files, struct err *err)
{
	const char *list = stackfile_setting(environment, "FILE");
	const char *separator = stackfile_setting(environment, "PATH_SEPARATOR");
	struct strings files = {.is_set = true};

	if (options->n_files == 0 && !list)
		return search(options, arena, ret_files, err);
	if (options->n_files == 0) {
		*ret_files = stackfile_split(arena, list, separator ? *separator : ':');
		if (ret_files->n == 0)
			return err_set(err, ENOENT, "STACK_FILE or COMPOSE_FILE names no file");
		return 0;
	}
	files.items = ARENA_ARRAY(arena, const char *, options->n_files + 1);
	for (size_t i = 0; i < options->n_files; i++)
		files.items[files.n++] = arena_strdup(arena, options->files[i]);
	*ret_files = files;
	return 0;
}

int stackfile_directory(const struct load_options *options, const char *first, struct arena *arena,
			const char **ret_cwd, const char **ret_directory, struct err *err)
{
	const char *cwd = NULL;
	int r;

	r = working_directory(arena, &cwd, err);
	if (r < 0)
		return r;
	*ret_cwd = cwd;
	if (options->project_directory)
		*ret_directory = pathname_resolve(arena, cwd, NULL, options->project_directory);
	else
		*ret_directory = pathname_resolve(arena, cwd, NULL, pathname_parent(arena, first));
	return 0;
}
