// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/watch_changes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* By component: what is in a directory comes right behind it. */
static int compare(const char *a, const char *b)
{
	for (; *a && *a == *b; a++)
		b++;
	if (*a == *b)
		return 0;
	if (!*a || !*b)
		return *a ? 1 : -1;
	return *a == '/' ? -1 : *b == '/' ? 1 : (unsigned char)*a - (unsigned char)*b;
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return len == 0 || (strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]));
}

/* The first one that is not before PATH. */
static size_t position(const struct watch_paths *paths, const char *path)
{
	size_t low = 0, high = paths->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare(paths->items[middle], path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void take_out(struct watch_paths *paths, size_t from, size_t to)
{
	if (from == to)
		return;
	for (size_t i = from; i < to; i++)
		free(paths->items[i]);
	memmove(paths->items + from, paths->items + to, (paths->n - to) * sizeof(*paths->items));
	paths->n -= to - from;
}

static void clear(struct watch_paths *paths)
{
	take_out(paths, 0, paths->n);
	free(paths->items);
	*paths = (struct watch_paths){.items = NULL};
}

static void add(struct watch_paths *paths, const char *path)
{
	size_t at = position(paths, path), end = at;
	char **grown;

	if ((at > 0 && is_below(path, paths->items[at - 1])) ||
	    (at < paths->n && strcmp(paths->items[at], path) == 0))
		return;
	while (end < paths->n && is_below(paths->items[end], path))
		end++;
	take_out(paths, at, end);
	grown = realloc(paths->items, (paths->n + 1) * sizeof(*grown));
	if (!grown)
		abort();
	paths->items = grown;
	memmove(grown + at + 1, grown + at, (paths->n - at) * sizeof(*grown));
	grown[at] = strdup(path);
	if (!grown[at])
		abort();
	paths->n++;
}

void watch_changes_add(struct watch_changes *changes, const char *path, int64_t now_ms)
{
	if (changes->paths.n == 0)
		changes->first_ms = now_ms;
	changes->last_ms = now_ms;
	add(&changes->paths, path);
}

void watch_changes_remove(struct watch_changes *changes, const char *path, int64_t now_ms)
{
	watch_changes_add(changes, path, now_ms);
	add(&changes->gone, path);
}

int64_t watch_changes_wait_ms(const struct watch_changes *changes, int64_t now_ms)
{
	int64_t quiet = changes->last_ms + WATCH_QUIET_MS - now_ms;
	int64_t burst = changes->first_ms + WATCH_BURST_MS - now_ms;
	int64_t wait = quiet < burst ? quiet : burst;

	return changes->paths.n == 0 ? -1 : wait > 0 ? wait : 0;
}

struct watch_changes watch_changes_take(struct watch_changes *changes)
{
	struct watch_changes taken = *changes;

	*changes = (struct watch_changes){.first_ms = 0};
	return taken;
}

void watch_changes_clear(struct watch_changes *changes)
{
	clear(&changes->paths);
	clear(&changes->gone);
}
