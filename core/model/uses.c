// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/uses.h"

#include "core/base/arena.h"

#include <stdint.h>
#include <string.h>

/* By number and not by address: the array moves when it grows. */
static struct use *find_or_add(struct uses *uses, const char *name)
{
	uintptr_t at = (uintptr_t)names_get(&uses->index, name);

	if (at > 0)
		return &uses->items[at - 1];
	if (uses->n == uses->size) {
		size_t size = uses->size ? uses->size * 2 : 16;
		struct use *items = ARENA_ARRAY(uses->arena, struct use, size);

		if (uses->n)
			memcpy(items, uses->items, uses->n * sizeof(*items));
		uses->items = items;
		uses->size = size;
	}
	uses->items[uses->n] = (struct use){.name = arena_strdup(uses->arena, name)};
	names_add(&uses->index, uses->items[uses->n].name, (void *)(uintptr_t)(uses->n + 1));
	return &uses->items[uses->n++];
}

void uses_add_file(struct uses *uses, const char *cwd, const char *path)
{
	if (uses->n_files == uses->files_size) {
		size_t size = uses->files_size ? uses->files_size * 2 : 8;
		const char **files = ARENA_ARRAY(uses->arena, const char *, size);

		if (uses->n_files)
			memcpy(files, uses->files, uses->n_files * sizeof(*files));
		uses->files = files;
		uses->files_size = size;
	}
	uses->files[uses->n_files++] = path[0] == '/' || !cwd
					       ? arena_strdup(uses->arena, path)
					       : arena_printf(uses->arena, "%s/%s", cwd, path);
}

void uses_add(struct uses *uses, const char *name, char sign, const char *word, size_t len,
	      const char *value, struct position pos)
{
	struct use *use = find_or_add(uses, name);

	if (!use->pos.line) {
		use->pos = pos;
		use->pos.file = arena_strdup(uses->arena, pos.file);
	}
	use->value = arena_strdup(uses->arena, value);
	use->required |= sign == '?';
	if (sign == '-' && !use->fallback)
		use->fallback = arena_strndup(uses->arena, word, len);
	if (sign == '+' && !use->alternative)
		use->alternative = arena_strndup(uses->arena, word, len);
}

void uses_release(struct uses *uses)
{
	names_release(&uses->index);
}
