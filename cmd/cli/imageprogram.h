// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_IMAGEPROGRAM_H
#define STACK_CMD_CLI_IMAGEPROGRAM_H

#include "cmd/cli/options.h"
#include "core/base/err.h"

#include <limits.h>

struct cli;

/*
 * Image program: stack-image, which is alone in reading foreign archives and
 * speaking with registries
 */

/* Set in the environment where the store is. */
int imageprogram_environment(const struct cli *cli, struct err *err);

/*
 * Begin its command line in RET_ARGV with RET_PROGRAM, its path, and set in the environment where
 * the store is.
 *
 * -ENOENT: it is not there.
 */
int imageprogram_find(const struct cli *cli, char ret_program[PATH_MAX],
		      struct string_list *ret_argv, struct err *err);

/* Add to ARGV how progress is to be shown: as CLI says, or not at all where QUIET. */
void imageprogram_add_progress(const struct cli *cli, bool quiet, struct string_list *argv);

/* Become it, with the N further WORDS.  Returns only on failure. */
int imageprogram_exec(const struct cli *cli, char *const *words, size_t n, struct err *err);

/*
 * Run what ARGV (NULL-terminated) says, its results going nowhere.  RET_STATUS is its exit
 * status; a signal that ended it ends us as well.
 *
 * Blocks: until it is done.
 */
int imageprogram_run(const struct string_list *argv, int *ret_status, struct err *err);

#endif
