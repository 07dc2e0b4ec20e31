// SPDX-License-Identifier: GPL-2.0-or-later
/* A rule of develop.watch, and which paths it is about. */
#include "cmd/cli/watch_files.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/ignore.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DOCKERIGNORE	 ".dockerignore"
#define DOCKERIGNORE_MAX ((size_t)1 << 20)

/* What editors and version control write for themselves. */
static const char *const never[] = {
	"**/.git", "**/*~", "**/.*.sw?", "**/.*.sw??", "**/4913", "**/.#*", "**/#*#", "**/.idea",
};

/* Lines, of which those that are empty or begin with # say nothing. */
static void add_file(struct watch_item *item, struct arena *arena)
{
	CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX], *rest, *line;

	if ((size_t)snprintf(path, sizeof(path), "%s/" DOCKERIGNORE, item->path) >= sizeof(path) ||
	    fd_read_file(AT_FDCWD, path, DOCKERIGNORE_MAX, &text, NULL, NULL) < 0)
		return;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		size_t len;

		line += strspn(line, " \t\r");
		for (len = strlen(line); len > 0 && strchr(" \t\r", line[len - 1]);)
			line[--len] = '\0';
		if (len > 0 && *line != '#')
			string_list_add(&item->ignored, arena_strdup(arena, line));
	}
}

void watch_item_init(struct watch_item *item, const struct service *service,
		     const struct watch_rule *rule, struct arena *arena)
{
	size_t len = strlen(rule->path);
	struct stat st;

	while (len > 1 && rule->path[len - 1] == '/')
		len--;
	*item = (struct watch_item){.service = service,
				    .rule = rule,
				    .path = arena_printf(arena, "%.*s", (int)len, rule->path)};
	item->is_file = stat(item->path, &st) == 0 && !S_ISDIR(st.st_mode);
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		string_list_add(&item->ignored, never[i]);
	add_file(item, arena);
	for (size_t i = 0; i < rule->ignore.n; i++)
		string_list_add(&item->ignored, rule->ignore.items[i]);
}

void watch_item_release(struct watch_item *item)
{
	string_list_release(&item->ignored);
	watch_changes_clear(&item->changes);
}

/* Does an exception name something in the ignored DIRECTORY, letter by letter as far as that goes?
 */
static bool has_exception(const struct watch_item *item, const char *directory)
{
	size_t len = strlen(directory);

	for (size_t i = 0; i < item->ignored.n; i++) {
		const char *pattern = item->ignored.items[i];

		if (*pattern++ != '!')
			continue;
		pattern += strspn(pattern, "/");
		if (strncmp(pattern, directory, len) == 0 && pattern[len] == '/')
			return true;
	}
	return false;
}

bool watch_item_wants(const struct watch_item *item, const char *path, bool directory)
{
	const struct strings *include = &item->rule->include;

	if (!*path)
		return true;
	if (ignore_matches(item->ignored.items, item->ignored.n, path))
		return directory && has_exception(item, path);
	if (directory || include->n == 0)
		return true;
	for (size_t i = 0; i < include->n; i++)
		if (ignore_match(include->items[i], path))
			return true;
	return false;
}
