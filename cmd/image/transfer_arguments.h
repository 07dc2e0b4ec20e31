// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_IMAGE_TRANSFER_ARGUMENTS_H
#define STACK_CMD_IMAGE_TRANSFER_ARGUMENTS_H

#include "cmd/image/command.h"
#include "cmd/image/view.h"
#include "core/base/err.h"
#include "store/registry/transfer.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Transfer arguments: the command line of what speaks with registries
 */
struct transfer_arguments {
	struct transfer_policy policy;
	enum view_kind kind;
	bool ignore_failures;
	const char *platform; /* as it stands there; NULL: none is named */
	char **names;	      /* of images, `n` of them, part of ARGV */
	size_t n;
};

/*
 * Parse the arguments of COMMAND.  0; -EINVAL; or the exit status, when its usage was printed.
 */
int transfer_arguments_parse(struct transfer_arguments *ret, const struct command *command,
			     int argc, char **argv, struct err *err);

#endif
