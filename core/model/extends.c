// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/extends.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/base/text.h"
#include "core/model/decode.h"
#include "core/model/kinds.h"
#include "core/model/merge.h"
#include "core/model/node.h"
#include "core/model/report.h"
#include "core/model/sources.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX	64
#define SUGGESTIONS_MAX 200

/* A file in which bases are looked up. */
struct shelf {
	const char *file; /* absolute; NULL: the file that is loaded */
	const struct node *services, *earlier;
	struct names done; /* services with their bases put in */
	struct shelf *next;
};

struct extending {
	struct sources *sources;
	struct shelf *shelves;
	bool failed;
};

/* Who extends whom, up to the service in work. */
struct link {
	const struct link *up;
	const struct shelf *shelf;
	const char *service;
	unsigned int depth;
};

struct reference {
	const char *service, *file;
};

static const struct attribute reference_attributes[] = {
	{"service", &kind_string, offsetof(struct reference, service), .doc = "the service"},
	{"file", &kind_string, offsetof(struct reference, file),
	 .doc = "the file it is in; this one when not said"},
};

const struct schema schema_extends = {reference_attributes, ARRAY_SIZE(reference_attributes),
				      .closed = true};

static struct node *resolve(struct extending *x, struct shelf *shelf, const char *name,
			    const struct link *up);

static struct node *fail(struct extending *x, struct position pos, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

static struct node *fail(struct extending *x, struct position pos, const char *fmt, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	x->failed = true;
	report(x->sources->report, SEVERITY_ERROR, pos, "extends: %s", text ? text : fmt);
	return NULL;
}

static bool read_reference(struct extending *x, const struct node *node, struct reference *ret)
{
	struct decoder decoder = {.arena = x->sources->texts, .report = x->sources->report};
	struct crumb crumb = {.key = "extends"};
	size_t before = x->sources->report->diag->n_errors;

	*ret = (struct reference){.service = NULL};
	decoder.at = &crumb;
	if (node->kind == NODE_SCALAR)
		ret->service = decode_text(&decoder, node, "the name of a service");
	else
		schema_decode(&decoder, &schema_extends, node, ret);
	if (x->sources->report->diag->n_errors > before)
		x->failed = true;
	else if (!ret->service)
		fail(x, node->pos, "say which 'service:'");
	return ret->service != NULL;
}

static void write_circle(struct strbuf *out, const struct link *at, const struct link *end)
{
	if (at != end)
		write_circle(out, at->up, end);
	strbuf_printf(out, "%s → ", at->service);
}

/* NAME in SHELF again, somewhere above? */
static bool in_circle(struct extending *x, const struct shelf *shelf, const char *name,
		      const struct link *up, struct position pos)
{
	CLEANUP(strbuf_release) struct strbuf circle = STRBUF_INIT;

	for (const struct link *at = up; at; at = at->up) {
		if (at->shelf != shelf || strcmp(at->service, name) != 0)
			continue;
		write_circle(&circle, up, at);
		fail(x, pos, "in a circle: %s%s", circle.text, name);
		return true;
	}
	return false;
}

static void no_such_service(struct extending *x, const struct shelf *shelf, const char *name,
			    struct position pos)
{
	const char *names[SUGGESTIONS_MAX], *meant;
	const char *file = shelf->file ? sources_shown(x->sources, shelf->file) : "this file";
	size_t n = 0;

	for (; shelf->services && n < shelf->services->n && n < SUGGESTIONS_MAX; n++)
		names[n] = shelf->services->entries[n].key;
	meant = text_suggest(name, names, n);
	if (meant)
		fail(x, pos, "there is no service '%s' in %s; did you mean '%s'?", name, file,
		     meant);
	else
		fail(x, pos, "there is no service '%s' in %s", name, file);
}

static const struct node *services_of(const struct node *root)
{
	const struct node *services = node_get(root, "services");

	return services && services->kind == NODE_MAPPING ? services : NULL;
}

static struct shelf *add_shelf(struct extending *x, const char *file, const struct node *root)
{
	struct shelf *shelf = ARENA_NEW(x->sources->scratch, struct shelf);

	shelf->file = file;
	shelf->services = services_of(root);
	shelf->next = x->shelves;
	x->shelves = shelf;
	return shelf;
}

static struct shelf *open_shelf(struct extending *x, struct position pos, const char *file)
{
	struct sources *sources = x->sources;
	const char *path = sources_path(sources, pos, file);
	const struct origin *origin = origin_find(sources->origins, pos);
	struct err err = ERR_INIT;
	char *directory;
	struct node *root;
	int r;

	for (struct shelf *shelf = x->shelves; shelf; shelf = shelf->next)
		if (shelf->file && strcmp(shelf->file, path) == 0)
			return shelf;
	directory = arena_strdup(sources->scratch, path);
	directory[strrchr(directory, '/') - directory + (strrchr(directory, '/') == directory)] =
		'\0';
	r = sources_parse(sources, sources_shown(sources, path), directory, origin->environment,
			  &root, &err);
	if (r == -EINVAL && !*err.msg) {
		x->failed = true;
		return NULL;
	}
	if (r < 0) {
		fail(x, pos, "%s", err.msg);
		return NULL;
	}
	return add_shelf(x, path, root);
}

static struct node *base_of(struct extending *x, struct shelf *shelf, const struct node *node,
			    const struct link *link)
{
	struct reference reference;

	if (link->depth >= DEPTH_MAX)
		return fail(x, node->pos, "more than %d services, each the base of another",
			    DEPTH_MAX);
	if (!read_reference(x, node, &reference))
		return NULL;
	if (reference.file)
		shelf = open_shelf(x, node->pos, reference.file);
	if (!shelf || in_circle(x, shelf, reference.service, link, node->pos))
		return NULL;
	if (!node_get(shelf->services, reference.service) &&
	    !node_get(shelf->earlier, reference.service)) {
		no_such_service(x, shelf, reference.service, node->pos);
		return NULL;
	}
	return resolve(x, shelf, reference.service, link);
}

static struct node *without_extends(struct arena *arena, const struct node *service)
{
	struct node *copy = ARENA_NEW(arena, struct node);

	*copy = *service;
	copy->n = 0;
	copy->entries = ARENA_ARRAY(arena, struct node_entry, service->n);
	for (size_t i = 0; i < service->n; i++)
		if (strcmp(service->entries[i].key, "extends") != 0)
			copy->entries[copy->n++] = service->entries[i];
	return copy;
}

/* Two levels are what merging copies at least. */
static bool within_budget(struct extending *x, const struct node *base, struct position pos)
{
	size_t n = base->n;

	for (size_t i = 0; base->kind == NODE_MAPPING && i < base->n; i++)
		n += base->entries[i].value->n;
	x->sources->copied += n;
	if (x->sources->copied <= SOURCES_COPIED_MAX)
		return true;
	fail(x, pos, "the services become too large by what they extend");
	return false;
}

static struct node *resolve(struct extending *x, struct shelf *shelf, const char *name,
			    const struct link *up)
{
	const struct link link = {up, shelf, name, up ? up->depth + 1 : 0};
	struct sources *sources = x->sources;
	struct node *service = names_get(&shelf->done, name), *base;
	const struct node *reference;

	if (service)
		return service;
	service = node_get(shelf->services, name);
	if (!service)
		return node_get(shelf->earlier, name);
	reference = node_get(service, "extends");
	if (reference && !node_is_null(reference)) {
		base = base_of(x, shelf, reference, &link);
		service = without_extends(sources->scratch, service);
		if (base && within_budget(x, base, reference->pos))
			service = merge_trees(sources->scratch, sources->texts, &schema_service,
					      base, service);
	}
	names_add(&shelf->done, name, service);
	return service;
}

static bool has_extends(const struct node *services)
{
	for (size_t i = 0; services && i < services->n; i++)
		if (node_get(services->entries[i].value, "extends"))
			return true;
	return false;
}

static struct node *with_services(struct arena *arena, const struct node *tree,
				  struct node *services)
{
	struct node *copy = ARENA_NEW(arena, struct node);

	*copy = *tree;
	copy->entries = ARENA_ARRAY(arena, struct node_entry, tree->n);
	memcpy(copy->entries, tree->entries, tree->n * sizeof(*copy->entries));
	for (size_t i = 0; i < tree->n; i++)
		if (strcmp(tree->entries[i].key, "services") == 0)
			copy->entries[i].value = services;
	return copy;
}

int extends_apply(struct sources *sources, struct node **tree, const struct node *earlier)
{
	struct extending x = {.sources = sources};
	struct shelf *own = add_shelf(&x, NULL, *tree);
	struct node *services;

	if (!has_extends(own->services))
		return 0;
	own->earlier = services_of(earlier);
	services = ARENA_NEW(sources->scratch, struct node);
	*services = *own->services;
	services->entries = ARENA_ARRAY(sources->scratch, struct node_entry, own->services->n);
	for (size_t i = 0; i < services->n; i++) {
		services->entries[i] = own->services->entries[i];
		services->entries[i].value = resolve(&x, own, services->entries[i].key, NULL);
	}
	for (struct shelf *shelf = x.shelves; shelf; shelf = shelf->next)
		names_release(&shelf->done);
	*tree = with_services(sources->scratch, *tree, services);
	return x.failed ? -EINVAL : 0;
}
