// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/report.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A longer line helps nobody, and it would be copied for each thing wrong in it. */
#define LINE_MAX_SHOWN 400

struct source {
	struct source *next;
	const char *file, *text;
	size_t len;
	size_t *lines; /* where each begins; NULL until something is wrong in this file */
	size_t n_lines;
};

void reporter_add_source(struct reporter *reporter, const char *file, const char *text, size_t len)
{
	struct source *source = ARENA_NEW(reporter->arena, struct source);

	source->file = file;
	source->text = text;
	source->len = len;
	source->next = reporter->sources;
	reporter->sources = source;
}

static void index_lines(struct source *source, struct arena *arena)
{
	size_t n = 1;

	for (size_t i = 0; i < source->len; i++)
		n += source->text[i] == '\n';
	source->lines = ARENA_ARRAY(arena, size_t, n);
	source->n_lines = 1;
	for (size_t i = 0; i < source->len; i++)
		if (source->text[i] == '\n')
			source->lines[source->n_lines++] = i + 1;
}

static char *source_line(struct reporter *reporter, struct position pos)
{
	struct source *source = reporter->sources;
	const char *start, *end;
	size_t left;

	while (source && source->file != pos.file)
		source = source->next;
	if (!source || !pos.file || pos.line == 0)
		return NULL;
	if (!source->lines)
		index_lines(source, reporter->arena);
	if (pos.line > source->n_lines)
		return NULL;
	start = source->text + source->lines[pos.line - 1];
	left = source->len - source->lines[pos.line - 1];
	/* Not a step further than needed: a file may be one line, with an error at each word. */
	end = memchr(start, '\n', left > LINE_MAX_SHOWN ? LINE_MAX_SHOWN + 1 : left);
	if (end)
		left = (size_t)(end - start);
	if (left > 0 && start[left - 1] == '\r')
		left--;
	return left > LINE_MAX_SHOWN ? NULL : strndup(start, left);
}

int report(struct reporter *reporter, enum severity severity, struct position pos, const char *fmt,
	   ...)
{
	bool full = diagnostics_is_full(reporter->diag);
	CLEANUP_FREE char *text = NULL, *line = full ? NULL : source_line(reporter, pos);
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	diagnostics_add(reporter->diag, severity, pos, line, "%s", text ? text : fmt);
	return -EINVAL;
}
