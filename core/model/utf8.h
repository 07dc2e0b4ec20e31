// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_UTF8_H
#define STACK_CORE_MODEL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decode the character at P (RFC 3629, NUL-terminated text): its length in
 * bytes, and its number in RET_CHAR.  A byte that begins no well-formed
 * sequence is 0 long.
 */
size_t utf8_decode(const char *p, uint32_t *ret_char);

bool utf8_is_valid(const char *text);

#endif
