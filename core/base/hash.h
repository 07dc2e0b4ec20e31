// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_BASE_HASH_H
#define STACK_CORE_BASE_HASH_H

#include <stddef.h>

/*
 * Hashes: SHA-256 for names and change detection
 */
#define HASH_HEX_LEN 64

/* SHA-256 of LEN bytes as 64 lower-case hex digits and a NUL. */
void hash_bytes(char ret_hex[HASH_HEX_LEN + 1], const void *data, size_t len);

/*
 * The first DIGITS (at most 64) hex digits, and a NUL, of SHA-256 over the
 * strings that follow, up to a NULL.  Each string's NUL is hashed with it, so
 * ("ab","c") and ("a","bc") differ.
 */
void hash_name(char *ret_hex, size_t digits, ...) __attribute__((sentinel));

#endif
