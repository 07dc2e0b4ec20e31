// SPDX-License-Identifier: GPL-2.0-or-later
/* graph: a picture of the stack file, with how things are when it is up. */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/drawing.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/strbuf.h"
#include "core/model/project.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS 80

struct graph_args {
	const char *format, *output;
};

static const struct option_spec graph_options[] = {
	{0, "format", OPTION_STRING, offsetof(struct graph_args, format), "text|dot|svg|json",
	 "how it is drawn"},
	{'o', "output", OPTION_STRING, offsetof(struct graph_args, output), "FILE",
	 "draw it there instead of on standard output"},
};

/* Without root, or when the project is not up, there is nothing to say about how it is. */
static json_t *find_containers(const struct cli *cli, const char *project)
{
	json_t *list = NULL;
	char path[PATH_MAX];

	if (paths_join(path, sizeof(path), NULL, "%s/%s/desired.json", cli->paths.run, project) <
		    0 ||
	    access(path, F_OK) < 0 || containers_list(&cli->paths, project, &list, NULL) < 0)
		return NULL;
	return list;
}

/* The locale's character set, by its name: the program itself runs in the C locale. */
static bool is_utf8(void)
{
	static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		const char *value = getenv(variables[i]);

		if (value && value[0])
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

static struct drawing_style terminal_style(const struct cli *cli, bool to_file)
{
	struct drawing_style style = {.color = cli->color_out && !to_file, .columns = COLUMNS};
	struct winsize size;

	style.unicode = is_utf8();
	if (!to_file && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		style.columns = size.ws_col;
	return style;
}

static json_t *names_json(const struct drawing *drawing, const struct drawn_service *drawn,
			  bool networks)
{
	json_t *list = json_array();

	for (size_t i = 0; networks && i < drawn->n_networks; i++)
		json_array_append_new(
			list, json_string(drawing->networks[drawn->networks[i]].network->key));
	for (size_t i = 0; !networks && i < drawn->n_needs; i++)
		json_array_append_new(
			list, json_string(drawing->services[drawn->needs[i]].service->name));
	return list;
}

static json_t *ports_json(const struct service *service)
{
	json_t *list = json_array();

	for (size_t i = 0; i < service->n_ports; i++) {
		const struct port *port = &service->ports[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:i, s:i}", "protocol",
						      port->protocol, "host_ip",
						      port->host_ip ? port->host_ip : "",
						      "published", port->published, "target",
						      port->target, "count", port->count));
	}
	return list;
}

/* What the picture shows, for programs that draw their own. */
static json_t *drawing_json(const struct drawing *drawing)
{
	json_t *services = json_array(), *networks = json_array();

	for (size_t i = 0; i < drawing->n_services; i++) {
		const struct drawn_service *drawn = &drawing->services[i];

		json_array_append_new(
			services, json_pack("{s:s, s:s, s:I, s:s, s:o, s:o, s:o}", "name",
					    drawn->service->name, "image",
					    drawn->service->image ? drawn->service->image : "",
					    "scale", (json_int_t)drawn->service->scale, "status",
					    drawn->status, "ports", ports_json(drawn->service),
					    "networks", names_json(drawing, drawn, true),
					    "depends_on", names_json(drawing, drawn, false)));
	}
	for (size_t i = 0; i < drawing->n_networks; i++) {
		const struct network *network = drawing->networks[i].network;

		json_array_append_new(networks,
				      json_pack("{s:s, s:s, s:b, s:b}", "key", network->key, "name",
						network->name, "internal", network->internal,
						"external", network->external));
	}
	return json_pack("{s:s, s:o, s:o}", "project", drawing->title, "services", services,
			 "networks", networks);
}

static void draw_json(const struct drawing *drawing, struct strbuf *out)
{
	CLEANUP(request_json_cleanup) json_t *json = drawing_json(drawing);
	CLEANUP_FREE char *text = json_dumps(json, JSON_INDENT(2));

	if (text)
		strbuf_printf(out, "%s\n", text);
}

static int write_file(const char *path, const struct strbuf *text, struct err *err)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int r = fd < 0 ? -errno : fd_write_all(fd, text->text, text->len);

	return r < 0 ? err_sys(err, -r, "write '%s'", path) : 0;
}

static int graph_run(struct cli *cli, const void *values, char **operands, size_t n,
		     struct err *err)
{
	static const char *const formats[] = {"text", "dot", "svg", "json"};
	enum { TEXT, DOT, SVG, JSON };
	CLEANUP(project_cleanup) struct project *project = NULL;
	CLEANUP(request_json_cleanup) json_t *containers = NULL;
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const struct graph_args *args = values;
	struct drawing_style style = terminal_style(cli, args->output != NULL);
	int r, format = output_format(args->format, formats, ARRAY_SIZE(formats));
	struct drawing drawing;

	(void)operands;
	(void)n;
	if (format < 0)
		return CLI_USAGE;
	r = cli_load(cli, &project, err);
	if (r != 0)
		return r;
	containers = find_containers(cli, project->name);
	drawing_make(project, containers, arena, &drawing);
	if (format == TEXT)
		draw_text(&drawing, &style, &out);
	else if (format == DOT)
		draw_dot(&drawing, &out);
	else if (format == SVG)
		draw_svg(&drawing, &out);
	else
		draw_json(&drawing, &out);
	return args->output ? write_file(args->output, &out, err) : cli_output(&out, err);
}

const struct command command_graph = {
	.name = "graph",
	.help = "Draw services, networks, ports and dependencies",
	.options = graph_options,
	.n_options = ARRAY_SIZE(graph_options),
	.args_size = sizeof(struct graph_args),
	.run = graph_run,
};
