// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_BASE_ARENA_H
#define STACK_CORE_BASE_ARENA_H

#include "core/base/err.h"

#include <stdarg.h>
#include <stddef.h>

/*
 * Arena: memory of things that die together
 *
 * A stack file's model is thousands of small strings that live exactly as long
 * as the model.  They come from one arena and go with it.  Running out of
 * memory ends the program (a stack file is bounded to a few MiB, see load.h),
 * so none of these functions returns NULL and no caller checks.
 */
struct arena;

struct arena *arena_new(void);

/* Frees everything allocated from ARENA.  NULL is fine. */
void arena_free(struct arena *arena);

/* For CLEANUP(arena_cleanup) struct arena *arena = … */
void arena_cleanup(struct arena **arena);

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);

/* COUNT zeroed elements of SIZE bytes; the product is checked. */
void *arena_array(struct arena *arena, size_t count, size_t size);

#define ARENA_NEW(arena, type)	    ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, n) ((type *)arena_array((arena), (n), sizeof(type)))

/* NULL stays NULL. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_printf(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Bytes taken from the system so far; what the limits of the loader count. */
size_t arena_size(const struct arena *arena);

#endif
