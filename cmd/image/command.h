// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_IMAGE_COMMAND_H
#define STACK_CMD_IMAGE_COMMAND_H

#include "core/base/err.h"
#include "core/base/paths.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Commands of stack-image
 *
 * `stack image …` becomes `stack-image …`, so what is printed here is read as
 * coming from `stack`.
 */
struct command {
	const char *name, *operands, *help; /* no help: only `stack` itself runs it */
	/* ARGV as for main(), argv[0] being the command's name.  Returns the exit status, or
	 * -errno with a sentence. */
	int (*run)(const struct paths *paths, int argc, char **argv, struct err *err);
};

extern const struct command command_import, command_ls, command_df, command_save, command_tag,
	command_rm, command_prune, command_commit, command_tar, command_pull, command_push,
	command_login, command_logout;

/* The arguments make no sense; getopt(3) or the caller said which. */
#define COMMAND_USAGE 2

/* "142.3 MiB" */
#define COMMAND_SIZE_LEN 32
const char *command_size(uint64_t bytes, char buf[COMMAND_SIZE_LEN]);

/* "nginx:latest 0123456789ab 142.3 MiB in 3 layers", a line on standard output. */
struct image;
void command_print_image(const struct image *image);

/* For layout_open(): says that another one is at work. */
void command_waiting(void);

/*
 * The options of a list: --format table|json, and FLAG, whose first letter is its short
 * form.  What is given is set.  False: the arguments make no sense.
 */
bool command_list_options(int argc, char **argv, const char *flag, bool *ret_flag, bool *ret_json);

/* "3 layers", "1 layer" */
const char *command_plural(size_t n);

#endif
