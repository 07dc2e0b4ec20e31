// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_LOAD_H
#define STACK_CORE_MODEL_LOAD_H

#include <stdbool.h>
#include <stddef.h>

struct diagnostics;
struct project;
struct uses;
struct variables;
struct strbuf;
struct err;

/*
 * Load: stack file → struct project
 *
 *	yaml (line:column) ─ interpolate ─ extends, include ─ merge ─ normalise ─ validate ─▶
 *project
 *
 * All that is wrong with the files is collected in a struct diagnostics
 * (diagnostics.h), in one run, each with file, line and column; a project
 * comes out only when none of it is an error.  Nothing is written anywhere.
 */
struct load_options {
	const char *const *files; /* -f, in order; "-" is standard input; NULL/0: searched for */
	size_t n_files;
	const char *project_name;      /* -p; NULL: `name:`, COMPOSE_PROJECT_NAME, the directory */
	const char *project_directory; /* NULL: that of the first file */
	const char *const *env_files;  /* --env-file; NULL/0: .env beside the first file */
	size_t n_env_files;
	const char *const *profiles; /* --profile; "*" is all */
	size_t n_profiles;
	const char *const *environ; /* "K=V", NULL-terminated: what ${V} sees first */
	bool no_interpolate;
	bool strict;	   /* warnings are errors */
	struct uses *uses; /* gets the variables that values name; NULL: nobody asks */
};

/*
 * RET_PROJECT is set only when 0 is returned; free it with project_free().
 * Warnings may be in DIAG all the same.
 *
 * -EINVAL: DIAG has errors.
 * -ENOENT: no stack file was found; ERR says where it was looked for.
 * Blocks: for the disk.
 */
int load_project(const struct load_options *options, struct diagnostics *diag,
		 struct project **ret_project, struct err *err);

/*
 * The files' own words as one tree, written to OUT: extends, include and
 * merging are done, short forms and relative paths stay.  With
 * options->no_interpolate the variables stay as well.  Returns likewise.
 */
int load_tree(const struct load_options *options, bool yaml, struct diagnostics *diag,
	      struct strbuf *out, struct err *err);

/* All variables that the values see, the process's and those of .env.  Returns likewise. */
int load_variables(const struct load_options *options, struct diagnostics *diag,
		   struct variables *ret, struct err *err);

/*
 * Read back what project_emit_json() wrote: the same loader without
 * interpolation, .env, env_file and search.  NAME is used in messages.
 */
int load_canonical(const char *text, size_t len, const char *name, struct diagnostics *diag,
		   struct project **ret_project, struct err *err);

/*
 * The resolved project in the Compose file's own words, long forms, fixed
 * order: what the supervisor is sent.  load_canonical() of the output gives an
 * equal project, and emitting that the same bytes.  OUT is appended to.
 */
void project_emit_json(const struct project *project, struct strbuf *out);
void project_emit_yaml(const struct project *project, struct strbuf *out);

/*
 * The same for a file of the user's: every $ is doubled, and what only
 * load_canonical() understands is left out.  load_project() reads it.
 */
void project_emit_file(const struct project *project, bool yaml, struct strbuf *out);

struct service;

/*
 * Those attributes of a service whose apply class is in CLASSES (schema.h), as
 * canonical JSON: what its hashes are made of.
 */
void service_emit_classes(const struct service *service, unsigned int classes, struct strbuf *out);

#endif
