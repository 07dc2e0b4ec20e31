// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_BASE_TEXT_H
#define STACK_CORE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct strbuf;

/*
 * Text: escaping for terminals, names, suggestions
 */

/*
 * Append TEXT to OUT so that it cannot control a terminal: C0 and C1 control
 * characters, DEL and bytes that are not UTF-8 become \n, \t, \xNN.  Everything
 * that comes from a file, an image or a container passes here on its way to
 * the user.
 */
void text_escape(struct strbuf *out, const char *text, size_t len);

/*
 * A name of a service, network, volume or project: ^[a-zA-Z0-9][a-zA-Z0-9_.-]*$,
 * 1 to MAX bytes.  Names become file names, so "." and ".." never pass.
 */
bool text_is_name(const char *text, size_t max);

#define TEXT_NAME_MAX 63

/*
 * Which of the N CANDIDATES did the user mean by WORD?  NULL when none is near
 * (more than a third of the letters differ, by Damerau-Levenshtein distance).
 */
const char *text_suggest(const char *word, const char *const *candidates, size_t n);

#endif
