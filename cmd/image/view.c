// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/image/view.h"

#include "cmd/image/command.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/jsontext.h"
#include "core/base/strbuf.h"
#include "core/base/text.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH 24
#define RED	  "\033[31m"
#define GREEN	  "\033[32m"
#define YELLOW	  "\033[33m"
#define RESET	  "\033[0m"

int view_kind_parse(const char *text, enum view_kind *ret_kind)
{
	static const struct {
		const char *name;
		enum view_kind kind;
	} kinds[] = {{"tty", VIEW_TTY},
		     {"plain", VIEW_PLAIN},
		     {"json", VIEW_JSON},
		     {"quiet", VIEW_QUIET}};

	if (strcmp(text, "auto") == 0) {
		*ret_kind = isatty(STDERR_FILENO) ? VIEW_TTY : VIEW_PLAIN;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].name, text) == 0) {
			*ret_kind = kinds[i].kind;
			return 0;
		}
	}
	return -EINVAL;
}

void view_init(struct view *view, enum view_kind kind)
{
	const char *no_color = getenv("NO_COLOR");

	*view = (struct view){.kind = kind,
			      .color = isatty(STDERR_FILENO) && !(no_color && no_color[0])};
}

void view_release(struct view *view)
{
	for (size_t i = 0; i < view->n_images; i++) {
		struct view_image *image = &view->images[i];

		for (size_t k = 0; k < image->n_layers; k++) {
			free(image->layers[k].name);
			free(image->layers[k].action);
		}
		free(image->layers);
		free(image->name);
		free(image->action);
		free(image->detail);
	}
	free(view->images);
	*view = (struct view){.kind = VIEW_QUIET};
}

/* --- what is known --- */

static char *escaped(const json_t *event, const char *key)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const char *text = json_string_value(json_object_get(event, key));

	text_escape(&out, text ? text : "", text ? strlen(text) : 0);
	return strbuf_take(&out);
}

static uint64_t number(const json_t *event, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(event, key));

	return value > 0 ? (uint64_t)value : 0;
}

static void *grown(void *array, size_t n, size_t size)
{
	char *longer = reallocarray(array, n + 1, size);

	if (!longer)
		abort();
	memset(longer + n * size, 0, size);
	return longer;
}

static struct view_image *image_named(struct view *view, char *name)
{
	for (size_t i = 0; i < view->n_images; i++) {
		if (strcmp(view->images[i].name, name) == 0) {
			free(name);
			return &view->images[i];
		}
	}
	view->images = grown(view->images, view->n_images, sizeof(*view->images));
	view->images[view->n_images].name = name;
	return &view->images[view->n_images++];
}

static struct view_layer *layer_named(struct view_image *image, char *name)
{
	for (size_t i = 0; i < image->n_layers; i++) {
		if (strcmp(image->layers[i].name, name) == 0) {
			free(name);
			return &image->layers[i];
		}
	}
	image->layers = grown(image->layers, image->n_layers, sizeof(*image->layers));
	image->layers[image->n_layers].name = name;
	return &image->layers[image->n_layers++];
}

/* Returns whether anything but the number of bytes is new. */
static bool update_layer(struct view *view, const json_t *event)
{
	struct view_layer *layer =
		layer_named(image_named(view, escaped(event, "image")), escaped(event, "name"));
	char *action = escaped(event, "action");
	bool changed = !layer->action || strcmp(layer->action, action) != 0;

	free(layer->action);
	layer->action = action;
	layer->bytes = number(event, "bytes");
	layer->size = number(event, "size");
	return changed;
}

static void update_image(struct view *view, const json_t *event)
{
	struct view_image *image = image_named(view, escaped(event, "name"));

	free(image->action);
	free(image->detail);
	image->action = escaped(event, "action");
	image->detail = escaped(event, "detail");
}

/* --- how it looks --- */

enum progress { OUTSTANDING, MOVING, COMPLETE };

struct look {
	const char *action, *color;
	enum progress progress; /* of a layer */
};

static const struct look *look_of(const char *action)
{
	static const struct look looks[] = {
		{"error", RED, OUTSTANDING},	 {"pulled", GREEN, COMPLETE},
		{"pushed", GREEN, COMPLETE},	 {"current", GREEN, COMPLETE},
		{"downloading", YELLOW, MOVING}, {"downloaded", YELLOW, COMPLETE},
		{"uploading", YELLOW, MOVING},	 {"uploaded", YELLOW, COMPLETE},
		{"exists", YELLOW, COMPLETE},
	};
	static const struct look other = {NULL, YELLOW, OUTSTANDING};

	for (size_t i = 0; i < ARRAY_SIZE(looks); i++)
		if (strcmp(looks[i].action, action) == 0)
			return &looks[i];
	return &other;
}

static void add_action(const struct view *view, struct strbuf *out, const char *action)
{
	strbuf_printf(out, "%s%s%s", view->color ? look_of(action)->color : "", action,
		      view->color ? RESET : "");
}

static void draw_image(const struct view *view, const struct view_image *image, struct strbuf *out)
{
	size_t complete = 0;

	for (size_t i = 0; i < image->n_layers; i++)
		complete += look_of(image->layers[i].action)->progress == COMPLETE;
	strbuf_printf(out, " image     %s  ", image->name);
	add_action(view, out, image->action ? image->action : "downloading");
	if (image->detail && image->detail[0])
		strbuf_printf(out, "  %s", image->detail);
	else if (complete < image->n_layers)
		strbuf_printf(out, "  %zu of %zu layer%s", complete, image->n_layers,
			      command_plural(image->n_layers));
}

static void draw_layer(const struct view_layer *layer, struct strbuf *out)
{
	char bytes[COMMAND_SIZE_LEN], size[COMMAND_SIZE_LEN];
	size_t filled =
		layer->size ? (size_t)((double)layer->bytes * BAR_WIDTH / (double)layer->size) : 0;

	filled = filled > BAR_WIDTH ? BAR_WIDTH : filled;
	strbuf_printf(out, "   %s  [", layer->name);
	for (size_t i = 0; i < BAR_WIDTH; i++)
		strbuf_putc(out, i < filled ? '=' : i == filled ? '>' : ' ');
	strbuf_printf(out, "]  %s of %s", command_size(layer->bytes, bytes),
		      command_size(layer->size, size));
}

static size_t terminal_lines(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < 4)
		return 24;
	return size.ws_row;
}

static void end_line(struct view *view, struct strbuf *out)
{
	strbuf_puts(out, "\033[K\n");
	view->n_drawn++;
}

void view_draw(struct view *view)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	size_t room = terminal_lines() - 1;

	if (view->kind != VIEW_TTY)
		return;
	strbuf_puts(&out, "\033[?7l"); /* no wrap: a line must stay one line */
	if (view->n_drawn > 0)
		strbuf_printf(&out, "\033[%zuA", view->n_drawn);
	view->n_drawn = 0;
	for (size_t i = 0; i < view->n_images && view->n_drawn < room; i++) {
		const struct view_image *image = &view->images[i];

		draw_image(view, image, &out);
		end_line(view, &out);
		for (size_t k = 0; k < image->n_layers && view->n_drawn < room; k++) {
			if (look_of(image->layers[k].action)->progress != MOVING)
				continue;
			draw_layer(&image->layers[k], &out);
			end_line(view, &out);
		}
	}
	strbuf_puts(&out, "\033[J\033[?7h");
	(void)fd_write_all(STDERR_FILENO, out.text, out.len);
}

void view_end(struct view *view)
{
	view_draw(view);
	view->n_drawn = 0;
}

static void print_plain(const struct view *view, const json_t *event)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	CLEANUP_FREE char *kind = escaped(event, "event"), *name = escaped(event, "name"),
			  *action = escaped(event, "action"), *detail = escaped(event, "detail");
	char size[COMMAND_SIZE_LEN];

	strbuf_printf(&out, " %-9s %s  ", kind, name);
	add_action(view, &out, action);
	if (detail[0])
		strbuf_printf(&out, "  %s", detail);
	else if (json_object_get(event, "size"))
		strbuf_printf(&out, "  %s", command_size(number(event, "size"), size));
	strbuf_putc(&out, '\n');
	(void)fd_write_all(STDERR_FILENO, out.text, out.len);
}

void view_event(struct view *view, const json_t *event)
{
	const char *kind = json_string_value(json_object_get(event, "event"));
	bool changed = true;

	if (kind && strcmp(kind, "layer") == 0)
		changed = update_layer(view, event);
	else
		update_image(view, event);
	if (view->kind == VIEW_JSON)
		(void)jsontext_write_line(STDERR_FILENO, event);
	else if (view->kind == VIEW_PLAIN && changed)
		print_plain(view, event);
}

void view_failure(struct view *view, const char *verb, const char *name, const char *why,
		  bool ignored)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	text_escape(&text, why, strlen(why));
	view_end(view);
	fprintf(stderr, "stack: %s '%s': %s%s\n", verb, name, text.text,
		ignored ? ", ignoring" : "");
}
