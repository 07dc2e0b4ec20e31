// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/project.h"

#include "core/base/arena.h"

#include <string.h>

const struct service *project_service(const struct project *project, const char *name)
{
	for (size_t i = 0; i < project->n_services; i++)
		if (strcmp(project->services[i].name, name) == 0)
			return &project->services[i];
	return NULL;
}

const struct network *project_network(const struct project *project, const char *key)
{
	for (size_t i = 0; i < project->n_networks; i++)
		if (strcmp(project->networks[i].key, key) == 0)
			return &project->networks[i];
	return NULL;
}

const struct volume *project_volume(const struct project *project, const char *key)
{
	for (size_t i = 0; i < project->n_volumes; i++)
		if (strcmp(project->volumes[i].key, key) == 0)
			return &project->volumes[i];
	return NULL;
}

static const struct file_object *find_file(const struct file_object *objects, size_t n,
					   const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(objects[i].key, key) == 0)
			return &objects[i];
	return NULL;
}

const struct file_object *project_secret(const struct project *project, const char *key)
{
	return find_file(project->secrets, project->n_secrets, key);
}

const struct file_object *project_config(const struct project *project, const char *key)
{
	return find_file(project->configs, project->n_configs, key);
}

const char *service_image(const struct service *service)
{
	return service->rootfs.path ? service->rootfs.name : service->image;
}

struct strings strings_copy(struct arena *arena, const struct strings *from)
{
	struct strings copy = {.items = ARENA_ARRAY(arena, const char *, from->n + 1),
			       .n = from->n,
			       .is_set = from->is_set};

	for (size_t i = 0; i < from->n; i++)
		copy.items[i] = arena_strdup(arena, from->items[i]);
	return copy;
}

const char *map_get(const struct map *map, const char *key)
{
	for (size_t i = 0; i < map->n; i++)
		if (strcmp(map->items[i].key, key) == 0)
			return map->items[i].value;
	return NULL;
}

void project_free(struct project *project)
{
	/* The project itself is in its arena. */
	if (project)
		arena_free(project->arena);
}

void project_cleanup(struct project **project)
{
	project_free(*project);
}
