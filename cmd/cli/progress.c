// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/progress.h"

#include "cmd/cli/cli.h"
#include "cmd/cli/human.h"
#include "cmd/cli/output.h"
#include "cmd/cli/table.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/jsontext.h"
#include "core/base/strbuf.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct progress_line {
	char *kind, *name, *action, *detail;
	int64_t ms; /* -1: not known */
};

#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define RESET  "\033[0m"

/* What is still going on, and what went wrong; everything else is an end that is fine. */
static const char *color_of(const char *action)
{
	static const struct {
		const char *action, *color;
	} colors[] = {{"error", RED},	    {"unhealthy", RED},	    {"warning", YELLOW},
		      {"waiting", YELLOW},  {"starting", YELLOW},   {"creating", YELLOW},
		      {"stopping", YELLOW}, {"restarting", YELLOW}, {"exited", YELLOW}};

	for (size_t i = 0; i < ARRAY_SIZE(colors); i++)
		if (strcmp(colors[i].action, action) == 0)
			return colors[i].color;
	return GREEN;
}

void progress_init(struct progress *progress, const struct cli *cli)
{
	*progress = (struct progress){.cli = cli, .started_ns = human_now_ns()};
}

static void line_release(struct progress_line *line)
{
	free(line->kind);
	free(line->name);
	free(line->action);
	free(line->detail);
}

void progress_release(struct progress *progress)
{
	for (size_t i = 0; i < progress->n; i++)
		line_release(&progress->lines[i]);
	free(progress->lines);
	progress->lines = NULL;
	progress->n = 0;
}

static char *escaped(const json_t *event, const char *key)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const char *text = output_string(event, key);

	text_escape(&out, text, strlen(text));
	return strbuf_take(&out);
}

static struct progress_line line_of(const json_t *event)
{
	const json_t *ms = json_object_get(event, "ms");

	return (struct progress_line){.kind = escaped(event, "event"),
				      .name = escaped(event, "name"),
				      .action = escaped(event, "action"),
				      .detail = escaped(event, "detail"),
				      .ms = ms ? json_integer_value(ms) : -1};
}

static void render(const struct progress *progress, const struct progress_line *line,
		   size_t name_width, struct strbuf *out)
{
	bool color = progress->cli->color_err;
	size_t width = table_text_width(line->name);

	strbuf_printf(out, " %-9s %s", line->kind, line->name);
	for (; width < name_width; width++)
		strbuf_putc(out, ' ');
	strbuf_printf(out, "  %s%s%s", color ? color_of(line->action) : "", line->action,
		      color ? RESET : "");
	if (line->ms >= 0) {
		strbuf_puts(out, "  ");
		human_ms(out, line->ms);
	}
	if (line->detail[0])
		strbuf_printf(out, "  %s", line->detail);
}

static size_t terminal_lines(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < 4)
		return 24;
	return size.ws_row;
}

/* Draw the last lines over those that stand there.  Long ones are cut by the terminal. */
static void redraw(struct progress *progress)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	size_t visible = terminal_lines() - 1, width = 0;
	size_t first = progress->n > visible ? progress->n - visible : 0;

	for (size_t i = first; i < progress->n; i++) {
		size_t name = table_text_width(progress->lines[i].name);

		width = name > width ? name : width;
	}
	strbuf_puts(&out, "\033[?7l"); /* no wrap: a line must stay one line */
	if (progress->n_drawn > 0)
		strbuf_printf(&out, "\033[%zuA", progress->n_drawn);
	for (size_t i = first; i < progress->n; i++) {
		render(progress, &progress->lines[i], width, &out);
		strbuf_puts(&out, "\033[K\n");
	}
	strbuf_puts(&out, "\033[?7h");
	progress->n_drawn = progress->n - first;
	(void)fd_write_all(STDERR_FILENO, out.text, out.len);
}

/* Put LINE, which is taken over, in the place of what was said about the same thing. */
static void update(struct progress *progress, struct progress_line line)
{
	for (size_t i = 0; i < progress->n; i++) {
		struct progress_line *old = &progress->lines[i];

		if (strcmp(old->kind, line.kind) == 0 && strcmp(old->name, line.name) == 0 &&
		    strcmp(line.kind, "warning") != 0) {
			line_release(old);
			*old = line;
			return;
		}
	}
	progress->lines = reallocarray(progress->lines, progress->n + 1, sizeof(*progress->lines));
	if (!progress->lines)
		abort();
	progress->lines[progress->n++] = line;
}

static void print_plain(const struct progress *progress, const json_t *event)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct progress_line line = line_of(event);

	render(progress, &line, 0, &out);
	strbuf_putc(&out, '\n');
	(void)fd_write_all(STDERR_FILENO, out.text, out.len);
	line_release(&line);
}

void progress_event(void *data, const json_t *event)
{
	struct progress *progress = data;

	switch (progress->cli->progress) {
	case PROGRESS_TTY:
		update(progress, line_of(event));
		redraw(progress);
		break;
	case PROGRESS_PLAIN:
		print_plain(progress, event);
		break;
	case PROGRESS_JSON:
		(void)jsontext_write_line(STDERR_FILENO, event);
		break;
	case PROGRESS_AUTO:
	case PROGRESS_QUIET:
		break;
	}
}

void progress_end(struct progress *progress, const char *done, const char *nothing,
		  json_int_t changes)
{
	CLEANUP(strbuf_release) struct strbuf took = STRBUF_INIT;

	progress->n_drawn = 0;
	if (progress->cli->progress == PROGRESS_QUIET || progress->cli->progress == PROGRESS_JSON)
		return;
	if (changes == 0) {
		cli_say("%s", nothing);
		return;
	}
	human_ms(&took, (int64_t)((human_now_ns() - progress->started_ns) / 1000000));
	cli_say("%s in %s (%lld change%s)", done, took.text, (long long)changes,
		changes == 1 ? "" : "s");
}
