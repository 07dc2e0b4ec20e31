// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is still connected to a container: asked on the loop, answered in a thread. */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "net/conntrack.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct question {
	struct conntrack_match *matches; /* one for each of its addresses */
	size_t n;
};

void *host_connections_prepare(void *ctx, const char *name)
{
	const struct host *host = ctx;
	struct question *question = calloc(1, sizeof(*question));

	if (!question)
		abort();
	question->matches = calloc(2 * host->n_leases + 1, sizeof(*question->matches));
	if (!question->matches)
		abort();
	for (size_t i = 0; i < host->n_leases; i++) {
		const struct host_lease *lease = &host->leases[i];
		const struct cidr *addresses[] = {&lease->addr, &lease->addr6};

		for (size_t j = 0; j < ARRAY_SIZE(addresses); j++)
			if (strcmp(lease->container, name) == 0 && addresses[j]->len)
				question->matches[question->n++] = (struct conntrack_match){
					.protocol = IPPROTO_TCP, .container = *addresses[j]};
	}
	return question;
}

int host_connections_count(void *ctx, void *prepared, size_t *ret_n, struct err *err)
{
	struct question *question = prepared;
	int r = 0;

	(void)ctx; /* belongs to the loop's thread */
	*ret_n = 0;
	if (question->n > 0)
		r = conntrack_count(question->matches, question->n, ret_n, err);
	free(question->matches);
	free(question);
	return r;
}
