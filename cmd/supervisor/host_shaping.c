// SPDX-License-Identifier: GPL-2.0-or-later
/* Bandwidth of containers: what the service says, for net/. */
#include "cmd/supervisor/host.h"

#include "core/model/bandwidth.h"
#include "net/shaping.h"

#define BITS_PER_BYTE 8
#define MILLION	      UINT64_C(1000000)

static struct shaping shaping_of(const struct service *service, const char *network)
{
	const struct bandwidth bandwidth = bandwidth_in_network(service, network);

	return (struct shaping){
		.ingress = (uint64_t)bandwidth.ingress / BITS_PER_BYTE,
		.egress = (uint64_t)bandwidth.egress / BITS_PER_BYTE,
		.burst = (uint32_t)bandwidth.burst,
		.delay_ms = (uint32_t)bandwidth.delay_ms,
		.loss = (uint32_t)((uint64_t)bandwidth.loss * UINT32_MAX / MILLION),
	};
}

int host_shape(struct host *host, const struct service *service,
	       const struct container_record *record, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < record->n_addresses; i++) {
		const struct record_address *a = &record->addresses[i];
		struct shaping wanted = shaping_of(service, a->network);

		r = shaping_apply(host->nl, a->host_link, link_group(host->id), &wanted, err);
		if (r < 0)
			err_wrap(err, "x-stack.bandwidth in network '%s'", a->network);
	}
	return r;
}

int host_shape_check(struct host *host, const struct service *service,
		     const struct container_record *record, const char **ret_wrong, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && !*ret_wrong && i < record->n_addresses; i++) {
		const struct record_address *a = &record->addresses[i];
		struct shaping wanted = shaping_of(service, a->network);

		r = shaping_check(host->nl, a->host_link, &wanted, ret_wrong, err);
	}
	return r;
}
