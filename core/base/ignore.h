// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_BASE_IGNORE_H
#define STACK_CORE_BASE_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Ignore: patterns for paths, as .dockerignore has them
 *
 * A path is relative, without "." and "..": "src/a.js".  In a pattern * is any
 * characters but /, ? one of these, [a-c] and [^a-c] one of a set, a whole ** also
 * any number of directories, and a backslash takes the meaning from what follows.
 * It starts at the directory, not anywhere: `*.log` is not `sub/x.log`, which
 * `**` and a slash before it make it.
 */

/* Does PATTERN match PATH, or a directory that PATH is in? */
bool ignore_match(const char *pattern, const char *path);

/*
 * Is PATH ignored by the N PATTERNS?  The last one that matches decides; one
 * with ! in front takes out what earlier ones took in.
 */
bool ignore_matches(const char *const *patterns, size_t n, const char *path);

#endif
