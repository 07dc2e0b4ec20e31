// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_ORIGIN_H
#define STACK_CORE_MODEL_ORIGIN_H

#include "core/model/project.h"

struct variables;

/*
 * Origin: what a file's words are relative to
 *
 * A project may be made of files of several places.  The paths in each start
 * where it says, not where the first one lies, and the variables it sees are
 * its own: an included file has a .env of its own.
 */
struct origin {
	const char *file;      /* as in the positions of its nodes: this very pointer */
	const char *directory; /* absolute: relative paths start here */
	const struct variables *environment; /* NULL: none */
	const struct origin *next;
};

/* That of the file POS is in; the last one, which is the project's own, for a place in no file. */
const struct origin *origin_find(const struct origin *origins, struct position pos);

#endif
