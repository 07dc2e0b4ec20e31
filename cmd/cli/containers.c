// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/containers.h"

#include "cmd/cli/cli.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"

#include <errno.h>
#include <string.h>

int containers_list(const struct paths *paths, const char *project, json_t **ret_list,
		    struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *message = NULL, *result = NULL;
	const struct request_peer peer = {.paths = paths, .project = project};
	json_t *list;
	int r;

	message = request_new("ps", NULL, 0);
	r = message ? request_ask(&peer, message, &result, err) : err_nomem(err);
	if (r < 0)
		return r;
	list = json_object_get(result, "containers");
	if (!json_is_array(list))
		return err_set(err, EBADMSG, "the supervisor's answer has no containers");
	*ret_list = json_incref(list);
	return 0;
}

bool containers_selected(const char *name, char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return n == 0;
}

static bool has_service(const json_t *list, const char *service)
{
	const json_t *container;
	size_t i;

	json_array_foreach (list, i, container)
		if (strcmp(output_string(container, "service"), service) == 0)
			return true;
	return false;
}

static int no_such_service(const json_t *list, const char *service, struct err *err)
{
	size_t n = json_array_size(list), i;
	CLEANUP_FREE const char **names = calloc(n + 1, sizeof(*names));
	const json_t *container;
	const char *near;

	if (!names)
		return err_nomem(err);
	json_array_foreach (list, i, container)
		names[i] = output_string(container, "service");
	near = text_suggest(service, names, n);
	if (!near)
		return err_set(err, ENOENT, "no such service: '%s'", service);
	return err_set(err, ENOENT, "no such service: '%s'; did you mean '%s'?", service, near);
}

int containers_of(json_t *list, char *const *services, size_t n, json_t **ret_list, struct err *err)
{
	json_t *selected, *container;
	size_t i;

	for (i = 0; i < n; i++)
		if (!has_service(list, services[i]))
			return no_such_service(list, services[i], err);
	selected = json_array();
	json_array_foreach (list, i, container)
		if (containers_selected(output_string(container, "service"), services, n))
			json_array_append(selected, container);
	*ret_list = selected;
	return 0;
}

int containers_pick(const json_t *list, const char *service, json_int_t index,
		    const json_t **ret_container, struct err *err)
{
	const json_t *container;
	size_t i;

	json_array_foreach (list, i, container) {
		if (strcmp(output_string(container, "service"), service) != 0 ||
		    (index > 0 && output_integer(container, "index") != index))
			continue;
		*ret_container = container;
		return 0;
	}
	if (has_service(list, service))
		return err_set(err, ENOENT, "service '%s' has no container %lld", service,
			       (long long)index);
	return no_such_service(list, service, err);
}

int container_directory(const struct paths *paths, const char *project, const json_t *container,
			char *ret, size_t size, struct err *err)
{
	return paths_join(ret, size, err, "%s/%s/containers/%s", paths->run, project,
			  output_string(container, "name"));
}

int containers_find(const struct cli *cli, const char *service, json_int_t index,
		    char ret_project[TEXT_NAME_MAX + 1], json_t **ret_list,
		    const json_t **ret_container, struct err *err)
{
	int r = cli_project_name(cli, ret_project, err);

	if (r == 0)
		r = containers_list(&cli->paths, ret_project, ret_list, err);
	return r != 0 ? r : containers_pick(*ret_list, service, index, ret_container, err);
}

bool container_is_alive(const json_t *container)
{
	static const char *const states[] = {"starting", "running",    "draining",
					     "stopping", "restarting", "waiting"};
	const char *state = output_string(container, "state");

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(state, states[i]) == 0)
			return true;
	return false;
}
