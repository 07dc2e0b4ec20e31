// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/graph.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/names.h"
#include "core/model/project.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * A walk in depth, with a stack of its own: a file may have more services in a
 * row than the thread's stack has room for.
 */
enum mark { UNSEEN, OPEN, DONE };

struct frame {
	size_t service, next; /* which of its dependencies comes next */
};

struct walk {
	const struct project *project;
	struct names index; /* of services, from 1 */
	unsigned char *marks;
	struct frame *stack;
	size_t depth;
	size_t *order; /* may be NULL */
	size_t n;
};

static void walk_release(struct walk *walk)
{
	names_release(&walk->index);
	free(walk->marks);
	free(walk->stack);
}

static int walk_init(struct walk *walk, const struct project *project)
{
	size_t n = project->n_services;

	*walk = (struct walk){.project = project, .index = NAMES_INIT};
	walk->marks = calloc(n + 1, sizeof(*walk->marks));
	walk->stack = calloc(n + 1, sizeof(*walk->stack));
	if (!walk->marks || !walk->stack)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		names_add(&walk->index, project->services[i].name, (void *)(uintptr_t)(i + 1));
	return 0;
}

static void walk_push(struct walk *walk, size_t service)
{
	walk->marks[service] = OPEN;
	walk->stack[walk->depth++] = (struct frame){.service = service};
}

/* The next dependency of the service on top that has to be looked at; 0: none, else from 1. */
static size_t walk_next(struct walk *walk)
{
	struct frame *top = &walk->stack[walk->depth - 1];
	const struct service *service = &walk->project->services[top->service];
	size_t found = 0;

	while (found == 0 && top->next < service->n_depends_on) {
		found = (size_t)(uintptr_t)names_get(&walk->index,
						     service->depends_on[top->next++].service);
		if (found > 0 && walk->marks[found - 1] == DONE)
			found = 0;
	}
	return found;
}

/* Everything below START, then START.  -ELOOP: the service that closes a cycle in RET_AGAIN. */
static int walk_from(struct walk *walk, size_t start, size_t *ret_again)
{
	if (walk->marks[start] != UNSEEN)
		return 0;
	walk_push(walk, start);
	while (walk->depth > 0) {
		size_t next = walk_next(walk);

		if (next > 0 && walk->marks[next - 1] == OPEN) {
			*ret_again = next - 1;
			return -ELOOP;
		}
		if (next > 0) {
			walk_push(walk, next - 1);
			continue;
		}
		next = walk->stack[--walk->depth].service;
		walk->marks[next] = DONE;
		if (walk->order)
			walk->order[walk->n++] = next;
	}
	return 0;
}

static const char *describe_cycle(const struct walk *walk, size_t again, struct arena *arena)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	size_t i = 0;

	while (walk->stack[i].service != again)
		i++;
	for (; i < walk->depth; i++)
		strbuf_printf(&text, "%s → ", walk->project->services[walk->stack[i].service].name);
	strbuf_puts(&text, walk->project->services[again].name);
	return arena_strdup(arena, text.text);
}

int graph_order(const struct project *project, size_t *ret_order, struct arena *arena,
		const char **ret_cycle)
{
	CLEANUP(walk_release) struct walk walk;
	size_t again = 0;
	int r;

	r = walk_init(&walk, project);
	walk.order = ret_order;
	for (size_t i = 0; r == 0 && i < project->n_services; i++)
		r = walk_from(&walk, i, &again);
	if (r == -ELOOP && ret_cycle)
		*ret_cycle = describe_cycle(&walk, again, arena);
	return r;
}

int graph_closure(const struct project *project, const char *const *names, size_t n_names,
		  _Bool *ret_wanted, size_t *ret_unknown)
{
	CLEANUP(walk_release) struct walk walk;
	size_t service;
	int r;

	for (size_t i = 0; i < project->n_services; i++)
		ret_wanted[i] = n_names == 0;
	r = walk_init(&walk, project);
	for (size_t i = 0; r == 0 && i < n_names; i++) {
		service = (size_t)(uintptr_t)names_get(&walk.index, names[i]);
		if (service == 0) {
			*ret_unknown = i;
			return -ENOENT;
		}
		/* A cycle is no matter here: all of it is wanted. */
		if (!ret_wanted[service - 1]) {
			ret_wanted[service - 1] = true;
			walk_push(&walk, service - 1);
		}
		while (walk.depth > 0) {
			service = walk_next(&walk);
			if (service == 0) {
				walk.marks[walk.stack[--walk.depth].service] = DONE;
			} else if (walk.marks[service - 1] == UNSEEN) {
				ret_wanted[service - 1] = true;
				walk_push(&walk, service - 1);
			}
		}
	}
	return r;
}
