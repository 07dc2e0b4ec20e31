// SPDX-License-Identifier: GPL-2.0-or-later
/* What services stand on: networks and volumes, in a plan for `up`. */
#include "core/base/arena.h"
#include "core/converge/observation.h"
#include "core/converge/plan_up.h"
#include "core/model/project.h"

#include <string.h>

static bool network_is_used(const struct up *up, const struct network *network)
{
	const struct project *project = up->desired->project;

	for (size_t i = 0; i < project->n_services; i++) {
		if (!up->desired->services[i].wanted)
			continue;
		for (size_t j = 0; j < project->services[i].n_networks; j++)
			if (strcmp(project->services[i].networks[j].network, network->key) == 0)
				return true;
	}
	return false;
}

static bool container_on_network(const struct up *up, const struct observed_container *container,
				 const char *key)
{
	const struct service *service = project_service(up->desired->project, container->service);

	for (size_t i = 0; service && i < service->n_networks; i++)
		if (strcmp(service->networks[i].network, key) == 0)
			return true;
	return false;
}

/* A network's own settings changed: everything on it goes first, then it, then it comes anew. */
static uint32_t plan_network_change(struct up *up, const char *key, const char *reason)
{
	uint32_t remove = PLAN_NOTHING;
	uint32_t *removed =
		ARENA_ARRAY(up->builder.plan.arena, uint32_t, up->actual->n_containers + 1);
	size_t n = 0;

	for (size_t i = 0; i < up->actual->n_containers; i++) {
		const struct observed_container *c = &up->actual->containers[i];
		uint32_t stop;

		if (!container_on_network(up, c, key))
			continue;
		stop = plan_stop(up, c, reason, APPLY_RECREATE);
		removed[n] = plan_add(&up->builder, ACTION_CONTAINER_REMOVE, c->name, reason,
				      APPLY_RECREATE);
		plan_edge(&up->builder, removed[n++], stop);
	}
	remove = plan_add(&up->builder, ACTION_NETWORK_REMOVE, key, reason, APPLY_RECREATE);
	for (size_t i = 0; i < n; i++)
		plan_edge(&up->builder, remove, removed[i]);
	return remove;
}

int plan_networks(struct up *up, const char *const *hashes, struct err *err)
{
	const struct project *project = up->desired->project;

	for (size_t i = 0; i < project->n_networks; i++) {
		const struct network *network = &project->networks[i];
		const struct observed_network *seen = observation_network(up->actual, network->key);
		uint32_t removed = PLAN_NOTHING;
		const char *reason = "missing";

		up->networks[i] = PLAN_NOTHING;
		if (!network_is_used(up, network))
			continue;
		if (seen && !seen->broken && strcmp(seen->hash, hashes[i]) == 0)
			continue;
		if (seen && !seen->broken && seen->guests)
			return plan_refuse_guests(seen, err);
		if (seen && !seen->broken) {
			reason = arena_printf(up->builder.plan.arena, "network '%s' changed",
					      network->key);
			removed = plan_network_change(up, network->key, reason);
			up->network_changed[i] = true;
		} else if (seen) {
			reason = "a part of it is missing";
		}
		up->networks[i] = plan_add(&up->builder, ACTION_NETWORK_CREATE, network->key,
					   reason, APPLY_NONE);
		plan_edge(&up->builder, up->networks[i], removed);
	}
	return 0;
}

static bool volume_is_used(const struct up *up, const struct volume *volume)
{
	const struct project *project = up->desired->project;

	for (size_t i = 0; i < project->n_services; i++) {
		const struct service *service = &project->services[i];

		if (!up->desired->services[i].wanted)
			continue;
		for (size_t j = 0; j < service->n_mounts; j++)
			if (service->mounts[j].type == MOUNT_VOLUME && service->mounts[j].source &&
			    strcmp(service->mounts[j].source, volume->key) == 0)
				return true;
	}
	return false;
}

void plan_volumes(struct up *up)
{
	const struct project *project = up->desired->project;

	for (size_t i = 0; i < project->n_volumes; i++) {
		const struct volume *volume = &project->volumes[i];

		up->volumes[i] = PLAN_NOTHING;
		/* An external one that is missing is an error when it is made, with a sentence. */
		if (volume_is_used(up, volume) && !observation_has_volume(up->actual, volume->name))
			up->volumes[i] = plan_add(&up->builder, ACTION_VOLUME_CREATE, volume->key,
						  "missing", APPLY_NONE);
	}
}
