// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_IMAGE_VIEW_H
#define STACK_CMD_IMAGE_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * View: the events of a pull or push on standard error
 *
 * On a terminal an image is a line, updated in place, with a bar below it for
 * each layer that comes in or goes out; elsewhere every change is a line, or a JSON object.
 */
enum view_kind { VIEW_TTY, VIEW_PLAIN, VIEW_JSON, VIEW_QUIET };

struct view_layer {
	char *name, *action;
	uint64_t bytes, size;
};

struct view_image {
	char *name, *action, *detail;
	struct view_layer *layers;
	size_t n_layers;
};

struct view {
	enum view_kind kind;
	bool color;
	struct view_image *images;
	size_t n_images, n_drawn;
};

/* "auto", "tty", "plain", "json" or "quiet".  -EINVAL: none of these. */
int view_kind_parse(const char *text, enum view_kind *ret_kind);

void view_init(struct view *view, enum view_kind kind);
void view_release(struct view *view);

void view_event(struct view *view, const json_t *event);

/* Say "stack: VERB 'NAME': WHY" below what is drawn, and of a failure that is IGNORED that it is.
 */
void view_failure(struct view *view, const char *verb, const char *name, const char *why,
		  bool ignored);

/* Bring the terminal up to date, after some events. */
void view_draw(struct view *view);

/* Whatever is written from now on stands below. */
void view_end(struct view *view);

#endif
