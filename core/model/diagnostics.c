// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/diagnostics.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/base/text.h"
#include "core/model/writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nobody reads more, and a hostile file must not fill the memory with complaints. */
#define ITEMS_MAX 1000

static const char *const severity_names[] = {
	[SEVERITY_NOTE] = "note",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_ERROR] = "error",
};

const char *position_text(struct position pos, char buf[POSITION_TEXT_MAX])
{
	snprintf(buf, POSITION_TEXT_MAX, "%.200s:%u:%u", pos.file ? pos.file : "?", pos.line,
		 pos.column);
	return buf;
}

static struct diagnostic *diagnostics_grow(struct diagnostics *diag)
{
	if (!diag->arena)
		diag->arena = arena_new();
	if (diag->n == diag->size) {
		size_t size = diag->size ? diag->size * 2 : 16;
		struct diagnostic *items = ARENA_ARRAY(diag->arena, struct diagnostic, size);

		if (diag->n)
			memcpy(items, diag->items, diag->n * sizeof(*items));
		diag->items = items;
		diag->size = size;
	}
	return &diag->items[diag->n++];
}

/* One copy of a file's name for all that is said about it. */
static const char *diagnostics_file(struct diagnostics *diag, const char *file)
{
	for (size_t i = diag->n; file && i-- > 0;)
		if (diag->items[i].pos.file && strcmp(diag->items[i].pos.file, file) == 0)
			return diag->items[i].pos.file;
	return arena_strdup(diag->arena, file);
}

void diagnostics_add(struct diagnostics *diag, enum severity severity, struct position pos,
		     const char *source, const char *fmt, ...)
{
	CLEANUP_FREE char *text = NULL;
	struct diagnostic *item;
	va_list args;

	if (severity == SEVERITY_ERROR)
		diag->n_errors++;
	if (diag->n >= ITEMS_MAX)
		return;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	if (!diag->arena)
		diag->arena = arena_new();
	pos.file = diagnostics_file(diag, pos.file);
	item = diagnostics_grow(diag);
	item->severity = severity;
	item->pos = pos;
	item->text = arena_strdup(diag->arena, text ? text : fmt);
	item->source = arena_strdup(diag->arena, source);
}

bool diagnostics_is_full(const struct diagnostics *diag)
{
	return diag->n >= ITEMS_MAX;
}

struct ranked {
	struct diagnostic item;
	size_t file, nth; /* when the file was mentioned first; when this was said */
};

static int ranked_compare(const void *pa, const void *pb)
{
	const struct ranked *a = pa, *b = pb;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->item.pos.line != b->item.pos.line)
		return a->item.pos.line < b->item.pos.line ? -1 : 1;
	if (a->item.pos.column != b->item.pos.column)
		return a->item.pos.column < b->item.pos.column ? -1 : 1;
	return a->nth < b->nth ? -1 : a->nth > b->nth;
}

/* diagnostics_add() keeps one copy of each name, so the pointers tell files apart. */
static size_t first_mention(const struct diagnostics *diag, const char *file)
{
	for (size_t i = 0; i < diag->n; i++)
		if (diag->items[i].pos.file == file)
			return i;
	return diag->n;
}

static bool is_repeated(const struct diagnostic *a, const struct diagnostic *b)
{
	return a->severity == b->severity && a->pos.file == b->pos.file &&
	       a->pos.line == b->pos.line && a->pos.column == b->pos.column &&
	       strcmp(a->text, b->text) == 0;
}

void diagnostics_sort(struct diagnostics *diag)
{
	CLEANUP_FREE struct ranked *ranked = NULL;
	size_t kept = 0;

	if (diag->n < 2)
		return;
	ranked = calloc(diag->n, sizeof(*ranked));
	if (!ranked)
		return;
	for (size_t i = 0; i < diag->n; i++)
		ranked[i] = (struct ranked){diag->items[i],
					    first_mention(diag, diag->items[i].pos.file), i};
	qsort(ranked, diag->n, sizeof(*ranked), ranked_compare);
	for (size_t i = 0; i < diag->n; i++) {
		const struct diagnostic *item = &ranked[i].item;

		if (kept > 0 && is_repeated(item, &diag->items[kept - 1])) {
			diag->n_errors -= item->severity == SEVERITY_ERROR;
			continue;
		}
		diag->items[kept++] = *item;
	}
	diag->n = kept;
}

size_t diagnostics_promote(struct diagnostics *diag)
{
	size_t n = 0;

	for (size_t i = 0; i < diag->n; i++) {
		if (diag->items[i].severity != SEVERITY_WARNING)
			continue;
		diag->items[i].severity = SEVERITY_ERROR;
		n++;
	}
	diag->n_errors += n;
	return n;
}

/* Bytes of the first COLUMNS characters of UTF-8 TEXT. */
static size_t prefix_bytes(const char *text, unsigned int columns)
{
	size_t i = 0;

	while (text[i] && columns > 0) {
		i++;
		while (((unsigned char)text[i] & 0xc0) == 0x80)
			i++;
		columns--;
	}
	return i;
}

static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* Escaped like the rest; the caret stands under what the part before it became. */
static void render_source(const struct diagnostic *item, struct strbuf *out)
{
	CLEANUP(strbuf_release) struct strbuf before = STRBUF_INIT;
	size_t prefix;

	if (!item->source || item->pos.column == 0)
		return;
	prefix = prefix_bytes(item->source, item->pos.column - 1);
	text_escape(&before, item->source, prefix);
	strbuf_printf(out, "%5u | %s", item->pos.line, before.text);
	text_escape(out, item->source + prefix, strlen(item->source + prefix));
	strbuf_printf(out, "\n      | %*s^\n", (int)characters(before.text), "");
}

void diagnostics_render(const struct diagnostics *diag, struct strbuf *out)
{
	for (size_t i = 0; i < diag->n; i++) {
		const struct diagnostic *item = &diag->items[i];

		if (item->pos.file)
			text_escape(out, item->pos.file, strlen(item->pos.file));
		if (item->pos.file && item->pos.line)
			strbuf_printf(out, ":%u:%u", item->pos.line, item->pos.column);
		if (item->pos.file)
			strbuf_puts(out, ": ");
		if (item->severity != SEVERITY_ERROR)
			strbuf_printf(out, "%s: ", severity_names[item->severity]);
		text_escape(out, item->text, strlen(item->text));
		strbuf_putc(out, '\n');
		render_source(item, out);
	}
	if (diag->n >= ITEMS_MAX)
		strbuf_puts(out, "and so on: only the first 1000 are shown\n");
}

void diagnostics_render_json(const struct diagnostics *diag, struct strbuf *out)
{
	struct writer writer = WRITER_INIT(out, WRITER_JSON);

	writer_open_list(&writer);
	for (size_t i = 0; i < diag->n; i++) {
		const struct diagnostic *item = &diag->items[i];

		writer_open_map(&writer);
		writer_key(&writer, "severity");
		writer_string(&writer, severity_names[item->severity]);
		writer_key(&writer, "file");
		writer_string(&writer, item->pos.file);
		writer_key(&writer, "line");
		writer_integer(&writer, item->pos.line);
		writer_key(&writer, "column");
		writer_integer(&writer, item->pos.column);
		writer_key(&writer, "message");
		writer_string(&writer, item->text);
		writer_close(&writer);
	}
	writer_close(&writer);
	strbuf_putc(out, '\n');
}

void diagnostics_release(struct diagnostics *diag)
{
	arena_free(diag->arena);
	*diag = (struct diagnostics)DIAGNOSTICS_INIT;
}
