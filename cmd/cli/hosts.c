// SPDX-License-Identifier: GPL-2.0-or-later
/* hosts: the host itself may ask for the names of a project. */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <errno.h>

struct hosts_args {
	bool enable, disable;
	const char *format;
};

#define ARG(field) offsetof(struct hosts_args, field)

static const struct option_spec hosts_options[] = {
	{0, "enable", OPTION_FLAG, ARG(enable), NULL, "answer the host from now on, until 'down'"},
	{0, "disable", OPTION_FLAG, ARG(disable), NULL, "no longer"},
	{0, "format", OPTION_STRING, ARG(format), "text|json", "how it is printed"},
};

static int print_text(const json_t *result, const char *project, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const char *address = output_string(result, "address"),
		   *link = output_string(result, "link"), *domain = output_string(result, "domain");

	if (!address[0]) {
		cli_say("the host is not answered for names of project '%s'; 'stack hosts "
			"--enable' changes that",
			project);
		return 0;
	}
	strbuf_printf(&out,
		      "%s answers this host for NAME.%s\n"
		      "With systemd-resolved:\n"
		      "  resolvectl dns %s %s && resolvectl domain %s '~%s'\n",
		      address, domain, link, address, link, domain);
	return cli_output(&out, err);
}

static int hosts_run(struct cli *cli, const void *values, char **operands, size_t n,
		     struct err *err)
{
	static const char *const formats[] = {"text", "json"};
	CLEANUP(request_json_cleanup) json_t *request = request_new("hosts", NULL, 0);
	CLEANUP(request_json_cleanup) json_t *result = NULL;
	const struct hosts_args *args = values;
	char project[TEXT_NAME_MAX + 1];
	const struct request_peer peer = {.paths = &cli->paths, .project = project};
	int r, format = output_format(args->format, formats, ARRAY_SIZE(formats));

	(void)operands;
	(void)n;
	if (format < 0)
		return CLI_USAGE;
	if (args->enable && args->disable)
		return cli_usage_error("hosts: --enable or --disable, not both");
	r = cli_need_root(err);
	if (r == 0)
		r = cli_project_name(cli, project, err);
	if (r != 0)
		return r;
	if (args->enable || args->disable)
		json_object_set_new(request, "enable", json_boolean(args->enable));
	r = request_ask(&peer, request, &result, err);
	if (r < 0)
		return r;
	json_object_del(result, "result");
	return format == 1 ? output_json(result, err) : print_text(result, project, err);
}

const struct command command_hosts = {
	.name = "hosts",
	.help = "Let this host ask for NAME.PROJECT.stack.internal",
	.options = hosts_options,
	.n_options = ARRAY_SIZE(hosts_options),
	.args_size = sizeof(struct hosts_args),
	.run = hosts_run,
};
