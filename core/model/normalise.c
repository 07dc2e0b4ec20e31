// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/normalise.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/names.h"

#include <string.h>

/*
 * A project is const for everybody else.  Here it is not done yet, so its
 * arrays, which the decoder has just made, are written to.
 */

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool normalise_is_name(const char *text)
{
	if (!is_name_char(*text) || *text == '_' || *text == '-')
		return false;
	while (is_name_char(*text))
		text++;
	return *text == '\0';
}

const char *normalise_name(struct arena *arena, const char *text)
{
	char *name = arena_strdup(arena, text), *out = name;

	for (; *text; text++) {
		char c = *text >= 'A' && *text <= 'Z' ? (char)(*text | 0x20) : *text;

		if (is_name_char(c) && (out > name || (c != '_' && c != '-')))
			*out++ = c;
	}
	*out = '\0';
	return name;
}

static bool is_active(const struct service *service, const struct strings *active)
{
	for (size_t i = 0; i < service->profiles.n; i++)
		for (size_t j = 0; j < active->n; j++)
			if (strcmp(active->items[j], "*") == 0 ||
			    strcmp(active->items[j], service->profiles.items[i]) == 0)
				return true;
	return service->profiles.n == 0;
}

static void list_profiles(struct project *project)
{
	CLEANUP(names_release) struct names seen = NAMES_INIT;
	struct strings *all = &project->profiles;
	size_t n = 0;

	for (size_t i = 0; i < project->n_services; i++)
		n += project->services[i].profiles.n;
	*all = (struct strings){ARENA_ARRAY(project->arena, const char *, n + 1), 0, true};
	for (size_t i = 0; i < project->n_services; i++) {
		const struct strings *profiles = &project->services[i].profiles;

		for (size_t j = 0; j < profiles->n; j++)
			if (!names_add(&seen, profiles->items[j], project))
				all->items[all->n++] = profiles->items[j];
	}
}

void normalise_profiles(struct project *project, const struct strings *active,
			struct names *ret_inactive)
{
	struct service *services = (struct service *)project->services;
	size_t kept = 0;

	list_profiles(project);
	for (size_t i = 0; i < project->n_services; i++) {
		if (is_active(&services[i], active))
			services[kept++] = services[i];
		else
			names_add(ret_inactive, services[i].name, project);
	}
	project->n_services = kept;
}

void normalise_join_default(struct arena *arena, struct service *service, struct position pos)
{
	struct service_network *network = ARENA_NEW(arena, struct service_network);

	network->network = "default";
	network->pos = pos;
	service->networks = network;
	service->n_networks = 1;
}

static void name_network(struct project *project, struct network *network)
{
	if (!network->name && network->external)
		network->name = network->key;
	else if (!network->name)
		network->name = arena_printf(project->arena, "%s_%s", project->name, network->key);
}

void normalise_networks(struct project *project)
{
	CLEANUP(names_release) struct names used = NAMES_INIT;
	struct service *services = (struct service *)project->services;
	struct network *networks =
		ARENA_ARRAY(project->arena, struct network, project->n_networks + 1);
	size_t n = 0;

	for (size_t i = 0; i < project->n_services; i++) {
		if (services[i].n_networks == 0 && !services[i].network_mode)
			normalise_join_default(project->arena, &services[i], services[i].pos);
		for (size_t j = 0; j < services[i].n_networks; j++)
			names_add(&used, services[i].networks[j].network, project);
	}
	for (size_t i = 0; i < project->n_networks; i++)
		if (names_get(&used, project->networks[i].key))
			networks[n++] = project->networks[i];
	if (names_get(&used, "default") && !project_network(project, "default"))
		networks[n++] = (struct network){.key = "default"};
	for (size_t i = 0; i < n; i++)
		name_network(project, &networks[i]);
	project->networks = networks;
	project->n_networks = n;
}

void normalise_volumes(struct project *project)
{
	struct volume *volumes = (struct volume *)project->volumes;

	for (size_t i = 0; i < project->n_volumes; i++) {
		if (!volumes[i].name && volumes[i].external)
			volumes[i].name = volumes[i].key;
		else if (!volumes[i].name)
			volumes[i].name = arena_printf(project->arena, "%s_%s", project->name,
						       volumes[i].key);
	}
}

void normalise_images(struct project *project)
{
	struct service *services = (struct service *)project->services;

	for (size_t i = 0; i < project->n_services; i++)
		if (!services[i].image && !services[i].rootfs.path)
			services[i].image = arena_printf(project->arena, "%s-%s", project->name,
							 services[i].name);
}
