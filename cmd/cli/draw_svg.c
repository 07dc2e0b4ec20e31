// SPDX-License-Identifier: GPL-2.0-or-later
/* A drawing as SVG, for a browser or a document. */
#include "cmd/cli/drawing.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/project.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Pixels.  Widths of text are guessed, on the wide side: the font is the viewer's. */
enum {
	LETTER = 8,
	LINE = 18,
	PAD = 14,
	BOX_GAP = 22,
	BOX_MIN_WIDTH = 170,
	LANE_STEP = 16,
	LANE_GAP = 26,
	BUS_STEP = 34,
	BUS_GAP = 40,
	MARGIN = 24,
	TITLE = 40,
	LABEL = 18,
	CURVE = 8,
};

struct plan {
	const struct drawing *drawing;
	size_t box_x, box_width, bus_x, head, width, height;
};

static const char *const palette[] = {"#2563eb", "#c026d3", "#0d9488", "#d97706",
				      "#65a30d", "#dc2626", "#7c3aed", "#0891b2"};

static const char *bus_color(size_t network)
{
	return palette[network % ARRAY_SIZE(palette)];
}

static void put_escaped(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("<>&\"'", *text))
			strbuf_printf(out, "&#%d;", *text);
		else
			strbuf_putc(out, *text);
	}
}

static void put_text(struct strbuf *out, size_t x, size_t y, const char *style, const char *text)
{
	strbuf_printf(out, "<text x=\"%zu\" y=\"%zu\" %s>", x, y, style);
	put_escaped(out, text);
	strbuf_puts(out, "</text>\n");
}

/* --- where things are --- */

static size_t box_height(const struct drawn_service *drawn)
{
	return (drawn->n_lines + 1) * LINE + PAD;
}

static size_t box_y(const struct plan *plan, size_t service)
{
	size_t y = plan->head;

	for (size_t i = 0; i < service; i++)
		y += box_height(&plan->drawing->services[i]) + BOX_GAP;
	return y;
}

/* Lines come in at the height of the name, and go out below it. */
static size_t name_y(const struct plan *plan, size_t service)
{
	return box_y(plan, service) + PAD / 2 + LINE / 2;
}

static size_t out_y(const struct plan *plan, size_t service)
{
	return name_y(plan, service) + LINE;
}

static size_t lane_x(const struct plan *plan, size_t lane)
{
	return plan->box_x - LANE_GAP - lane * LANE_STEP;
}

static size_t bus_x(const struct plan *plan, size_t network)
{
	return plan->bus_x + network * BUS_STEP;
}

static size_t name_width(const struct drawn_service *drawn)
{
	return strlen(drawn->service->name) + (drawn->service->scale != 1 ? 5 : 0);
}

static void measure(struct plan *plan)
{
	const struct drawing *drawing = plan->drawing;
	size_t most = 0, label = strlen(drawing->title), i;

	for (i = 0; i < drawing->n_services; i++) {
		const struct drawn_service *drawn = &drawing->services[i];
		size_t len = name_width(drawn) + strlen(drawn->status) + 5;

		most = len > most ? len : most;
		for (size_t j = 0; j < drawn->n_lines; j++)
			most = strlen(drawn->lines[j]) > most ? strlen(drawn->lines[j]) : most;
	}
	plan->box_x = MARGIN + (drawing->n_lanes ? LANE_GAP + drawing->n_lanes * LANE_STEP : 0);
	plan->box_width = most * LETTER + 2 * PAD;
	if (plan->box_width < BOX_MIN_WIDTH)
		plan->box_width = BOX_MIN_WIDTH;
	plan->bus_x = plan->box_x + plan->box_width + BUS_GAP;
	plan->head = TITLE + drawing->n_networks * LABEL + MARGIN;
	plan->width = plan->bus_x + MARGIN;
	for (i = 0; i < drawing->n_networks; i++) {
		label = bus_x(plan, i) + strlen(drawing->networks[i].label) * LETTER + MARGIN;
		plan->width = label > plan->width ? label : plan->width;
	}
	plan->height = box_y(plan, drawing->n_services) + MARGIN - BOX_GAP;
}

/* --- what is drawn --- */

static void draw_network(const struct plan *plan, size_t network, struct strbuf *out)
{
	const struct drawn_network *drawn = &plan->drawing->networks[network];
	size_t x = bus_x(plan, network), y = TITLE + network * LABEL;
	char style[96];

	snprintf(style, sizeof(style), "class=\"network\" fill=\"%s\"", bus_color(network));
	put_text(out, x - 4, y, style, drawn->label);
	if (drawn->last != DRAWING_NONE)
		strbuf_printf(out, "<path class=\"bus\" stroke=\"%s\" d=\"M%zu %zuV%zu\"/>\n",
			      bus_color(network), x, y + 6, name_y(plan, drawn->last));
}

static void draw_wire(const struct plan *plan, size_t service, struct strbuf *out)
{
	const struct drawn_service *drawn = &plan->drawing->services[service];

	if (drawn->n_networks > 0)
		strbuf_printf(out, "<path class=\"wire\" d=\"M%zu %zuH%zu\"/>\n",
			      plan->box_x + plan->box_width, name_y(plan, service),
			      bus_x(plan, drawn->networks[drawn->n_networks - 1]));
}

static void draw_attachments(const struct plan *plan, size_t service, struct strbuf *out)
{
	const struct drawn_service *drawn = &plan->drawing->services[service];

	for (size_t i = 0; i < drawn->n_networks; i++)
		strbuf_printf(out,
			      "<circle cx=\"%zu\" cy=\"%zu\" r=\"6\" fill=\"#fff\" "
			      "stroke=\"%s\" stroke-width=\"3\"/>\n",
			      bus_x(plan, drawn->networks[i]), name_y(plan, service),
			      bus_color(drawn->networks[i]));
}

/* From who depends down its lane to what is depended on. */
static void draw_needs(const struct plan *plan, size_t service, struct strbuf *out)
{
	const struct drawn_service *drawn = &plan->drawing->services[service];

	for (size_t i = 0; i < drawn->n_needs; i++) {
		size_t need = drawn->needs[i], x = lane_x(plan, plan->drawing->services[need].lane);
		size_t from = out_y(plan, service), to = name_y(plan, need);

		strbuf_printf(
			out,
			"<path class=\"need\" d=\"M%zu %zuH%zuQ%zu %zu %zu %zuV%zuQ%zu %zu %zu "
			"%zuH%zu\"/>\n",
			plan->box_x, from, x + CURVE, x, from, x, from + CURVE, to - CURVE, x, to,
			x + CURVE, to, plan->box_x - CURVE);
	}
}

static void draw_arrow(const struct plan *plan, size_t service, struct strbuf *out)
{
	size_t y = name_y(plan, service), x = plan->box_x;

	if (plan->drawing->services[service].lane != DRAWING_NONE)
		strbuf_printf(out, "<path fill=\"#64748b\" d=\"M%zu %zul-9 -5v10z\"/>\n", x, y);
}

static void draw_box(const struct plan *plan, size_t service, struct strbuf *out)
{
	static const char *const colors[] = {[DRAWN_UNKNOWN] = "#cbd5e1",
					     [DRAWN_WELL] = "#22c55e",
					     [DRAWN_PARTLY] = "#f59e0b",
					     [DRAWN_DONE] = "#06b6d4",
					     [DRAWN_BADLY] = "#ef4444"};
	const struct drawn_service *drawn = &plan->drawing->services[service];
	size_t x = plan->box_x, y = box_y(plan, service), base = name_y(plan, service) + 5;
	char name[96];

	strbuf_printf(out,
		      "<rect class=\"box\" x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"%zu\" "
		      "rx=\"8\"/>\n<circle cx=\"%zu\" cy=\"%zu\" r=\"5\" fill=\"%s\"/>\n",
		      x, y, plan->box_width, box_height(drawn), x + PAD, base - 5,
		      colors[drawn->state]);
	snprintf(name, sizeof(name), "%s", drawn->service->name);
	if (drawn->service->scale != 1)
		snprintf(name, sizeof(name), "%s \303\227%d", drawn->service->name,
			 (int)drawn->service->scale);
	put_text(out, x + 2 * PAD, base, "class=\"name\"", name);
	put_text(out, x + plan->box_width - PAD, base, "class=\"line\" text-anchor=\"end\"",
		 drawn->status);
	for (size_t i = 0; i < drawn->n_lines; i++)
		put_text(out, x + PAD, base + (i + 1) * LINE, "class=\"line\"", drawn->lines[i]);
}

static void draw_head(const struct plan *plan, struct strbuf *out)
{
	strbuf_printf(out,
		      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" "
		      "viewBox=\"0 0 %zu %zu\" font-family=\"Helvetica, Arial, sans-serif\" "
		      "font-size=\"13\">\n",
		      plan->width, plan->height, plan->width, plan->height);
	strbuf_puts(out, "<style>\n"
			 ".title { font-size: 18px; font-weight: bold; fill: #0f172a }\n"
			 ".name { font-size: 14px; font-weight: bold; fill: #0f172a }\n"
			 ".line { fill: #475569 }\n"
			 ".network { font-weight: bold }\n"
			 ".box { fill: #fff; stroke: #334155; stroke-width: 1.5 }\n"
			 ".bus { fill: none; stroke-width: 4; stroke-linecap: round }\n"
			 ".wire { fill: none; stroke: #94a3b8; stroke-width: 2 }\n"
			 ".need { fill: none; stroke: #64748b; stroke-width: 1.5 }\n"
			 "</style>\n"
			 "<rect width=\"100%\" height=\"100%\" fill=\"#f8fafc\"/>\n");
	put_text(out, MARGIN, TITLE, "class=\"title\"", plan->drawing->title);
}

void draw_svg(const struct drawing *drawing, struct strbuf *out)
{
	struct plan plan = {.drawing = drawing};

	measure(&plan);
	draw_head(&plan, out);
	for (size_t i = 0; i < drawing->n_services; i++) {
		draw_needs(&plan, i, out);
		draw_wire(&plan, i, out);
	}
	for (size_t i = 0; i < drawing->n_networks; i++)
		draw_network(&plan, i, out);
	for (size_t i = 0; i < drawing->n_services; i++) {
		draw_attachments(&plan, i, out);
		draw_box(&plan, i, out);
		draw_arrow(&plan, i, out);
	}
	strbuf_puts(out, "</svg>\n");
}
