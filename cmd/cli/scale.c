// SPDX-License-Identifier: GPL-2.0-or-later
/* scale: another number of containers, without the stack file */
#include "cmd/cli/scale.h"

#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/control.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SCALE_MAX 1000

struct scale_args {
	int64_t timeout;
	bool wait, no_deps;
};

#define ARG(field) offsetof(struct scale_args, field)

static const struct option_spec scale_options[] = {
	{'t', "timeout", OPTION_NUMBER, ARG(timeout), "SECONDS",
	 "before a container that does not stop is killed"},
	{0, "wait", OPTION_FLAG, ARG(wait), NULL, "return when the services run and are healthy"},
	{0, "no-deps", OPTION_FLAG, ARG(no_deps), NULL, "leave alone what they depend on"},
};

int scale_parse(char *const *texts, size_t n, json_t **ret_scale, struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *scale = json_object();

	for (size_t i = 0; i < n; i++) {
		const char *equals = strchr(texts[i], '=');
		char *end = NULL;
		long number = equals ? strtol(equals + 1, &end, 10) : -1;
		CLEANUP_FREE char *service = NULL;

		if (!equals || equals == texts[i] || !equals[1] || *end || number < 0 ||
		    number > SCALE_MAX)
			return err_set(err, EINVAL,
				       "'%s' is not of the form SERVICE=NUMBER (0 to %d)", texts[i],
				       SCALE_MAX);
		service = strndup(texts[i], (size_t)(equals - texts[i]));
		if (!service || json_object_set_new(scale, service, json_integer(number)) < 0)
			return err_set(err, EINVAL, "'%s' is no service", texts[i]);
	}
	*ret_scale = TAKE_PTR(scale);
	return 0;
}

static int scale_run(struct cli *cli, const void *values, char **operands, size_t n,
		     struct err *err)
{
	const struct scale_args *args = values;
	char project[TEXT_NAME_MAX + 1];
	json_t *message, *scale;
	int r;

	r = scale_parse(operands, n, &scale, err);
	if (r < 0)
		return cli_usage_error("scale: %s", err->msg);
	r = cli_project_name(cli, project, err);
	message = r == 0 ? request_new("scale", NULL, 0) : NULL;
	if (!message) {
		json_decref(scale);
		return r ? r : err_nomem(err);
	}
	json_object_set_new(message, "scale", scale);
	if (args->timeout >= 0)
		json_object_set_new(message, "timeout", json_integer(args->timeout));
	if (args->no_deps)
		json_object_set_new(message, "no_deps", json_true());
	if (args->wait)
		json_object_set_new(message, "wait", json_true());
	return control_request(cli, project, message, "scaled",
			       "nothing to do: there are as many already", err);
}

const struct command command_scale = {
	.name = "scale",
	.operands = "SERVICE=NUMBER…",
	.help = "Change how many containers services have",
	.options = scale_options,
	.n_options = ARRAY_SIZE(scale_options),
	.args_size = sizeof(struct scale_args),
	.min_operands = 1,
	.max_operands = COMMAND_ANY,
	.run = scale_run,
};
