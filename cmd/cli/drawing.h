// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_DRAWING_H
#define STACK_CMD_CLI_DRAWING_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct network;
struct project;
struct service;
struct strbuf;

/*
 * Drawing: where the parts of a project stand in a picture of it
 *
 * Services are boxes, one below the other, each above what it depends on.
 * Dependencies are lines on the left of the boxes: one lane for each service
 * that others depend on, from the first of those down to it.  Networks are
 * lines on the right, from their name down to the last service in them.  The
 * terminal's picture and the SVG are the same, in characters and in pixels.
 *
 * All text is plain ASCII by now: what else the file has in it became '?'.
 */
#define DRAWING_NONE ((size_t)-1)

/* How a service is; DRAWN_UNKNOWN: the project is not up. */
enum drawn_state { DRAWN_UNKNOWN, DRAWN_WELL, DRAWN_PARTLY, DRAWN_DONE, DRAWN_BADLY };

struct drawn_service {
	const struct service *service;
	enum drawn_state state;
	const char *status;  /* "running", "1/3 running"; "" when it is not up */
	const char **lines;  /* what is below its name */
	size_t n_lines;	     /* at least 1 */
	size_t lane;	     /* of those who depend on it; DRAWING_NONE: nobody does */
	size_t first;	     /* of those, the one that stands highest */
	const size_t *needs; /* indices of what it depends on */
	size_t n_needs;
	const size_t *networks; /* indices of those that it is in, from left to right */
	size_t n_networks;
};

struct drawn_network {
	const struct network *network;
	const char *label;
	size_t last; /* the service in it that stands lowest; DRAWING_NONE: none is in it */
};

struct drawing {
	const char *title;
	struct drawn_service *services; /* from top to bottom */
	size_t n_services;
	struct drawn_network *networks; /* from left to right */
	size_t n_networks;
	size_t n_lanes; /* lane 0 is next to the boxes */
};

/*
 * CONTAINERS is the array that containers_list() gives, or NULL when the
 * project is not up.  Everything lives in ARENA.
 */
void drawing_make(const struct project *project, const json_t *containers, struct arena *arena,
		  struct drawing *ret_drawing);

struct drawing_style {
	bool unicode; /* else ASCII */
	bool color;
	size_t columns; /* of the terminal: boxes are made narrower to fit */
};

/* draw_text.c, draw_svg.c, draw_dot.c: append the picture to OUT. */
void draw_text(const struct drawing *drawing, const struct drawing_style *style,
	       struct strbuf *out);
void draw_svg(const struct drawing *drawing, struct strbuf *out);

/* Graphviz makes a layout of its own. */
void draw_dot(const struct drawing *drawing, struct strbuf *out);

#endif
