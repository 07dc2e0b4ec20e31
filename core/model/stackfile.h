// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_STACKFILE_H
#define STACK_CORE_MODEL_STACKFILE_H

#include "core/base/err.h"
#include "core/model/project.h"

struct arena;
struct load_options;
struct variables;

/*
 * Which files make up the project, in order, as the user would name them: -f,
 * else STACK_FILE or COMPOSE_FILE, else what is found in the project directory
 * or the working directory and then upwards, with its override file.
 *
 * -ENOENT: none is found.
 * Blocks: for the disk.
 */
int stackfile_find(const struct load_options *options, const struct variables *environment,
		   struct arena *arena, struct strings *ret_files, struct err *err);

/*
 * The directory that relative paths of FIRST (as found above) start at, made
 * absolute: options->project_directory, else the one FIRST lies in.  RET_CWD is
 * the working directory.
 */
int stackfile_directory(const struct load_options *options, const char *first, struct arena *arena,
			const char **ret_cwd, const char **ret_directory, struct err *err);

/* STACK_<name>, else COMPOSE_<name>, else NULL; an empty one counts as none. */
const char *stackfile_setting(const struct variables *environment, const char *name);

/* TEXT split at SEPARATOR, without empty parts. */
struct strings stackfile_split(struct arena *arena, const char *text, char separator);

#endif
