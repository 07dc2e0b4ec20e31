// SPDX-License-Identifier: GPL-2.0-or-later
/* pull: the images of services, from their registries, whether or not the store has any. */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/pulling.h"
#include "core/base/cleanup.h"
#include "core/model/project.h"

#include <string.h>

struct pull_args {
	bool quiet, ignore_failures, include_deps;
	const char *policy;
};

#define ARG(field) offsetof(struct pull_args, field)

static const struct option_spec pull_options[] = {
	{'q', "quiet", OPTION_FLAG, ARG(quiet), NULL, "show no progress"},
	{0, "ignore-pull-failures", OPTION_FLAG, ARG(ignore_failures), NULL,
	 "succeed although some images could not be had"},
	{0, "include-deps", OPTION_FLAG, ARG(include_deps), NULL,
	 "those of the services that they depend on too"},
	{0, "policy", OPTION_STRING, ARG(policy), "POLICY",
	 "missing: only those that are not in the store; always"},
};

static int pull_run(struct cli *cli, const void *values, char **services, size_t n, struct err *err)
{
	CLEANUP(project_cleanup) struct project *project = NULL;
	const struct pull_args *args = values;
	struct pulling_options options = {.policy = args->policy,
					  .always = !args->policy ||
						    strcmp(args->policy, "always") == 0,
					  .without_dependencies = !args->include_deps,
					  .quiet = args->quiet,
					  .ignore_failures = args->ignore_failures};
	int status = 0, r;

	if (args->policy && !pulling_policy_is_known(args->policy))
		return cli_usage_error("pull: --policy takes missing or always, not '%s'",
				       args->policy);
	r = cli_load(cli, &project, err);
	if (r == 0)
		r = pulling_run(cli, project, services, n, &options, &status, err);
	return r ? r : status;
}

const struct command command_pull = {
	.name = "pull",
	.operands = "[SERVICE…]",
	.help = "Get the images of services from their registries",
	.options = pull_options,
	.n_options = ARRAY_SIZE(pull_options),
	.args_size = sizeof(struct pull_args),
	.max_operands = COMMAND_ANY,
	.run = pull_run,
};
