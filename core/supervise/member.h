// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_MEMBER_H
#define STACK_CORE_SUPERVISE_MEMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct err;

/*
 * Members of JSON objects that users write
 *
 * null counts as absent, and so does everything below an OBJECT that is NULL.
 * All return -EINVAL, with a sentence that names the key, for another type.
 */

/* RET is borrowed; NULL: absent. */
int member_get(const json_t *object, const char *key, json_type type, const json_t **ret,
	       struct err *err);

/* The same for a list of texts. */
int member_texts(const json_t *object, const char *key, const json_t **ret, struct err *err);

/* A whole number from 0 to MAX; ABSENT when nothing is said. */
int member_number(const json_t *object, const char *key, uint64_t max, uint64_t absent,
		  uint64_t *ret, struct err *err);

/* Is TEXT in what member_texts() returned? */
bool member_has_text(const json_t *texts, const char *text);

/* The sentence for a member that is not what it must be.  Returns -EINVAL. */
int member_bad(const char *key, const char *expected, struct err *err);

#endif
