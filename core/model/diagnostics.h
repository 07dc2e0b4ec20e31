// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_DIAGNOSTICS_H
#define STACK_CORE_MODEL_DIAGNOSTICS_H

#include "core/base/err.h"
#include "core/model/project.h"

#include <stdbool.h>
#include <stddef.h>

struct strbuf;

/*
 * Diagnostics: everything there is to say about a stack file
 *
 *	stack.yml:12:5: services.web: unknown key 'port'; did you mean 'ports'?
 *	  12 |     port: 80
 *	     |     ^
 *
 * Collected while loading, ordered by position, printed once by cmd/.
 */
enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };

struct diagnostic {
	enum severity severity;
	struct position pos;
	const char *text;   /* without position; control characters not yet escaped */
	const char *source; /* the line it stands in; NULL where unknown */
};

struct diagnostics {
	struct diagnostic *items;
	size_t n, size;
	size_t n_errors;
	struct arena *arena;
};

#define DIAGNOSTICS_INIT                                                                           \
	{                                                                                          \
		.items = NULL                                                                      \
	}

/* "stack.yml:12:5", for a sentence about two places; in BUF, cut off when it is long. */
#define POSITION_TEXT_MAX 256
const char *position_text(struct position pos, char buf[POSITION_TEXT_MAX]);

void diagnostics_add(struct diagnostics *diag, enum severity severity, struct position pos,
		     const char *source, const char *fmt, ...) PRINTF_LIKE(5, 6);

/* Is there so much wrong already that more is only counted? */
bool diagnostics_is_full(const struct diagnostics *diag);

/* By file in the order of first mention, then line and column; equal ones once. */
void diagnostics_sort(struct diagnostics *diag);

/* Make errors of all warnings; how many there were. */
size_t diagnostics_promote(struct diagnostics *diag);

/* As compilers print it, with the source line and a caret, safe for a terminal. */
void diagnostics_render(const struct diagnostics *diag, struct strbuf *out);

/* [{"severity":"error","file":…,"line":…,"column":…,"message":…}, …] for editors. */
void diagnostics_render_json(const struct diagnostics *diag, struct strbuf *out);

void diagnostics_release(struct diagnostics *diag);

#endif
