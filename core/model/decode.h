// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_DECODE_H
#define STACK_CORE_MODEL_DECODE_H

#include "core/base/err.h"
#include "core/model/project.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct node;
struct origin;
struct reporter;
struct variables;

/*
 * Decoder: where in the tree reading is, and what it needs on the way
 *
 * Whatever is wrong goes to the reporter with the path in front
 * ("services.web.ports[1]: …") and reading goes on.
 */
struct crumb {
	const struct crumb *up;
	const char *key; /* NULL: element INDEX of a list */
	size_t index;
};

struct decoder {
	struct arena *arena;
	struct reporter *report;
	const struct crumb *at;
	const struct origin *origins; /* what paths and variables are relative to */
	const struct node *service;   /* the one in work */
	bool canonical;		      /* reading what was emitted: all is resolved */
};

void decode_error(struct decoder *decoder, struct position pos, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
void decode_warning(struct decoder *decoder, struct position pos, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
void decode_note(struct decoder *decoder, struct position pos, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* "expected EXPECTED, found a list" */
void decode_mismatch(struct decoder *decoder, const struct node *node, const char *expected);

/* The text of a scalar, or NULL after saying that EXPECTED was, or what else is wrong. */
const char *decode_text(struct decoder *decoder, const struct node *node, const char *expected);

/*
 * Which of the N NAMES the scalar NODE is: its index, or -1 after saying which
 * there are and which was meant.
 */
int decode_choice(struct decoder *decoder, const struct node *node, const char *const *names,
		  size_t n);

/* A scalar, or a list of them; an absent one for null. */
struct strings decode_strings(struct decoder *decoder, const struct node *node);

/* A mapping, or a list of "K=V"; VALUE NULL: K alone. */
struct map decode_map(struct decoder *decoder, const struct node *node);

/* PATH, which stands at POS, made absolute by where its file's paths start; ~ is HOME. */
const char *decode_path(struct decoder *decoder, struct position pos, const char *path);

/* The variables that the file of POS sees; NULL: none. */
const struct variables *decode_variables(const struct decoder *decoder, struct position pos);

#endif
