// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_PATTERN_H
#define STACK_CORE_MODEL_PATTERN_H

#include <regex.h>

struct err;

/*
 * Pattern: a regular expression of a stack file
 *
 * POSIX extended.  The C library's matcher grows with what repetitions unfold
 * to, `((a{255}){255}){255}` and nested pluses included, and back references
 * cost exponential time, so both are refused before it sees them.
 */
#define PATTERN_MAX 256 /* bytes */

/* Is TEXT such a pattern?  -EINVAL: no, and ERR says why. */
int pattern_check(const char *text, struct err *err);

/* The same, and compile it for matching; regfree() it. */
int pattern_compile(const char *text, regex_t *ret_regex, struct err *err);

#endif
