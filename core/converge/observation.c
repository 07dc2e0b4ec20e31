// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/converge/observation.h"

#include <string.h>

const struct observed_container *observation_container(const struct observation *obs,
						       const char *name)
{
	for (size_t i = 0; i < obs->n_containers; i++)
		if (strcmp(obs->containers[i].name, name) == 0)
			return &obs->containers[i];
	return NULL;
}

const struct observed_network *observation_network(const struct observation *obs, const char *key)
{
	for (size_t i = 0; i < obs->n_networks; i++)
		if (strcmp(obs->networks[i].key, key) == 0)
			return &obs->networks[i];
	return NULL;
}

bool observation_has_volume(const struct observation *obs, const char *name)
{
	for (size_t i = 0; i < obs->n_volumes; i++)
		if (strcmp(obs->volumes[i], name) == 0)
			return true;
	return false;
}
