// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_USES_H
#define STACK_CORE_MODEL_USES_H

#include "core/model/names.h"
#include "core/model/project.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

/*
 * Uses: which files a project is made of, and which variables their values name
 *
 * One for each name, in the order of the files.  What the forms of several
 * places say is put together: a variable is required when one place requires
 * it, and the first default and alternative count.
 */
struct use {
	const char *name;
	bool required;		 /* ${V:?…} */
	const char *fallback;	 /* ${V:-fallback}; NULL: none */
	const char *alternative; /* ${V:+alternative}; NULL: none */
	const char *value;	 /* what it is now; NULL: not set */
	struct position pos;
};

struct uses {
	struct arena *arena; /* set by the owner; of everything in here */
	struct use *items;
	size_t n, size;
	struct names index;
	const char **files; /* absolute; .env files too, also where there is none */
	size_t n_files, files_size;
};

/* PATH was read; relative ones begin in CWD. */
void uses_add_file(struct uses *uses, const char *cwd, const char *path);

/*
 * NAME is used at POS: SIGN is '-', '?', '+' or 0, and WORD of LEN bytes, which
 * is not replaced, stands behind it.
 */
void uses_add(struct uses *uses, const char *name, char sign, const char *word, size_t len,
	      const char *value, struct position pos);

void uses_release(struct uses *uses);

#endif
