// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/sources.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/model/dotenv.h"
#include "core/model/extends.h"
#include "core/model/include.h"
#include "core/model/interpolate.h"
#include "core/model/merge.h"
#include "core/model/node.h"
#include "core/model/pathname.h"
#include "core/model/report.h"
#include "core/model/schema.h"
#include "core/model/uses.h"
#include "core/model/variables.h"
#include "core/model/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* PATH "-" is standard input.  The text is in the scratch arena. */
static int read_text(struct sources *sources, const char *path, size_t max, const char **ret_text,
		     size_t *ret_len, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t len = 0;
	ssize_t n;
	int r;

	if (strcmp(path, "-") == 0) {
		text = malloc(max + 1);
		if (!text)
			return err_nomem(err);
		n = fd_read_full(STDIN_FILENO, text, max + 1);
		if (n < 0)
			return err_sys(err, (int)-n, "read standard input");
		if ((size_t)n > max)
			return err_set(err, EFBIG, "standard input has more than %zu MiB",
				       max >> 20);
		len = (size_t)n;
	} else {
		if (sources->uses)
			uses_add_file(sources->uses, sources->cwd, path);
		r = fd_read_file(AT_FDCWD, path, max, &text, &len, err);
		if (r < 0)
			return r;
	}
	*ret_text = arena_strndup(sources->scratch, text, len);
	*ret_len = len;
	return 0;
}

int sources_read_dotenv(struct sources *sources, const char *path, bool required,
			const struct variables *environment, struct variables *ret, struct err *err)
{
	const struct dotenv dotenv = {.file = arena_strdup(sources->texts, path),
				      .environment = environment};
	struct err missing = ERR_INIT;
	const char *text = NULL;
	size_t len = 0;
	int r;

	r = read_text(sources, path, DOTENV_SIZE_MAX, &text, &len, required ? err : &missing);
	if (r == -ENOENT && !required)
		return 0;
	if (r < 0)
		return required ? r : err_set(err, -r, "%s", missing.msg);
	return dotenv_parse(&dotenv, text, len, ret, sources->report);
}

static void add_origin(struct sources *sources, const char *file, const char *directory,
		       const struct variables *environment)
{
	struct origin *origin = ARENA_NEW(sources->scratch, struct origin);

	origin->file = file;
	origin->directory = directory;
	origin->environment = environment;
	origin->next = sources->origins;
	sources->origins = origin;
}

int sources_parse(struct sources *sources, const char *file, const char *directory,
		  const struct variables *environment, struct node **ret_root, struct err *err)
{
	const char *text = NULL;
	struct node *root;
	size_t len = 0;
	int r;

	if (++sources->n_files > SOURCES_FILES_MAX)
		return err_set(err, E2BIG, "a project is made of at most %d files",
			       SOURCES_FILES_MAX);
	r = read_text(sources, file, yaml_limits_file.size, &text, &len, err);
	if (r < 0)
		return r;
	sources->size += len;
	if (sources->size > SOURCES_SIZE_MAX)
		return err_set(err, E2BIG, "the files of a project have at most %zu MiB together",
			       SOURCES_SIZE_MAX >> 20);
	file = strcmp(file, "-") == 0 ? "<stdin>" : file;
	file = arena_strdup(sources->texts, file);
	add_origin(sources, file, directory, environment);
	r = yaml_parse(&yaml_limits_file, sources->scratch, sources->texts, sources->report, file,
		       text, len, &root);
	if (r < 0)
		return r;
	if (root->kind != NODE_MAPPING)
		return report(sources->report, SEVERITY_ERROR, root->pos,
			      node_is_null(root) ? "the file is empty; it needs 'services:'"
						 : "a stack file is a mapping with 'services:'");
	*ret_root = root;
	if (sources->parsed)
		sources->parsed(sources->data, root);
	/* Errors in values are no reason not to look at the rest. */
	if (!sources->no_interpolate)
		interpolate_tree(root, environment, sources->uses, &sources->warned, sources->texts,
				 sources->report);
	return 0;
}

int sources_load(struct sources *sources, const struct source_set *set, struct node **ret_root,
		 struct err *err)
{
	struct node *root = NULL;
	bool broken = false;

	for (size_t i = 0; i < set->files->n; i++) {
		struct node *tree;
		int r = sources_parse(sources, set->files->items[i], set->directory,
				      set->environment, &tree, err);

		if (r == 0)
			r = extends_apply(sources, &tree, root);
		if (r == 0)
			r = include_apply(sources, set, &tree);
		if (r < 0 && r != -EINVAL)
			return r;
		if (r < 0)
			broken = true;
		else if (!root)
			root = tree;
		else
			root = merge_trees(sources->scratch, sources->texts, &schema_project, root,
					   tree);
	}
	if (broken)
		return -EINVAL;
	*ret_root = root;
	return 0;
}

const char *sources_path(struct sources *sources, struct position pos, const char *path)
{
	const struct origin *origin = origin_find(sources->origins, pos);

	return pathname_resolve(sources->scratch, origin->directory,
				variables_get(origin->environment, "HOME"), path);
}

const char *sources_shown(struct sources *sources, const char *absolute)
{
	size_t len = strlen(sources->cwd);

	if (strncmp(absolute, sources->cwd, len) == 0 && absolute[len] == '/' && len > 1)
		return absolute + len + 1;
	return absolute;
}

struct included_environment {
	struct variables variables;
	struct included_environment *next;
};

struct variables *sources_environment(struct sources *sources)
{
	struct included_environment *environment =
		ARENA_NEW(sources->scratch, struct included_environment);

	environment->variables.arena = sources->scratch;
	environment->next = sources->environments;
	sources->environments = environment;
	return &environment->variables;
}

void sources_release(struct sources *sources)
{
	for (struct included_environment *at = sources->environments; at; at = at->next)
		variables_release(&at->variables);
	names_release(&sources->warned);
}
