// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct port_args {
	const char *protocol;
	int64_t index;
};

static const struct option_spec port_options[] = {
	{0, "protocol", OPTION_STRING, offsetof(struct port_args, protocol), "tcp|udp",
	 "which of the two (tcp)"},
	{0, "index", OPTION_NUMBER, offsetof(struct port_args, index), "N",
	 "which container of the service"},
};

static bool add_published(struct strbuf *out, const json_t *container, const char *protocol,
			  json_int_t wanted)
{
	const json_t *ports = json_object_get(container, "ports"), *port;
	bool found = false;
	size_t i;

	json_array_foreach (ports, i, port) {
		json_int_t offset = wanted - output_integer(port, "target");

		if (strcmp(output_string(port, "protocol"), protocol) != 0 || offset < 0 ||
		    offset >= output_integer(port, "count"))
			continue;
		output_host_address(port, out);
		strbuf_printf(out, ":%lld\n",
			      (long long)(output_integer(port, "published") + offset));
		found = true;
	}
	return found;
}

static int port_run(struct cli *cli, const void *values, char **operands, size_t n, struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *list = NULL;
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const struct port_args *args = values;
	const char *protocol = args->protocol ? args->protocol : "tcp";
	char project[TEXT_NAME_MAX + 1], *end;
	const json_t *container;
	long port = strtol(operands[1], &end, 10);
	int r;

	(void)n;
	if (*end != '\0' || port < 1 || port > 65535)
		return cli_usage_error("port: '%s' is no port of a container", operands[1]);
	r = containers_find(cli, operands[0], args->index, project, &list, &container, err);
	if (r != 0)
		return r;
	if (!add_published(&out, container, protocol, port))
		return err_set(err, ENOENT, "port %ld/%s of '%s' is not published", port, protocol,
			       output_string(container, "name"));
	return cli_output(&out, err);
}

const struct command command_port = {
	.name = "port",
	.operands = "SERVICE PORT",
	.help = "Print the host address that a container's port is published on",
	.options = port_options,
	.n_options = ARRAY_SIZE(port_options),
	.args_size = sizeof(struct port_args),
	.min_operands = 2,
	.max_operands = 2,
	.run = port_run,
};
