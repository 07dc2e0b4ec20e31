// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A drawing in characters.  Lines are put on a grid as the directions in which
 * they leave a cell; what a cell looks like follows from all that met in it.
 */
#include "cmd/cli/drawing.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/project.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UP = 1, DOWN = 2, LEFT = 4, RIGHT = 8 };
enum mark { MARK_NONE, MARK_JOINT, MARK_ARROW, MARK_STATE, MARK_UNKNOWN };

#define BOX_MIN	    16 /* columns, with its sides */
#define BOX_MAX	    48
#define LANE_STEP   2
#define BUS_STEP    3
#define BUS_GAP	    3 /* between the boxes and the first network */
#define LABEL_MAX   40
#define STATE_SPACE 2 /* "● " in front of a name */

struct cell {
	uint8_t lines; /* bits of the above */
	uint8_t mark;
	uint8_t color; /* 0: none; else of SGR */
	char text;     /* 0: none */
};

struct grid {
	struct cell *cells;
	size_t width, height;
};

/* What everything is measured from. */
struct layout {
	const struct drawing *drawing;
	struct grid grid;
	size_t box_x, box_width, bus_x, head; /* HEAD: rows above the first box */
};

static struct cell *at(struct grid *grid, size_t x, size_t y)
{
	static struct cell outside;

	return x < grid->width && y < grid->height ? &grid->cells[y * grid->width + x] : &outside;
}

static void put_text(struct grid *grid, size_t x, size_t y, const char *text, size_t room,
		     uint8_t color)
{
	size_t len = strlen(text);
	bool cut = len > room;

	for (size_t i = 0; i < (cut ? room : len); i++) {
		struct cell *cell = at(grid, x + i, y);

		cell->text = cut && i + 2 >= room ? '.' : text[i];
		cell->color = color;
	}
}

static void put_lines(struct grid *grid, size_t x, size_t y, unsigned int lines, uint8_t color)
{
	struct cell *cell = at(grid, x, y);

	cell->lines |= (uint8_t)lines;
	if (color)
		cell->color = color;
}

static void horizontal(struct grid *grid, size_t x1, size_t x2, size_t y)
{
	put_lines(grid, x1, y, RIGHT, 0);
	for (size_t x = x1 + 1; x < x2; x++)
		put_lines(grid, x, y, LEFT | RIGHT, 0);
	put_lines(grid, x2, y, LEFT, 0);
}

static void vertical(struct grid *grid, size_t x, size_t y1, size_t y2, uint8_t color)
{
	put_lines(grid, x, y1, DOWN, color);
	for (size_t y = y1 + 1; y < y2; y++)
		put_lines(grid, x, y, UP | DOWN, color);
	put_lines(grid, x, y2, UP, color);
}

/* --- where things are --- */

static size_t box_height(const struct drawn_service *drawn)
{
	return drawn->n_lines + 3;
}

static size_t box_y(const struct layout *layout, size_t service)
{
	size_t y = layout->head;

	for (size_t i = 0; i < service; i++)
		y += box_height(&layout->drawing->services[i]);
	return y;
}

static size_t lane_x(const struct layout *layout, size_t lane)
{
	return layout->box_x - LANE_STEP - 1 - lane * LANE_STEP;
}

static size_t bus_x(const struct layout *layout, size_t network)
{
	return layout->bus_x + network * BUS_STEP;
}

static uint8_t bus_color(size_t network)
{
	static const uint8_t colors[] = {34, 35, 36, 33, 32, 31};

	return colors[network % ARRAY_SIZE(colors)];
}

static uint8_t state_color(enum drawn_state state)
{
	static const uint8_t colors[] = {[DRAWN_UNKNOWN] = 90,
					 [DRAWN_WELL] = 32,
					 [DRAWN_PARTLY] = 33,
					 [DRAWN_DONE] = 36,
					 [DRAWN_BADLY] = 31};

	return colors[state];
}

/* "web x3  running" */
static void title_text(const struct drawn_service *drawn, char *ret, size_t size)
{
	char scale[32] = "";

	if (drawn->service->scale != 1)
		snprintf(scale, sizeof(scale), " x%d", (int)drawn->service->scale);
	snprintf(ret, size, "%s%s%s%s", drawn->service->name, scale, drawn->status[0] ? "  " : "",
		 drawn->status);
}

static size_t widest(const struct drawing *drawing)
{
	size_t most = 0;

	for (size_t i = 0; i < drawing->n_services; i++) {
		const struct drawn_service *drawn = &drawing->services[i];
		char title[160];
		size_t len;

		title_text(drawn, title, sizeof(title));
		len = strlen(title) + STATE_SPACE;
		most = len > most ? len : most;
		for (size_t j = 0; j < drawn->n_lines; j++) {
			len = strlen(drawn->lines[j]) + STATE_SPACE;
			most = len > most ? len : most;
		}
	}
	return most;
}

/* The names of the networks stand above, each a row deeper than the one on its left. */
static void measure(struct layout *layout, size_t columns)
{
	const struct drawing *drawing = layout->drawing;
	size_t left = drawing->n_lanes ? drawing->n_lanes * LANE_STEP + 2 : 1;
	size_t right = BUS_GAP + drawing->n_networks * BUS_STEP, width = widest(drawing) + 4;
	size_t room = columns > left + right ? columns - left - right : 0;

	if (width > room)
		width = room;
	if (width > BOX_MAX)
		width = BOX_MAX;
	layout->box_x = left;
	layout->box_width = width < BOX_MIN ? BOX_MIN : width;
	layout->bus_x = left + layout->box_width + BUS_GAP;
	layout->head = drawing->n_networks + 1;
	layout->grid.width = layout->bus_x + drawing->n_networks * BUS_STEP + LABEL_MAX;
	layout->grid.height = box_y(layout, drawing->n_services);
	if (layout->grid.width > columns &&
	    columns > layout->bus_x + BUS_STEP * drawing->n_networks)
		layout->grid.width = columns;
}

/* --- what is drawn --- */

static void draw_box(struct layout *layout, size_t service)
{
	const struct drawn_service *drawn = &layout->drawing->services[service];
	size_t left = layout->box_x, right = left + layout->box_width - 1;
	size_t top = box_y(layout, service), bottom = top + box_height(drawn) - 1;
	size_t room = layout->box_width - 4;
	struct grid *grid = &layout->grid;
	char title[160];

	horizontal(grid, left, right, top);
	horizontal(grid, left, right, bottom);
	vertical(grid, left, top, bottom, 0);
	vertical(grid, right, top, bottom, 0);
	title_text(drawn, title, sizeof(title));
	at(grid, left + 2, top + 1)->mark =
		drawn->state == DRAWN_UNKNOWN ? MARK_UNKNOWN : MARK_STATE;
	at(grid, left + 2, top + 1)->color = state_color(drawn->state);
	put_text(grid, left + 2 + STATE_SPACE, top + 1, title, room - STATE_SPACE, 1);
	for (size_t i = 0; i < drawn->n_lines; i++)
		put_text(grid, left + 2 + STATE_SPACE, top + 2 + i, drawn->lines[i],
			 room - STATE_SPACE, 0);
}

/* From the lane of what it depends on into the box of who does, a line below the name. */
static void draw_need(struct layout *layout, size_t service, size_t need)
{
	size_t x = lane_x(layout, layout->drawing->services[need].lane);
	size_t y = box_y(layout, service) + 2;
	struct grid *grid = &layout->grid;

	/* A lane that is only crossed stays whole: the line goes on behind it. */
	put_lines(grid, x, y, RIGHT, 0);
	for (size_t i = x + 1; i < layout->box_x; i++)
		put_lines(grid, i, y, LEFT | RIGHT, 0);
	put_lines(grid, layout->box_x, y, LEFT, 0);
}

static void draw_lane(struct layout *layout, size_t service)
{
	const struct drawn_service *drawn = &layout->drawing->services[service];
	size_t y = box_y(layout, service) + 1, x;
	struct grid *grid = &layout->grid;

	if (drawn->lane == DRAWING_NONE)
		return;
	x = lane_x(layout, drawn->lane);
	vertical(grid, x, box_y(layout, drawn->first) + 2, y, 0);
	put_lines(grid, x, y, RIGHT, 0);
	for (size_t i = x + 1; i < layout->box_x; i++)
		put_lines(grid, i, y, LEFT | RIGHT, 0);
	at(grid, layout->box_x - 1, y)->mark = MARK_ARROW;
}

/* Where lines of two lanes meet without a knot they only cross. */
static void draw_joints(struct layout *layout, size_t service)
{
	const struct drawn_service *drawn = &layout->drawing->services[service];

	for (size_t i = 0; i < drawn->n_needs; i++) {
		size_t lane = layout->drawing->services[drawn->needs[i]].lane;
		struct cell *cell =
			at(&layout->grid, lane_x(layout, lane), box_y(layout, service) + 2);

		if ((cell->lines & (LEFT | RIGHT)) == (LEFT | RIGHT))
			cell->mark = MARK_JOINT;
	}
}

static void draw_attachments(struct layout *layout, size_t service)
{
	const struct drawn_service *drawn = &layout->drawing->services[service];
	size_t y = box_y(layout, service) + 1, right = layout->box_x + layout->box_width - 1;

	if (drawn->n_networks == 0)
		return;
	horizontal(&layout->grid, right, bus_x(layout, drawn->networks[drawn->n_networks - 1]), y);
	for (size_t i = 0; i < drawn->n_networks; i++)
		at(&layout->grid, bus_x(layout, drawn->networks[i]), y)->mark = MARK_JOINT;
}

static void draw_network(struct layout *layout, size_t network)
{
	const struct drawn_network *drawn = &layout->drawing->networks[network];
	size_t x = bus_x(layout, network);
	uint8_t color = bus_color(network);

	put_text(&layout->grid, x, network, drawn->label,
		 layout->grid.width > x ? layout->grid.width - x : 0, color);
	if (drawn->last != DRAWING_NONE)
		vertical(&layout->grid, x, network + 1, box_y(layout, drawn->last) + 1, color);
}

/* --- cells to text --- */

static const char *look(const struct cell *cell, bool unicode)
{
	static const char *const lines[2][16] = {
		{" ", "|", "|", "|", "-", "+", "+", "+", "-", "+", "+", "+", "-", "+", "+", "+"},
		{" ", "╵", "╷", "│", "╴", "┘", "┐", "┤", "╶", "└", "┌", "├", "─", "┴", "┬", "┼"},
	};
	static const char *const marks[2][5] = {{"", "*", ">", "*", "o"}, {"", "●", "▶", "●", "○"}};

	return cell->mark ? marks[unicode][cell->mark] : lines[unicode][cell->lines];
}

static void print_cell(const struct cell *cell, const struct drawing_style *style,
		       struct strbuf *out)
{
	bool colored = style->color && cell->color;

	if (colored)
		strbuf_printf(out, "\033[%dm", cell->color);
	if (cell->text)
		strbuf_putc(out, cell->text);
	else
		strbuf_puts(out, look(cell, style->unicode));
	if (colored)
		strbuf_puts(out, "\033[0m");
}

static bool is_blank(const struct cell *cell)
{
	return !cell->lines && !cell->mark && !cell->text;
}

static void print_grid(struct grid *grid, const struct drawing_style *style, struct strbuf *out)
{
	for (size_t y = 0; y < grid->height; y++) {
		size_t end = grid->width;

		while (end > 0 && is_blank(at(grid, end - 1, y)))
			end--;
		for (size_t x = 0; x < end; x++)
			print_cell(at(grid, x, y), style, out);
		strbuf_putc(out, '\n');
	}
}

void draw_text(const struct drawing *drawing, const struct drawing_style *style, struct strbuf *out)
{
	struct layout layout = {.drawing = drawing};

	measure(&layout, style->columns);
	layout.grid.cells = calloc(layout.grid.width * layout.grid.height + 1, sizeof(struct cell));
	if (!layout.grid.cells)
		abort();
	put_text(&layout.grid, 1, 0, drawing->title, layout.box_width, 1);
	for (size_t i = 0; i < drawing->n_networks; i++)
		draw_network(&layout, i);
	for (size_t i = 0; i < drawing->n_services; i++) {
		const struct drawn_service *drawn = &drawing->services[i];

		draw_box(&layout, i);
		draw_lane(&layout, i);
		draw_attachments(&layout, i);
		for (size_t j = 0; j < drawn->n_needs; j++)
			draw_need(&layout, i, drawn->needs[j]);
	}
	for (size_t i = 0; i < drawing->n_services; i++)
		draw_joints(&layout, i);
	print_grid(&layout.grid, style, out);
	free(layout.grid.cells);
}
