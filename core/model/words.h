// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_WORDS_H
#define STACK_CORE_MODEL_WORDS_H

#include "core/base/err.h"
#include "core/model/project.h"

struct arena;

/*
 * Split a command line into words as a shell does: blanks separate, quotes and
 * backslashes keep together, nothing is expanded.
 *
 * -EINVAL: a quote is not closed.
 */
int words_split(struct arena *arena, const char *text, struct strings *ret_words, struct err *err);

#endif
