// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/sharing.h"

#include "core/model/project.h"

#include <string.h>

static const char service_prefix[] = "service:";
static const char container_prefix[] = "container:";

static bool begins(const char *text, const char *prefix)
{
	return text && strncmp(text, prefix, strlen(prefix)) == 0;
}

bool sharing_is_host(const char *mode)
{
	return mode && strcmp(mode, "host") == 0;
}

bool sharing_names_other(const char *mode)
{
	return begins(mode, service_prefix) || begins(mode, container_prefix);
}

const char *sharing_service(const char *mode)
{
	return begins(mode, service_prefix) ? mode + strlen(service_prefix) : NULL;
}

void sharing_services(const struct service *service, const char *ret_names[SHARING_MAX + 1])
{
	const char *network = sharing_service(service->network_mode);
	const char *pid = sharing_service(service->pid);
	size_t n = 0;

	if (network)
		ret_names[n++] = network;
	if (pid && !(network && strcmp(network, pid) == 0))
		ret_names[n++] = pid;
	ret_names[n] = NULL;
}
