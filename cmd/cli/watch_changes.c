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
static size_t position(const struct watch_changes *changes, const char *path)
{
	size_t low = 0, high = changes->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (compare(changes->paths[middle], path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void take_out(struct watch_changes *changes, size_t from, size_t to)
{
	if (from == to)
		return;
	for (size_t i = from; i < to; i++)
		free(changes->paths[i]);
	memmove(changes->paths + from, changes->paths + to,
		(changes->n - to) * sizeof(*changes->paths));
	changes->n -= to - from;
}

void watch_changes_add(struct watch_changes *changes, const char *path, int64_t now_ms)
{
	size_t at = position(changes, path), end = at;
	char **grown;

	if (changes->n == 0)
		changes->first_ms = now_ms;
	changes->last_ms = now_ms;
	if ((at > 0 && is_below(path, changes->paths[at - 1])) ||
	    (at < changes->n && strcmp(changes->paths[at], path) == 0))
		return;
	while (end < changes->n && is_below(changes->paths[end], path))
		end++;
	take_out(changes, at, end);
	grown = realloc(changes->paths, (changes->n + 1) * sizeof(*grown));
	if (!grown)
		abort();
	changes->paths = grown;
	memmove(grown + at + 1, grown + at, (changes->n - at) * sizeof(*grown));
	grown[at] = strdup(path);
	if (!grown[at])
		abort();
	changes->n++;
}

int64_t watch_changes_wait_ms(const struct watch_changes *changes, int64_t now_ms)
{
	int64_t quiet = changes->last_ms + WATCH_QUIET_MS - now_ms;
	int64_t burst = changes->first_ms + WATCH_BURST_MS - now_ms;
	int64_t wait = quiet < burst ? quiet : burst;

	return changes->n == 0 ? -1 : wait > 0 ? wait : 0;
}

void watch_changes_clear(struct watch_changes *changes)
{
	take_out(changes, 0, changes->n);
	free(changes->paths);
	*changes = (struct watch_changes){.paths = NULL};
}
