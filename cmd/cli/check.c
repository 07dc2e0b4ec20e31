// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check: what of the sandbox a stack file takes away, and what it could add
 *
 * The exit status tells findings (1) from a file that could not be looked at
 * (2), so every failure here is the latter.
 */
#include "cmd/cli/check_rules.h"
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/strbuf.h"
#include "core/model/diagnostics.h"
#include "core/model/load.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define FOUND	    1
#define PROJECT_MAX (64u << 20)

struct check_args {
	bool quiet, running;
	const char *format, *severity;
};

#define ARG(field) offsetof(struct check_args, field)

static const struct option_spec check_options[] = {
	{0, "severity", OPTION_STRING, ARG(severity), "info|low|medium|high",
	 "the least that is told (low)"},
	{0, "running", OPTION_FLAG, ARG(running), NULL, "what was brought up, not the stack file"},
	{'q', "quiet", OPTION_FLAG, ARG(quiet), NULL, "only the exit status"},
	{0, "format", OPTION_STRING, ARG(format), "text|json", "how it is printed"},
};

/* -1: there is no such level, which has been said. */
static int parse_level(const char *given)
{
	if (!given)
		return CHECK_LOW;
	for (size_t i = 0; i < check_n_levels; i++)
		if (strcmp(given, check_level_names[i]) == 0)
			return (int)i;
	cli_usage_error("--severity is info, low, medium or high, not '%s'", given);
	return -1;
}

/* The project as its supervisor keeps it, which nothing but root may read. */
static int load_running(const struct cli *cli, struct project **ret_project, struct err *err)
{
	CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;
	CLEANUP_FREE char *text = NULL;
	char name[TEXT_NAME_MAX + 1], path[PATH_MAX];
	size_t len;
	int r;

	r = cli_need_root(err);
	if (r == 0)
		r = cli_project_name(cli, name, err);
	if (r == 0)
		r = paths_join(path, sizeof(path), err, "%s/%s/desired.json", cli->paths.run, name);
	if (r != 0)
		return r;
	r = fd_read_file(AT_FDCWD, path, PROJECT_MAX, &text, &len, err);
	if (r == -ENOENT)
		return err_set(err, ENOENT, "project '%s' is not up", name);
	if (r < 0)
		return r;
	r = load_canonical(text, len, path, &diag, ret_project, err);
	if (r == -EINVAL)
		return err_set(err, EBADMSG, "%s is damaged; run 'stack up' again", path);
	return r;
}

static int look(const struct project *project, char *const *names, size_t n,
		struct check_report *report, struct err *err)
{
	int r = request_check_services(project, names, n, err);

	for (size_t i = 0; r == 0 && i < project->n_services; i++)
		if (containers_selected(project->services[i].name, names, n))
			r = check_service(&project->services[i], report, err);
	return r;
}

/* Leave out what is below LEVEL. */
static void keep(struct check_report *report, enum check_level level)
{
	size_t n = 0;

	for (size_t i = 0; i < report->n; i++)
		if (report->items[i].rule->level >= level)
			report->items[n++] = report->items[i];
	report->n = n;
}

static void message(const struct check_finding *finding, struct strbuf *out)
{
	strbuf_puts(out, finding->rule->sentence);
	if (finding->detail)
		strbuf_printf(out, ": %s", finding->detail);
}

static void print_finding(const struct check_finding *finding, bool running, struct strbuf *out)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const struct check_rule *rule = finding->rule;

	message(finding, &text);
	/* Nobody has a line of what a supervisor keeps before his eyes. */
	if (finding->pos.file && !running) {
		text_escape(out, finding->pos.file, strlen(finding->pos.file));
		strbuf_printf(out, ":%u:%u: ", finding->pos.line, finding->pos.column);
	}
	strbuf_printf(out, "%s: %s: ", finding->service->name, check_level_names[rule->level]);
	text_escape(out, text.text, text.len);
	strbuf_printf(out, " [%s %s]\n    fix: %s\n", rule->id, rule->name, rule->fix);
}

static int print_text(const struct check_report *report, bool running, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	size_t counts[CHECK_HIGH + 1] = {0};
	int r;

	for (size_t i = 0; i < report->n; i++) {
		print_finding(&report->items[i], running, &out);
		counts[report->items[i].rule->level]++;
	}
	r = cli_output(&out, err);
	if (r < 0)
		return r;
	strbuf_reset(&out);
	for (size_t i = check_n_levels; i-- > 0;)
		if (counts[i] > 0)
			strbuf_printf(&out, "%s%zu %s", out.len ? ", " : "", counts[i],
				      check_level_names[i]);
	cli_say("%s", out.len ? out.text : "nothing found");
	return 0;
}

/* Paths of the host need not be UTF-8, JSON has to be. */
static json_t *json_text(const char *text)
{
	CLEANUP(strbuf_release) struct strbuf escaped = STRBUF_INIT;
	json_t *string = json_string(text);

	if (string)
		return string;
	text_escape(&escaped, text, strlen(text));
	return json_string(escaped.text);
}

static json_t *finding_json(const struct check_finding *finding, bool running)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const struct check_rule *rule = finding->rule;
	json_t *object;

	message(finding, &text);
	object = json_pack("{s:s, s:s, s:s, s:s, s:o, s:s}", "service", finding->service->name,
			   "rule", rule->name, "id", rule->id, "severity",
			   check_level_names[rule->level], "message", json_text(text.text), "fix",
			   rule->fix);
	if (finding->pos.file && !running) {
		json_object_set_new(object, "file", json_text(finding->pos.file));
		json_object_set_new(object, "line", json_integer(finding->pos.line));
		json_object_set_new(object, "column", json_integer(finding->pos.column));
	}
	return object;
}

static int print_json(const struct check_report *report, bool running, struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *list = json_array();

	for (size_t i = 0; i < report->n; i++)
		json_array_append_new(list, finding_json(&report->items[i], running));
	return output_json(list, err);
}

static int check(struct cli *cli, const struct check_args *args, char **services, size_t n,
		 struct err *err)
{
	static const char *const formats[] = {"text", "json"};
	CLEANUP(check_report_release) struct check_report report = {.run_dir = cli->paths.run};
	CLEANUP(project_cleanup) struct project *project = NULL;
	int format = output_format(args->format, formats, ARRAY_SIZE(formats));
	int level = parse_level(args->severity), r;

	if (format < 0 || level < 0)
		return CLI_USAGE;
	r = args->running ? load_running(cli, &project, err) : cli_load(cli, &project, err);
	if (r == 0)
		r = look(project, services, n, &report, err);
	if (r != 0)
		return r;
	keep(&report, (enum check_level)level);
	if (format == 1 && !args->quiet)
		r = print_json(&report, args->running, err);
	else if (!args->quiet)
		r = print_text(&report, args->running, err);
	return r < 0 ? r : report.n > 0 ? FOUND : 0;
}

static int check_run(struct cli *cli, const void *values, char **services, size_t n,
		     struct err *err)
{
	int r = check(cli, values, services, n, err);

	return r < 0 ? cli_usage_error("%s", err->msg) : r;
}

const struct command command_check = {
	.name = "check",
	.operands = "[SERVICE…]",
	.help = "Tell what would make services safer (exit status 1: something)",
	.options = check_options,
	.n_options = ARRAY_SIZE(check_options),
	.args_size = sizeof(struct check_args),
	.max_operands = COMMAND_ANY,
	.run = check_run,
};
