// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * inspect: what the supervisor says of a container, and what this host knows
 *
 * "detail" is read from the container's spec (what it was started from) and
 * from /proc (what the kernel made of it), so that each path and number in it
 * can be looked at with the ordinary tools.
 */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/container/spec.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

struct inspect_args {
	const char *format;
};

static const struct option_spec inspect_options[] = {
	{0, "format", OPTION_STRING, offsetof(struct inspect_args, format), "pretty|json",
	 "how it is printed"},
};

static json_t *strings_json(spec_strings items)
{
	json_t *array = json_array();

	for (size_t i = 0; items && items[i]; i++)
		json_array_append_new(array, json_string(items[i]));
	return array;
}

static void add_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, json_string(text));
}

/* The lowers as the absolute directories they are. */
static json_t *layers_json(const struct container_spec *spec)
{
	json_t *array = json_array();

	for (size_t i = 0; spec->lowers && spec->lowers[i]; i++) {
		const char *lower = spec->lowers[i];

		json_array_append_new(
			array, lower[0] == '/' ? json_string(lower)
					       : json_sprintf("%s/%s", spec->layers_dir, lower));
	}
	return array;
}

static json_t *mounts_json(const struct container_spec *spec)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < spec->n_mounts; i++) {
		json_t *mount = json_pack("{s:s}", "target", spec->mounts[i].target);

		add_text(mount, "source", spec->mounts[i].source);
		json_array_append_new(array, mount);
	}
	return array;
}

static void add_spec(json_t *detail, const struct container_spec *spec)
{
	json_object_set_new(detail, "argv", strings_json(spec->argv));
	add_text(detail, "netns", spec->netns);
	json_object_set_new(detail, "layers", layers_json(spec));
	add_text(detail, "upper", spec->upper);
	add_text(detail, "work", spec->work);
	json_object_set_new(detail, "mounts", mounts_json(spec));
	json_object_set_new(detail, "cgroups", strings_json(spec->cgroups));
	add_text(detail, "cgroup_unified", spec->cgroup_unified);
}

static int read_spec(json_t *detail, const char *directory, struct err *err)
{
	CLEANUP(container_spec_release) struct container_spec spec = {.name = NULL};
	CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX];
	size_t len;
	int r;

	r = paths_join(path, sizeof(path), err, "%s/spec", directory);
	if (r == 0)
		r = fd_read_file(AT_FDCWD, path, SPEC_MAX, &text, &len, err);
	if (r == 0)
		r = container_spec_decode(text, len, &spec, err);
	if (r == 0)
		add_spec(detail, &spec);
	return r;
}

/* "net": "net:[4026532281]", as `lsns` and `readlink /proc/PID/ns/net` print it. */
static json_t *namespaces_json(json_int_t pid)
{
	static const char *const kinds[] = {"mnt", "pid", "net", "uts", "ipc", "cgroup", "user"};
	json_t *object = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(kinds) && pid > 0; i++) {
		char path[64], target[64];
		ssize_t len;

		snprintf(path, sizeof(path), "/proc/%lld/ns/%s", (long long)pid, kinds[i]);
		len = readlink(path, target, sizeof(target) - 1);
		if (len > 0)
			json_object_set_new(object, kinds[i], json_stringn(target, (size_t)len));
	}
	return object;
}

/* A container without a spec was never started: the detail then tells no more than that. */
static void add_detail(const struct cli *cli, const char *project, json_t *container)
{
	json_t *detail = json_object();
	struct err err = ERR_INIT;
	char directory[PATH_MAX];
	int r;

	r = paths_join(directory, sizeof(directory), &err, "%s/%s/containers/%s", cli->paths.run,
		       project, output_string(container, "name"));
	json_object_set_new(detail, "namespaces",
			    namespaces_json(output_integer(container, "pid")));
	add_text(detail, "directory", directory);
	if (r == 0)
		r = read_spec(detail, directory, &err);
	if (r < 0)
		add_text(detail, "spec_error", err.msg);
	json_object_set_new(container, "detail", detail);
}

static int inspect_run(struct cli *cli, const void *values, char **services, size_t n,
		       struct err *err)
{
	static const char *const formats[] = {"pretty", "json"};
	const struct inspect_args *args = values;
	CLEANUP(request_json_cleanup) json_t *all = NULL, *list = NULL;
	char project[TEXT_NAME_MAX + 1];
	int r, format = output_format(args->format, formats, ARRAY_SIZE(formats));
	json_t *container;
	size_t i;

	if (format < 0)
		return CLI_USAGE;
	r = cli_project_name(cli, project, err);
	if (r == 0)
		r = containers_list(&cli->paths, project, &all, err);
	if (r == 0)
		r = containers_of(all, services, n, &list, err);
	if (r != 0)
		return r;
	json_array_foreach (list, i, container)
		add_detail(cli, project, container);
	return format == 1 ? output_json(list, err) : output_pretty(list, err);
}

const struct command command_inspect = {
	.name = "inspect",
	.operands = "[SERVICE…]",
	.help = "Show all there is to know about containers",
	.options = inspect_options,
	.n_options = ARRAY_SIZE(inspect_options),
	.args_size = sizeof(struct inspect_args),
	.max_operands = COMMAND_ANY,
	.run = inspect_run,
};
