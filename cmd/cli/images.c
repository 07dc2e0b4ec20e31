// SPDX-License-Identifier: GPL-2.0-or-later
/* images: what the services of the stack file are made from, and whether it is there */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "cmd/cli/table.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/project.h"
#include "store/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct images_args {
	bool quiet;
	const char *format;
};

#define ARG(field) offsetof(struct images_args, field)

static const struct option_spec images_options[] = {
	{'q', "quiet", OPTION_FLAG, ARG(quiet), NULL,
	 "only the ids of those that are there, each once"},
	{0, "format", OPTION_STRING, ARG(format), "table|json", "table unless said"},
};

/* An image that is not there has no id, and the name that it would have. */
static int describe(const struct cli *cli, const struct service *service, json_t *images,
		    struct err *err)
{
	CLEANUP(image_release) struct image image = {0};
	char name[IMAGE_REFERENCE_SIZE];
	bool there = true, built = service->build != NULL;
	int r = image_find(&cli->paths, service->image, &image, err);

	if (r == -ENOENT) {
		there = false;
		r = image_reference_normalize(service->image, name, sizeof(name), err);
	}
	if (r < 0)
		return err_wrap(err, "service '%s'", service->name);
	if (there)
		json_array_append_new(images, json_pack("{s:s, s:s, s:s, s:b, s:I, s:I}", "service",
							service->name, "image",
							image_reference_familiar(image.reference),
							"id", image.id, "built", built, "size",
							(json_int_t)image.size, "layers",
							(json_int_t)image.n_layers));
	else
		json_array_append_new(
			images, json_pack("{s:s, s:s, s:n, s:b}", "service", service->name, "image",
					  image_reference_familiar(name), "id", "built", built));
	return 0;
}

static void add_row(struct table *table, const json_t *image)
{
	CLEANUP(strbuf_release) struct strbuf size = STRBUF_INIT;
	const char *id = output_string(image, "id");

	strbuf_printf(&size, "%.1f MiB", (double)output_integer(image, "size") / (1 << 20));
	table_add(table, output_string(image, "service"));
	table_add(table, output_string(image, "image"));
	/* "sha256:" and the digits that are enough to know it by */
	if (*id) {
		char digits[13];

		snprintf(digits, sizeof(digits), "%s", id + sizeof("sha256:") - 1);
		table_add(table, digits);
	} else {
		table_add(table, json_is_true(json_object_get(image, "built")) ? "not built"
									       : "not there");
	}
	table_add(table, *id ? size.text : "");
}

/* Each once, however many services are made from it. */
static int print_ids(const json_t *images, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const json_t *image;
	size_t i;

	json_array_foreach (images, i, image) {
		const char *id = output_string(image, "id");

		if (*id && !strstr(out.text, id))
			strbuf_printf(&out, "%s\n", id);
	}
	return cli_output(&out, err);
}

static int print_table(const json_t *images, struct err *err)
{
	CLEANUP(table_release) struct table table = TABLE_INIT(4);
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const json_t *image;
	size_t i;

	table_add(&table, "SERVICE");
	table_add(&table, "IMAGE");
	table_add(&table, "ID");
	table_add(&table, "SIZE");
	json_array_foreach (images, i, image)
		add_row(&table, image);
	table_render(&table, &out);
	return cli_output(&out, err);
}

static int images_run(struct cli *cli, const void *values, char **services, size_t n,
		      struct err *err)
{
	static const char *const formats[] = {"table", "json"};
	CLEANUP(project_cleanup) struct project *project = NULL;
	CLEANUP(request_json_cleanup) json_t *images = json_array();
	const struct images_args *args = values;
	int r, format = output_format(args->format, formats, ARRAY_SIZE(formats));

	if (format < 0)
		return CLI_USAGE;
	r = cli_load(cli, &project, err);
	if (r == 0)
		r = request_check_services(project, services, n, err);
	if (r == 0)
		r = cli_need_root(err);
	if (r != 0)
		return r;
	for (size_t i = 0; r == 0 && i < project->n_services; i++)
		if (project->services[i].image &&
		    containers_selected(project->services[i].name, services, n))
			r = describe(cli, &project->services[i], images, err);
	if (r < 0)
		return r;
	if (args->quiet)
		return print_ids(images, err);
	return format == 1 ? output_json(images, err) : print_table(images, err);
}

const struct command command_images = {
	.name = "images",
	.operands = "[SERVICE…]",
	.help = "List the images that services are made from",
	.options = images_options,
	.n_options = ARRAY_SIZE(images_options),
	.args_size = sizeof(struct images_args),
	.max_operands = COMMAND_ANY,
	.run = images_run,
};
