// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_TESTS_UNIT_LOADLAB_H
#define STACK_TESTS_UNIT_LOADLAB_H

#include "core/base/strbuf.h"
#include "core/model/diagnostics.h"
#include "core/model/load.h"
#include "core/model/project.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/*
 * Loading files of a directory of the test's own, which is the working directory
 */

/* A directory of files, and what loading them came to. */
struct fixture {
	char dir[64], before[4096];
	struct diagnostics diag;
	struct project *project;
	struct strbuf rendered;
	struct err err;
};

int loadlab_setup(void **state);
int loadlab_teardown(void **state);

/* The file NAME says TEXT. */
void loadlab_put(const char *name, const char *text);

/* Load with OPTIONS, in no environment unless they have one; or TEXT as stack.yml. */
int loadlab_load_with(struct fixture *f, struct load_options options);
int loadlab_load(struct fixture *f, const char *text);

/* TEXT loads; it does not, and WORDS are said; WORDS have been said. */
void loadlab_loads(struct fixture *f, const char *text);
void loadlab_wrong(struct fixture *f, const char *text, const char *words);
void loadlab_said(const struct fixture *f, const char *words);

#endif
