// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_TABLE_H
#define STACK_CMD_CLI_TABLE_H

#include <stddef.h>

struct strbuf;

/*
 * Table: columns as wide as what is in them
 *
 *	CLEANUP(table_release) struct table table = TABLE_INIT(3);
 *	table_add(&table, "NAME");
 *	…
 *	table_render(&table, &out);
 *
 * Cells are added row by row; the first row is the heading.  They are escaped
 * on the way in (text_escape()), measured in terminal columns, and three
 * spaces apart.  No line ends in a space.
 */
struct table {
	size_t n_columns;
	char **cells;
	size_t n_cells;
};

#define TABLE_INIT(columns)                                                                        \
	{                                                                                          \
		.n_columns = (columns)                                                             \
	}

void table_release(struct table *table);
void table_add(struct table *table, const char *text); /* NULL is "" */
void table_render(const struct table *table, struct strbuf *out);

/* Columns that TEXT (UTF-8 without control characters) takes on a terminal. */
size_t table_text_width(const char *text);

#endif
