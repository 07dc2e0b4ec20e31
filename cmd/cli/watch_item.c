// SPDX-License-Identifier: GPL-2.0-or-later
/* A rule of develop.watch, and which paths it is about. */
#include "cmd/cli/watch_files.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/ignore.h"
#include "core/model/build.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DOCKERIGNORE	 ".dockerignore"
#define DOCKERIGNORE_MAX ((size_t)1 << 20)

/* What editors and version control write for themselves. */
static const char *const never[] = {
	"**/.git", "**/*~", "**/.*.sw?", "**/.*.sw??", "**/4913", "**/.#*", "**/#*#", "**/.idea",
};

/* Add the lines of the file at PATH, of which those that are empty or begin with # say nothing.
 * Is it there? */
static bool add_file(struct watch_ignored *ignored, const char *path, struct arena *arena)
{
	CLEANUP_FREE char *text = NULL;
	char *rest, *line;

	if (fd_read_file(AT_FDCWD, path, DOCKERIGNORE_MAX, &text, NULL, NULL) < 0)
		return false;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		size_t len;

		line += strspn(line, " \t\r");
		for (len = strlen(line); len > 0 && strchr(" \t\r", line[len - 1]);)
			line[--len] = '\0';
		if (len > 0 && *line != '#')
			string_list_add(&ignored->patterns, arena_strdup(arena, line));
	}
	return true;
}

/* What does not go into the image need not be watched for it, nor copied over it. */
static void add_build(struct watch_item *item, struct arena *arena)
{
	struct watch_ignored *ignored = &item->ignored[WATCH_IGNORED_BUILD];
	const struct build *build = item->service->build;
	const char *context = build ? build->context : "", *name;
	size_t len = strlen(context);

	while (len > 1 && context[len - 1] == '/')
		len--;
	if (*context != '/' || strncmp(item->path, context, len) != 0 || item->path[len] != '/')
		return;
	ignored->base = arena_printf(arena, "%s/", item->path + len + 1);
	name = build->dockerfile ? build->dockerfile : "Dockerfile";
	if (*name != '/')
		name = arena_printf(arena, "%.*s/%s", (int)len, context, name);
	if (!add_file(ignored, arena_printf(arena, "%s" DOCKERIGNORE, name), arena))
		(void)add_file(ignored,
			       arena_printf(arena, "%.*s/" DOCKERIGNORE, (int)len, context), arena);
}

void watch_item_look(struct watch_item *item)
{
	struct stat st;

	if (stat(item->path, &st) == 0)
		item->is_file = !S_ISDIR(st.st_mode);
}

void watch_item_init(struct watch_item *item, const struct service *service,
		     const struct watch_rule *rule, struct arena *arena)
{
	struct watch_ignored *here = &item->ignored[WATCH_IGNORED_HERE];
	size_t len = strlen(rule->path);

	while (len > 1 && rule->path[len - 1] == '/')
		len--;
	*item = (struct watch_item){.service = service,
				    .rule = rule,
				    .path = arena_printf(arena, "%.*s", (int)len, rule->path)};
	for (size_t i = 0; i < WATCH_IGNORED_COUNT; i++)
		item->ignored[i].base = "";
	watch_item_look(item);
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		string_list_add(&here->patterns, never[i]);
	(void)add_file(here, arena_printf(arena, "%s/" DOCKERIGNORE, item->path), arena);
	for (size_t i = 0; i < rule->ignore.n; i++)
		string_list_add(&here->patterns, rule->ignore.items[i]);
	add_build(item, arena);
}

void watch_item_release(struct watch_item *item)
{
	for (size_t i = 0; i < WATCH_IGNORED_COUNT; i++)
		string_list_release(&item->ignored[i].patterns);
	watch_changes_clear(&item->changes);
}

/* Does an exception name something in the ignored DIRECTORY, letter by letter as far as that goes?
 */
static bool has_exception(const struct string_list *patterns, const char *directory)
{
	size_t len = strlen(directory);

	for (size_t i = 0; i < patterns->n; i++) {
		const char *pattern = patterns->items[i];

		if (*pattern++ != '!')
			continue;
		pattern += strspn(pattern, "/");
		if (strncmp(pattern, directory, len) == 0 && pattern[len] == '/')
			return true;
	}
	return false;
}

static bool leaves_out(const struct watch_ignored *ignored, const char *path, bool directory)
{
	const struct string_list *patterns = &ignored->patterns;
	char whole[PATH_MAX];
	size_t len = (size_t)snprintf(whole, sizeof(whole), "%s%s", ignored->base, path);

	if (len == 0 || len >= sizeof(whole))
		return false;
	if (whole[len - 1] == '/')
		whole[len - 1] = '\0';
	return ignore_matches(patterns->items, patterns->n, whole) &&
	       !(directory && has_exception(patterns, whole));
}

bool watch_item_is_left_out(const struct watch_item *item)
{
	return !item->is_file && leaves_out(&item->ignored[WATCH_IGNORED_BUILD], "", true);
}

bool watch_item_wants(const struct watch_item *item, const char *path, bool directory)
{
	const struct strings *include = &item->rule->include;

	if (!*path)
		return true;
	for (size_t i = 0; i < WATCH_IGNORED_COUNT; i++)
		if (leaves_out(&item->ignored[i], path, directory))
			return false;
	if (directory || include->n == 0)
		return true;
	for (size_t i = 0; i < include->n; i++)
		if (ignore_match(include->items[i], path))
			return true;
	return false;
}
