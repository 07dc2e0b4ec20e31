// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_SOURCES_H
#define STACK_CORE_MODEL_SOURCES_H

#include "core/base/err.h"
#include "core/model/names.h"
#include "core/model/origin.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct node;
struct reporter;
struct variables;

/*
 * Sources: the files a project is made of, as one tree
 *
 *	each: yaml ─ interpolate ─ extends ─ include, then laid over the one before
 *
 * in the order of the Compose Specification.  What is wrong with a file that
 * another one names is told where it is named.
 */
struct sources {
	struct arena *texts;   /* what the model keeps */
	struct arena *scratch; /* what loading needs */
	struct reporter *report;
	const char *cwd;
	const struct origin *origins; /* of all files so far */
	struct names warned;	      /* variables that were not set */
	struct uses *uses;	      /* variables.h; NULL: nobody asks */
	bool no_interpolate;
	size_t n_files, size;
	size_t copied; /* values that extends has written once more */
	const struct including *including;
	struct included_environment *environments; /* of included files */
	/* Told of each file's tree before its variables are replaced; may be NULL. */
	void (*parsed)(void *data, const struct node *root);
	void *data;
};

/* How many files one project may be made of, and how many values `extends` may add … */
#define SOURCES_FILES_MAX  256
#define SOURCES_COPIED_MAX ((size_t)1 << 20)

/* … and how many bytes the files may have together. */
#define SOURCES_SIZE_MAX ((size_t)16 << 20)

/* A set of files that belong together: those of -f, or of one element of `include`. */
struct source_set {
	const struct strings
		*files;	       /* as they are shown; relative ones from the working directory */
	const char *directory; /* absolute: where their relative paths start */
	const struct variables *environment;
};

/*
 * Read SET into one tree.
 *
 * -EINVAL: something is wrong in the files; all of it has been reported.
 * Else one of SET's own files could not be read, and ERR says why.
 * Blocks: for the disk.
 */
int sources_load(struct sources *sources, const struct source_set *set, struct node **ret_root,
		 struct err *err);

/* One file without `extends` and `include`.  FILE as in struct source_set; returns likewise. */
int sources_parse(struct sources *sources, const char *file, const char *directory,
		  const struct variables *environment, struct node **ret_root, struct err *err);

/*
 * Set what the .env file PATH says in RET, seeing ENVIRONMENT.  A missing one
 * is fine unless REQUIRED.  Returns as sources_load().
 */
int sources_read_dotenv(struct sources *sources, const char *path, bool required,
			const struct variables *environment, struct variables *ret,
			struct err *err);

/* PATH of the file at POS made absolute, and in a form to show: relative below the working
 * directory. */
const char *sources_path(struct sources *sources, struct position pos, const char *path);
const char *sources_shown(struct sources *sources, const char *absolute);

/* Variables for an included file, as long as SOURCES are there. */
struct variables *sources_environment(struct sources *sources);

void sources_release(struct sources *sources);

#endif
