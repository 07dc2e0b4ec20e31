// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/update.h"

#include "core/model/sharing.h"

const char *service_update_obstacle(const struct service *service)
{
	if (service->container_name)
		return "container_name";
	if (sharing_is_host(service->network_mode))
		return "network_mode: host";
	for (size_t i = 0; i < service->n_networks; i++) {
		if (service->networks[i].ipv4_address)
			return "ipv4_address";
		if (service->networks[i].ipv6_address)
			return "ipv6_address";
		if (service->networks[i].mac_address)
			return "mac_address";
	}
	return NULL;
}

static bool has_config(const struct update_config *config)
{
	return config->order || config->parallelism >= 0 || config->delay_ms >= 0 ||
	       config->monitor_ms >= 0 || config->failure_action;
}

enum update_order service_update_order(const struct service *service)
{
	enum update_order order = UPDATE_ORDER_NONE;

	switch (service->own_update.choice) {
	case OWN_UPDATE_RECREATE:
		return UPDATE_ORDER_NONE;
	case OWN_UPDATE_ROLLING:
		order = UPDATE_START_FIRST;
		break;
	case OWN_UPDATE_NONE:
		if (has_config(&service->update_config))
			order = service->update_config.order ? service->update_config.order
							     : UPDATE_STOP_FIRST;
		break;
	}
	if (order == UPDATE_START_FIRST && service_update_obstacle(service))
		return UPDATE_STOP_FIRST;
	return order;
}

int64_t service_update_parallelism(const struct service *service)
{
	return service->update_config.parallelism >= 0 ? service->update_config.parallelism : 1;
}

enum update_failure service_update_failure(const struct service *service)
{
	return service->update_config.failure_action ? service->update_config.failure_action
						     : UPDATE_PAUSE;
}
