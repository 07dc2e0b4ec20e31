// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/output.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

struct version_args {
	const char *format;
};

static const struct option_spec version_options[] = {
	{0, "format", OPTION_STRING, offsetof(struct version_args, format), "pretty|json",
	 "how it is printed"},
};

static int version_run(struct cli *cli, const void *values, char **operands, size_t n,
		       struct err *err)
{
	static const char *const formats[] = {"pretty", "json"};
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const struct version_args *args = values;
	int format = output_format(args->format, formats, ARRAY_SIZE(formats));

	(void)cli;
	(void)operands;
	(void)n;
	if (format < 0)
		return CLI_USAGE;
	strbuf_puts(&text, format == 1 ? "{\"version\":\"" STACK_VERSION "\"}\n"
				       : "stack " STACK_VERSION "\n");
	return cli_output(&text, err);
}

const struct command command_version = {
	.name = "version",
	.help = "Print the version",
	.options = version_options,
	.n_options = ARRAY_SIZE(version_options),
	.args_size = sizeof(struct version_args),
	.run = version_run,
};
