// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_HELP_H
#define STACK_CMD_CLI_HELP_H

#include "cmd/cli/options.h"

/* The options before the command: they fill a struct cli_globals. */
extern const struct option_spec help_global_options[];
extern const size_t help_n_global_options;

/* Print what `stack help` prints.  -errno: it could not be written. */
int help_print(void);

#endif
