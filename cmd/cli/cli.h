// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_CLI_H
#define STACK_CMD_CLI_CLI_H

#include "cmd/cli/options.h"
#include "core/base/err.h"
#include "core/base/paths.h"
#include "core/base/text.h"

#include <stdbool.h>

struct diagnostics;
struct load_options;
struct project;
struct strbuf;
struct uses;

/*
 * CLI: what all commands share
 */
#define CLI_USAGE 2 /* exit status after a wrong command line or stack file */

enum cli_progress { PROGRESS_AUTO, PROGRESS_TTY, PROGRESS_PLAIN, PROGRESS_JSON, PROGRESS_QUIET };

/* The options before the command. */
struct cli_globals {
	struct string_list files, env_files, profiles;
	const char *project_name, *project_directory, *progress, *ansi;
	const char *root, *run, *log_level;
	bool version;
};

struct cli {
	struct cli_globals globals;
	struct paths paths;
	enum cli_progress progress; /* never PROGRESS_AUTO */
	bool color_out, color_err;  /* may colours go to standard output, standard error? */
	bool strict;		    /* warnings about the stack file are errors */
	bool json_diagnostics;	    /* what is said about it is JSON, for editors */
};

/*
 * Work out paths, progress, colours and defaults from the environment
 * (STACK_FILE, STACK_PROJECT_NAME, STACK_PROFILES, STACK_ENV_FILES, each also
 * as COMPOSE_…) once cli->globals is filled.  Returns like a command.
 */
int cli_init(struct cli *cli, struct err *err);

/*
 * Load the stack file; what is wrong with it, and warnings, go to standard
 * error.  0, CLI_USAGE when there is none or it has errors (all printed), or
 * -errno.
 */
int cli_load(const struct cli *cli, struct project **ret_project, struct err *err);

/* The same; USES (core/model/uses.h) gets what it is made of. */
int cli_load_uses(const struct cli *cli, struct uses *uses, struct project **ret_project,
		  struct err *err);

/* What the loader is told: all that the command line says about the stack file. */
struct load_options cli_load_options(const struct cli *cli);

/* Print DIAG to FD, and say how loading went (R): 0, CLI_USAGE or -errno. */
int cli_tell(const struct cli *cli, struct diagnostics *diag, int fd, int r, struct err *err);

/* The project's name, by loading its file only where no option names it.  Returns as cli_load(). */
int cli_project_name(const struct cli *cli, char ret_name[TEXT_NAME_MAX + 1], struct err *err);

/* "stack: MESSAGE" on standard error, safe for a terminal. */
void cli_say(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* The same for a command line that is wrong.  Returns CLI_USAGE. */
int cli_usage_error(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Write all of TEXT to standard output.  -errno: it could not be written. */
int cli_output(const struct strbuf *text, struct err *err);

/* What needs root says so in one sentence: -EPERM for anybody else. */
int cli_need_root(struct err *err);

#endif
