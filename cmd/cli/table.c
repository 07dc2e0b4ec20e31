// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/table.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define GAP "   "

struct range {
	uint32_t first, last;
};

/* wcwidth() would need a locale, which costs more at the start than everything else here. */
static const struct range zero_width[] = {
	{0x0300, 0x036f}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}};
static const struct range double_width[] = {
	{0x1100, 0x115f},   {0x2e80, 0xa4cf},  {0xac00, 0xd7a3}, {0xf900, 0xfaff},
	{0xfe30, 0xfe6f},   {0xff00, 0xff60},  {0xffe0, 0xffe6}, {0x1f300, 0x1f64f},
	{0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

static int in_ranges(uint32_t c, const struct range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return 1;
	return 0;
}

/* The character at *TEXT, which is moved behind it.  TEXT is valid UTF-8. */
static uint32_t next_character(const char **text)
{
	const unsigned char *p = (const unsigned char *)*text;
	size_t more = *p < 0xc0 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
	uint32_t c = more ? *p & (0x3fu >> more) : *p;

	for (p++; more > 0 && *p; more--)
		c = c << 6 | (*p++ & 0x3f);
	*text = (const char *)p;
	return c;
}

size_t table_text_width(const char *text)
{
	size_t width = 0;

	while (*text) {
		uint32_t c = next_character(&text);

		if (in_ranges(c, double_width, ARRAY_SIZE(double_width)))
			width += 2;
		else if (!in_ranges(c, zero_width, ARRAY_SIZE(zero_width)))
			width++;
	}
	return width;
}

void table_release(struct table *table)
{
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	table->cells = NULL;
	table->n_cells = 0;
}

void table_add(struct table *table, const char *text)
{
	CLEANUP(strbuf_release) struct strbuf cell = STRBUF_INIT;

	if (text)
		text_escape(&cell, text, strlen(text));
	table->cells = reallocarray(table->cells, table->n_cells + 1, sizeof(*table->cells));
	if (!table->cells)
		abort();
	table->cells[table->n_cells++] = strbuf_take(&cell);
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t max = 0;

	for (size_t i = column; i < table->n_cells; i += table->n_columns) {
		size_t width = table_text_width(table->cells[i]);

		max = width > max ? width : max;
	}
	return max;
}

static void render_row(const struct table *table, size_t first, const size_t *widths,
		       struct strbuf *out)
{
	size_t last = 0, padding = 0;

	for (size_t i = 0; i < table->n_columns && first + i < table->n_cells; i++)
		if (table->cells[first + i][0])
			last = i;
	for (size_t i = 0; i <= last; i++) {
		const char *cell = table->cells[first + i];

		for (; padding > 0; padding--)
			strbuf_putc(out, ' ');
		strbuf_printf(out, "%s%s", i > 0 ? GAP : "", cell);
		padding = widths[i] - table_text_width(cell);
	}
	strbuf_putc(out, '\n');
}

void table_render(const struct table *table, struct strbuf *out)
{
	CLEANUP_FREE size_t *widths = calloc(table->n_columns, sizeof(*widths));

	if (!widths)
		abort();
	for (size_t i = 0; i < table->n_columns; i++)
		widths[i] = column_width(table, i);
	for (size_t i = 0; i < table->n_cells; i += table->n_columns)
		render_row(table, i, widths, out);
}
