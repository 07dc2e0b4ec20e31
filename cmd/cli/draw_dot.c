// SPDX-License-Identifier: GPL-2.0-or-later
/* A drawing for Graphviz: `stack graph --format dot | dot -Tpdf`. */
#include "cmd/cli/drawing.h"

#include "core/base/strbuf.h"
#include "core/model/project.h"

#include <stdint.h>
#include <string.h>

/* Inside of quotes; in labels Graphviz reads escapes and HTML entities as well. */
static void put_escaped(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			strbuf_puts(out, "&amp;");
		else if (*text == '"' || *text == '\\')
			strbuf_printf(out, "\\%c", *text);
		else
			strbuf_putc(out, *text);
	}
}

/* A node's name: PREFIX keeps a service from being a network. */
static void put_name(struct strbuf *out, const char *prefix, size_t number)
{
	strbuf_printf(out, "\"%s%zu\"", prefix, number);
}

static void put_service(const struct drawn_service *drawn, size_t number, struct strbuf *out)
{
	static const char *const colors[] = {[DRAWN_UNKNOWN] = "white",
					     [DRAWN_WELL] = "palegreen",
					     [DRAWN_PARTLY] = "khaki",
					     [DRAWN_DONE] = "lightcyan",
					     [DRAWN_BADLY] = "lightpink"};

	strbuf_puts(out, "\t");
	put_name(out, "s", number);
	strbuf_puts(out, " [shape=box, style=\"rounded,filled\", fillcolor=");
	strbuf_printf(out, "%s, label=\"", colors[drawn->state]);
	put_escaped(out, drawn->service->name);
	if (drawn->service->scale != 1)
		strbuf_printf(out, " x%d", (int)drawn->service->scale);
	if (drawn->status[0]) {
		strbuf_puts(out, "\\n");
		put_escaped(out, drawn->status);
	}
	for (size_t i = 0; i < drawn->n_lines; i++) {
		strbuf_puts(out, "\\n");
		put_escaped(out, drawn->lines[i]);
	}
	strbuf_puts(out, "\"];\n");
}

static const char *condition_text(const struct service *service, const char *on)
{
	static const char *const texts[] = {[DEPENDS_STARTED] = "",
					    [DEPENDS_HEALTHY] = "healthy",
					    [DEPENDS_COMPLETED] = "completed"};

	for (size_t i = 0; i < service->n_depends_on; i++)
		if (strcmp(service->depends_on[i].service, on) == 0)
			return texts[service->depends_on[i].condition];
	return "";
}

static void put_edges(const struct drawing *drawing, size_t number, struct strbuf *out)
{
	const struct drawn_service *drawn = &drawing->services[number];

	for (size_t i = 0; i < drawn->n_needs; i++) {
		const struct service *on = drawing->services[drawn->needs[i]].service;

		strbuf_puts(out, "\t");
		put_name(out, "s", number);
		strbuf_puts(out, " -> ");
		put_name(out, "s", drawn->needs[i]);
		strbuf_printf(out, " [label=\"%s\"];\n", condition_text(drawn->service, on->name));
	}
	for (size_t i = 0; i < drawn->n_networks; i++) {
		strbuf_puts(out, "\t");
		put_name(out, "s", number);
		strbuf_puts(out, " -> ");
		put_name(out, "n", drawn->networks[i]);
		strbuf_puts(out, " [dir=none, color=steelblue];\n");
	}
}

void draw_dot(const struct drawing *drawing, struct strbuf *out)
{
	strbuf_puts(out, "digraph \"");
	put_escaped(out, drawing->title);
	strbuf_puts(out, "\" {\n\tnode [fontname=\"sans-serif\"];\n"
			 "\tedge [fontname=\"sans-serif\", fontsize=10];\n");
	for (size_t i = 0; i < drawing->n_networks; i++) {
		strbuf_puts(out, "\t");
		put_name(out, "n", i);
		strbuf_puts(out, " [shape=ellipse, color=steelblue, label=\"");
		put_escaped(out, drawing->networks[i].label);
		strbuf_puts(out, "\"];\n");
	}
	for (size_t i = 0; i < drawing->n_services; i++)
		put_service(&drawing->services[i], i, out);
	for (size_t i = 0; i < drawing->n_services; i++)
		put_edges(drawing, i, out);
	strbuf_puts(out, "}\n");
}
