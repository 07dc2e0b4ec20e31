// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/cli.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/strbuf.h"
#include "core/model/diagnostics.h"
#include "core/model/load.h"
#include "core/model/project.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say(const char *fmt, va_list args) PRINTF_LIKE(1, 0);

static void say(const char *fmt, va_list args)
{
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
	CLEANUP_FREE char *text = NULL;

	if (vasprintf(&text, fmt, args) < 0) {
		text = NULL;
		return;
	}
	strbuf_puts(&line, "stack: ");
	text_escape(&line, text, strlen(text));
	strbuf_putc(&line, '\n');
	(void)fd_write_all(STDERR_FILENO, line.text, line.len);
}

void cli_say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
}

int cli_usage_error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
	return CLI_USAGE;
}

int cli_output(const struct strbuf *text, struct err *err)
{
	int r = fd_write_all(STDOUT_FILENO, text->text, text->len);

	return r < 0 ? err_sys(err, -r, "write to standard output") : 0;
}

int cli_need_root(struct err *err)
{
	if (geteuid() == 0)
		return 0;
	return err_set(err, EPERM,
		       "this needs root: namespaces, networks and cgroups are made; try sudo");
}

/* STACK_<NAME>, else COMPOSE_<NAME>; NULL when neither says anything. */
static const char *variable(const char *name)
{
	static const char *const prefixes[] = {"STACK", "COMPOSE"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		char full[64];
		const char *value;

		snprintf(full, sizeof(full), "%s_%s", prefixes[i], name);
		value = getenv(full);
		if (value && value[0])
			return value;
	}
	return NULL;
}

/* Where the option was not given, take the parts of the variable that stands for it. */
static void list_from_variable(struct string_list *list, const char *name, const char *separator)
{
	const char *value = variable(name);
	char *copy, *part;

	if (list->n > 0 || !value)
		return;
	copy = strdup(value); /* the list borrows it until the program ends */
	for (part = copy ? strtok(copy, separator) : NULL; part; part = strtok(NULL, separator))
		string_list_add(list, part);
}

static int choose_progress(struct cli *cli)
{
	static const char *const names[] = {"auto", "tty", "plain", "json", "quiet"};
	const char *wanted = cli->globals.progress ? cli->globals.progress : "auto";
	const char *term = getenv("TERM");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names) && strcmp(wanted, names[i]) != 0; i++)
		;
	if (i == ARRAY_SIZE(names))
		return cli_usage_error("--progress is auto, tty, plain, json or quiet, not '%s'",
				       wanted);
	cli->progress = (enum cli_progress)i;
	if (cli->progress == PROGRESS_AUTO)
		cli->progress = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0
					? PROGRESS_TTY
					: PROGRESS_PLAIN;
	return 0;
}

static int choose_colors(struct cli *cli)
{
	const char *wanted = cli->globals.ansi ? cli->globals.ansi : "auto";
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	bool possible = !(no_color && no_color[0]) && term && strcmp(term, "dumb") != 0;

	if (strcmp(wanted, "always") == 0) {
		cli->color_out = cli->color_err = true;
	} else if (strcmp(wanted, "auto") == 0) {
		cli->color_out = possible && isatty(STDOUT_FILENO);
		cli->color_err = possible && isatty(STDERR_FILENO);
	} else if (strcmp(wanted, "never") != 0) {
		return cli_usage_error("--ansi is auto, never or always, not '%s'", wanted);
	}
	return 0;
}

int cli_init(struct cli *cli, struct err *err)
{
	struct cli_globals *globals = &cli->globals;
	enum log_level level;
	int r;

	if (!globals->log_level)
		globals->log_level = variable("LOG_LEVEL");
	if (globals->log_level) {
		if (log_level_parse(globals->log_level, &level) < 0)
			return cli_usage_error("--log-level is error, warn, info or debug");
		log_set_level(level);
	}
	if (!globals->project_name)
		globals->project_name = variable("PROJECT_NAME");
	list_from_variable(&globals->files, "FILE", ":");
	list_from_variable(&globals->profiles, "PROFILES", ",");
	list_from_variable(&globals->env_files, "ENV_FILES", ",");
	if (globals->project_name && !text_is_name(globals->project_name, TEXT_NAME_MAX))
		return cli_usage_error("'%s' cannot be the name of a project: up to %d letters, "
				       "digits and '_', '.', '-', a letter or digit first",
				       globals->project_name, TEXT_NAME_MAX);
	r = choose_progress(cli);
	if (r == 0)
		r = choose_colors(cli);
	if (r == 0)
		r = paths_init(&cli->paths, globals->root, globals->run, err);
	return r;
}

struct load_options cli_load_options(const struct cli *cli)
{
	const struct cli_globals *globals = &cli->globals;

	return (struct load_options){
		.files = globals->files.items,
		.n_files = globals->files.n,
		.project_name = globals->project_name,
		.project_directory = globals->project_directory,
		.env_files = globals->env_files.items,
		.n_env_files = globals->env_files.n,
		.profiles = globals->profiles.items,
		.n_profiles = globals->profiles.n,
		.environ = (const char *const *)environ,
		.strict = cli->strict,
	};
}

int cli_tell(const struct cli *cli, struct diagnostics *diag, int fd, int r, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	diagnostics_sort(diag);
	if (cli->json_diagnostics && (diag->n > 0 || fd == STDOUT_FILENO))
		diagnostics_render_json(diag, &text);
	else if (!cli->json_diagnostics)
		diagnostics_render(diag, &text);
	(void)fd_write_all(fd, text.text, text.len);
	if (r == -ENOENT)
		return cli_usage_error("%s", err->msg);
	return diag->n_errors > 0 ? CLI_USAGE : r;
}

int cli_load_uses(const struct cli *cli, struct uses *uses, struct project **ret_project,
		  struct err *err)
{
	CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;
	struct load_options options = cli_load_options(cli);
	int r;

	options.uses = uses;
	r = load_project(&options, &diag, ret_project, err);
	return cli_tell(cli, &diag, STDERR_FILENO, r, err);
}

int cli_load(const struct cli *cli, struct project **ret_project, struct err *err)
{
	return cli_load_uses(cli, NULL, ret_project, err);
}

int cli_project_name(const struct cli *cli, char ret_name[TEXT_NAME_MAX + 1], struct err *err)
{
	CLEANUP(project_cleanup) struct project *project = NULL;
	const char *name = cli->globals.project_name;
	int r;

	if (!name) {
		r = cli_load(cli, &project, err);
		if (r == CLI_USAGE)
			cli_say("'-p NAME' names the project without a stack file");
		if (r != 0)
			return r;
		name = project->name;
	}
	snprintf(ret_name, TEXT_NAME_MAX + 1, "%s", name);
	return 0;
}
