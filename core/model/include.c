// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/include.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/decode.h"
#include "core/model/kinds.h"
#include "core/model/node.h"
#include "core/model/pathname.h"
#include "core/model/report.h"
#include "core/model/sources.h"
#include "core/model/variables.h"

#include <errno.h>
#include <string.h>

#define DEPTH_MAX 32

/* Which files are being included, the innermost first. */
struct including {
	const struct including *up;
	const char *file; /* absolute */
	unsigned int depth;
};

/* An element of `include`. */
struct element {
	struct strings path, env_file;
	const char *project_directory;
	struct position pos;
};

static const struct attribute element_attributes[] = {
	{"path", &kind_strings, offsetof(struct element, path),
	 .doc = "the file, or several laid one over the other"},
	{"project_directory", &kind_string, offsetof(struct element, project_directory),
	 .doc = "where relative paths in them start"},
	{"env_file", &kind_strings, offsetof(struct element, env_file),
	 .doc = "files with variables, instead of .env in that directory"},
};

const struct schema schema_include = {element_attributes, ARRAY_SIZE(element_attributes),
				      .closed = true};

static int fail(struct sources *sources, struct position pos, const char *text)
{
	return report(sources->report, SEVERITY_ERROR, pos, "include: %s", text);
}

static int read_element(struct sources *sources, const struct node *node, struct element *ret)
{
	struct decoder decoder = {.arena = sources->texts, .report = sources->report};
	struct crumb crumb = {.key = "include"};
	size_t before = sources->report->diag->n_errors;

	*ret = (struct element){.pos = node->pos};
	decoder.at = &crumb;
	if (node->kind == NODE_SCALAR)
		ret->path = decode_strings(&decoder, node);
	else
		schema_decode(&decoder, &schema_include, node, ret);
	if (sources->report->diag->n_errors > before)
		return -EINVAL;
	if (ret->path.n == 0)
		return fail(sources, node->pos, "say which file with 'path:'");
	for (size_t i = 0; i < ret->path.n; i++)
		if (strstr(ret->path.items[i], "://") ||
		    strncmp(ret->path.items[i], "git@", 4) == 0)
			return fail(sources, node->pos,
				    "only files of this host are included; fetch it first");
	return 0;
}

/* The variables of the included files: those of the including one, and what .env adds. */
static int read_environment(struct sources *sources, const struct source_set *set,
			    const struct element *element, const char *directory,
			    struct variables *ret)
{
	CLEANUP(variables_release) struct variables own = {.arena = sources->scratch};
	struct err err = ERR_INIT;
	int r = 0;

	for (size_t i = 0; set->environment && i < set->environment->n; i++)
		variables_set(ret, set->environment->items[i].key,
			      set->environment->items[i].value);
	if (element->env_file.n == 0)
		r = sources_read_dotenv(sources,
					arena_printf(sources->scratch, "%s/.env", directory), false,
					ret, &own, &err);
	for (size_t i = 0; r == 0 && i < element->env_file.n; i++)
		r = sources_read_dotenv(
			sources, sources_path(sources, element->pos, element->env_file.items[i]),
			true, ret, &own, &err);
	if (r < 0 && *err.msg)
		return fail(sources, element->pos, err.msg);
	for (size_t i = 0; i < own.n; i++)
		if (!variables_get(ret, own.items[i].key))
			variables_set(ret, own.items[i].key, own.items[i].value);
	return r;
}

static void write_circle(struct strbuf *out, struct sources *sources, const struct including *at,
			 const struct including *end)
{
	if (at != end)
		write_circle(out, sources, at->up, end);
	strbuf_printf(out, "%s → ", sources_shown(sources, at->file));
}

/* FILE may not be one of those that are being included. */
static int check_circle(struct sources *sources, const char *file, struct position pos)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	for (const struct including *at = sources->including; at; at = at->up) {
		if (strcmp(at->file, file) != 0)
			continue;
		write_circle(&text, sources, sources->including, at);
		return report(sources->report, SEVERITY_ERROR, pos, "include: in a circle: %s%s",
			      text.text, sources_shown(sources, file));
	}
	return 0;
}

static struct strings shown_paths(struct sources *sources, const struct element *element)
{
	struct strings files = {.is_set = true};

	files.items = ARENA_ARRAY(sources->scratch, const char *, element->path.n + 1);
	for (size_t i = 0; i < element->path.n; i++)
		files.items[files.n++] = sources_shown(
			sources, sources_path(sources, element->pos, element->path.items[i]));
	return files;
}

static int load_element(struct sources *sources, const struct source_set *set,
			const struct element *element, struct node **ret_root)
{
	const char *first = sources_path(sources, element->pos, element->path.items[0]);
	struct variables *environment = sources_environment(sources);
	struct strings files = shown_paths(sources, element);
	struct source_set included = {.files = &files, .environment = environment};
	struct err err = ERR_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < element->path.n; i++)
		r = check_circle(sources,
				 sources_path(sources, element->pos, element->path.items[i]),
				 element->pos);
	if (r < 0)
		return r;
	included.directory = element->project_directory ? sources_path(sources, element->pos,
								       element->project_directory)
							: pathname_parent(sources->scratch, first);
	r = read_environment(sources, set, element, included.directory, environment);
	if (r < 0)
		return r;
	r = sources_load(sources, &included, ret_root, &err);
	if (r < 0 && *err.msg)
		return fail(sources, element->pos, err.msg);
	return r;
}

static int conflict(struct sources *sources, const char *section, const struct node_entry *here,
		    const struct node_entry *there)
{
	return report(sources->report, SEVERITY_ERROR, here->pos,
		      "include: %s.%s is in %s:%u:%u too, and says something else; rename one, or "
		      "change it in an override file",
		      section, here->key, there->pos.file, there->pos.line, there->pos.column);
}

/* What THERE has and HERE has not, added to HERE's entries, which have the room. */
static int import_names(struct sources *sources, const char *section, struct node *here,
			const struct node *there)
{
	CLEANUP(names_release) struct names index = NAMES_INIT;
	int r = 0;

	for (size_t i = 0; i < here->n; i++)
		names_add(&index, here->entries[i].key, &here->entries[i]);
	for (size_t i = 0; i < there->n; i++) {
		const struct node_entry *entry = &there->entries[i];
		const struct node_entry *own = names_get(&index, entry->key);

		if (!own)
			here->entries[here->n++] = *entry;
		else if (!node_is_equal(own->value, entry->value))
			r = conflict(sources, section, own, entry);
	}
	return r;
}

static struct node *roomy_mapping(struct arena *arena, const struct node *node, size_t more)
{
	struct node *copy = ARENA_NEW(arena, struct node);

	*copy = *node;
	copy->entries = ARENA_ARRAY(arena, struct node_entry, node->n + more);
	if (node->n)
		memcpy(copy->entries, node->entries, node->n * sizeof(*copy->entries));
	return copy;
}

static struct node_entry *entry_of(const struct node *root, const char *key)
{
	for (size_t i = 0; i < root->n; i++)
		if (strcmp(root->entries[i].key, key) == 0)
			return &root->entries[i];
	return NULL;
}

/* Each section of names: services, networks, … */
static int import_tree(struct sources *sources, struct node *root, const struct node *included)
{
	int r = 0;

	for (size_t i = 0; i < schema_project.n; i++) {
		const struct attribute *section = &schema_project.attributes[i];
		struct node_entry *there = entry_of(included, section->key), *here;

		if (section->merge != MERGE_NAMED || !there || there->value->kind != NODE_MAPPING)
			continue;
		here = entry_of(root, section->key);
		if (!here || node_is_null(here->value)) {
			if (!here)
				here = &root->entries[root->n++];
			*here = *there;
			continue;
		}
		if (here->value->kind != NODE_MAPPING)
			continue;
		here->value = roomy_mapping(sources->scratch, here->value, there->value->n);
		if (import_names(sources, section->key, here->value, there->value) < 0)
			r = -EINVAL;
	}
	return r;
}

int include_apply(struct sources *sources, const struct source_set *set, struct node **tree)
{
	const struct node *include = node_get(*tree, "include");
	const struct including *up = sources->including;
	struct including self = {.up = up, .depth = up ? up->depth + 1 : 1};
	struct node *root;
	int r = 0;

	if (!include || node_is_null(include))
		return 0;
	if (include->kind != NODE_SEQUENCE)
		return fail(sources, include->pos, "expected a list of files");
	if (self.depth > DEPTH_MAX)
		return fail(sources, include->pos, "too many files, each included by another");
	self.file = pathname_resolve(sources->scratch, sources->cwd, NULL, (*tree)->pos.file);
	sources->including = &self;
	root = roomy_mapping(sources->scratch, *tree, schema_project.n);
	for (size_t i = 0; i < include->n; i++) {
		struct element element;
		struct node *included;

		if (read_element(sources, include->items[i], &element) < 0 ||
		    load_element(sources, set, &element, &included) < 0 ||
		    import_tree(sources, root, included) < 0)
			r = -EINVAL;
	}
	sources->including = up;
	*tree = root;
	return r;
}
