// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/logview.h"

#include "cmd/cli/logtext.h"
#include "cmd/cli/table.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define FLUSH_SIZE (256 * 1024)
#define SUFFIX	   ".log"
#define WATCHED	   (IN_CREATE | IN_MOVED_TO | IN_MODIFY | IN_DELETE)

static const char *const colors[] = {"36", "33", "32", "35", "34", "96", "93", "92", "95", "94"};

static int flush(struct log_view *view, struct err *err)
{
	int r = fd_write_all(STDOUT_FILENO, view->out.text, view->out.len);

	strbuf_reset(&view->out);
	return r < 0 ? err_sys(err, -r, "write to standard output") : 0;
}

/* "shop-web-1" → "web-1" */
static const char *label(const struct log_view *view, const struct log_source *source)
{
	size_t len = strlen(view->options.project);

	if (strncmp(source->container, view->options.project, len) == 0 &&
	    source->container[len] == '-' && source->container[len + 1])
		return source->container + len + 1;
	return source->container;
}

static void make_prefix(struct log_view *view, size_t at)
{
	const char *text = label(view, view->sources[at]);
	size_t width = table_text_width(text);

	strbuf_reset(&view->prefix);
	if (view->options.no_prefix)
		return;
	if (view->options.color)
		strbuf_printf(&view->prefix, "\033[%sm", colors[at % ARRAY_SIZE(colors)]);
	strbuf_puts(&view->prefix, text);
	for (; width < view->label_width; width++)
		strbuf_putc(&view->prefix, ' ');
	strbuf_puts(&view->prefix, view->options.color ? "  |\033[0m " : "  | ");
}

static int print(struct log_view *view, size_t at, struct err *err)
{
	const struct log_record *record = &view->sources[at]->record;

	if (record->time_ns < view->options.since_ns ||
	    (view->options.until_ns && record->time_ns > view->options.until_ns))
		return 0;
	make_prefix(view, at);
	strbuf_add(&view->out, view->prefix.text, view->prefix.len);
	if (view->options.timestamps) {
		strbuf_add(&view->out, record->time, record->time_len);
		strbuf_putc(&view->out, ' ');
	}
	if (view->options.terminal)
		log_text_for_terminal(&view->out, record->text, record->len, view->prefix.text);
	else
		strbuf_add(&view->out, record->text, record->len);
	strbuf_putc(&view->out, '\n');
	return view->out.len >= FLUSH_SIZE ? flush(view, err) : 0;
}

static bool is_known(const struct log_view *view, const char *container)
{
	for (size_t i = 0; i < view->n; i++)
		if (strcmp(view->sources[i]->container, container) == 0)
			return true;
	return false;
}

static void add_source(struct log_view *view, const char *container, long tail)
{
	struct log_source *source = calloc(1, sizeof(*source));
	size_t width;

	view->sources = reallocarray(view->sources, view->n + 1, sizeof(struct log_source *));
	if (!view->sources || !source)
		abort();
	log_source_init(source, view->dirfd, container, tail);
	width = table_text_width(label(view, source));
	view->label_width = width > view->label_width ? width : view->label_width;
	view->sources[view->n++] = source;
}

/* Look for logs that are not open yet.  Those of a later container are read from the beginning. */
static void scan(struct log_view *view, long tail)
{
	struct dirent **entries;
	int n = scandirat(view->dirfd, ".", &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char *name = entries[i]->d_name;
		size_t len = strlen(name);

		if (len > strlen(SUFFIX) && strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0) {
			name[len - strlen(SUFFIX)] = '\0';
			if (text_is_name(name, 255) && !is_known(view, name) &&
			    view->options.wanted(view->options.data, name))
				add_source(view, name, tail);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

int log_view_open(struct log_view *view, const char *directory,
		  const struct log_view_options *options, struct err *err)
{
	view->options = *options;
	view->dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (view->dirfd < 0)
		return err_sys(err, errno, "open '%s'", directory);
	/* Watch before looking: what comes in between is then seen twice, not never. */
	if (options->follow) {
		view->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		if (view->fd < 0 || inotify_add_watch(view->fd, directory, WATCHED) < 0)
			return err_sys(err, errno, "watch '%s'", directory);
	}
	scan(view, options->tail);
	return 0;
}

void log_view_release(struct log_view *view)
{
	for (size_t i = 0; i < view->n; i++) {
		log_source_release(view->sources[i]);
		free(view->sources[i]);
	}
	free(view->sources);
	cleanup_close(&view->dirfd);
	cleanup_close(&view->fd);
	strbuf_release(&view->out);
	strbuf_release(&view->prefix);
}

/* Print records, oldest first, as long as MORE finds some. */
static int merge(struct log_view *view, bool (*more)(struct log_source *), struct err *err)
{
	for (size_t i = 0; i < view->n; i++)
		more(view->sources[i]);
	for (;;) {
		size_t oldest = view->n;
		int r;

		for (size_t i = 0; i < view->n; i++)
			if (view->sources[i]->has_record &&
			    (oldest == view->n || view->sources[i]->record.time_ns <
							  view->sources[oldest]->record.time_ns))
				oldest = i;
		if (oldest == view->n)
			return flush(view, err);
		r = print(view, oldest, err);
		if (r < 0)
			return r;
		more(view->sources[oldest]);
	}
}

int log_view_drain(struct log_view *view, struct err *err)
{
	return merge(view, log_source_next, err);
}

int log_view_serve(struct log_view *view, struct err *err)
{
	_Alignas(struct inotify_event) char events[4096];

	while (read(view->fd, events, sizeof(events)) > 0)
		;
	scan(view, -1);
	return log_view_drain(view, err);
}

int log_view_finish(struct log_view *view, struct err *err)
{
	int r = log_view_drain(view, err);

	return r < 0 ? r : merge(view, log_source_finish, err);
}
