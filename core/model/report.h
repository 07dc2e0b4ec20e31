// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_REPORT_H
#define STACK_CORE_MODEL_REPORT_H

#include "core/model/diagnostics.h"

#include <stdarg.h>

/*
 * Reporter: diagnostics that know the source line
 *
 * Remembers the text of each file that is read, so that whoever finds
 * something wrong only has to say where.  It lives while a file is loaded; the
 * diagnostics, which it writes to, outlive it.
 */
struct source;

struct reporter {
	struct diagnostics *diag;
	struct arena *arena; /* for what it remembers */
	struct source *sources;
};

/* TEXT is borrowed until the reporter is done with, FILE as well. */
void reporter_add_source(struct reporter *reporter, const char *file, const char *text, size_t len);

/* Returns -EINVAL, for whoever has just found an error. */
int report(struct reporter *reporter, enum severity severity, struct position pos, const char *fmt,
	   ...) PRINTF_LIKE(4, 5);

#endif
