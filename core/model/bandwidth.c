// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/bandwidth.h"

#include <string.h>

static const struct bandwidth nothing = {.ingress = 0};

/* The attachment's word, else the service's; a rate below 0 is none at all. */
static int64_t rate(int64_t own, int64_t common)
{
	int64_t said = own != 0 ? own : common;

	return said > 0 ? said : 0;
}

static const struct bandwidth *of_attachment(const struct service *service, const char *key)
{
	for (size_t i = 0; i < service->n_networks; i++)
		if (strcmp(service->networks[i].network, key) == 0)
			return &service->networks[i].bandwidth;
	return &nothing;
}

struct bandwidth bandwidth_in_network(const struct service *service, const char *key)
{
	const struct bandwidth *own = of_attachment(service, key), *common = &service->bandwidth;

	return (struct bandwidth){
		.ingress = rate(own->ingress, common->ingress),
		.egress = rate(own->egress, common->egress),
		.burst = own->burst ? own->burst : common->burst,
		.delay_ms = own->delay_ms ? own->delay_ms : common->delay_ms,
		.loss = own->loss ? own->loss : common->loss,
	};
}

bool bandwidth_is_limited(const struct bandwidth *bandwidth)
{
	return bandwidth->ingress || bandwidth->egress || bandwidth->delay_ms || bandwidth->loss;
}

bool bandwidth_is_said(const struct service *service)
{
	bool said = bandwidth_is_limited(&service->bandwidth);

	for (size_t i = 0; i < service->n_networks; i++)
		said |= bandwidth_is_limited(&service->networks[i].bandwidth);
	return said;
}
