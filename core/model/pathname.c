// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/pathname.h"

#include "core/base/arena.h"

#include <stdbool.h>
#include <string.h>

/* Drop the last component of the absolute path that ends at END. */
static char *drop_last(char *start, char *end)
{
	while (end > start && *--end != '/')
		;
	return end;
}

static const char *clean(struct arena *arena, const char *path)
{
	char *start = arena_alloc(arena, strlen(path) + 2), *out = start;

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && path[0] == '.' && path[1] == '.') {
			out = drop_last(start, out);
		} else if (len > 0 && !(len == 1 && path[0] == '.')) {
			*out++ = '/';
			memcpy(out, path, len);
			out += len;
		}
		path += len;
		while (*path == '/')
			path++;
	}
	if (out == start)
		*out++ = '/';
	*out = '\0';
	return start;
}

const char *pathname_resolve(struct arena *arena, const char *base, const char *home,
			     const char *path)
{
	if (path[0] == '/')
		return clean(arena, path);
	if (home && path[0] == '~' && (path[1] == '\0' || path[1] == '/'))
		return clean(arena, arena_printf(arena, "%s/%s", home, path + 1));
	return clean(arena, arena_printf(arena, "%s/%s", base, path));
}

const char *pathname_parent(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	return slash == path ? "/" : arena_strndup(arena, path, (size_t)(slash - path));
}
