// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_ENDPOINT_CHECK_H
#define STACK_NET_ENDPOINT_CHECK_H

#include "net/endpoint.h"

#include <stdbool.h>

struct bridge;

/*
 * Is there still what was made?  What is found wrong is put right by
 * endpoints_attach() and bridge_ensure(), with endpoint_restore_route() and
 * bridge_restore_route() behind them: the kernel makes a subnet's route
 * together with the address and then never again.
 */

/*
 * What is wrong with an endpoint, for people: "the link is gone"; NULL: nothing.
 * With LINK_ONLY, what is in the container's namespace is its own business.
 *
 * Negative: it could not be found out.
 */
int endpoint_check(struct netlink *nl, const char *project_id, const struct endpoint *endpoint,
		   bool link_only, const char **ret_wrong, struct err *err);

/* The route to the endpoint's own subnet, inside the container. */
int endpoint_restore_route(const struct endpoint *endpoint, struct err *err);

/* The same for a bridge that should be IFINDEX. */
int bridge_check(struct netlink *nl, const struct bridge *bridge, const char **ret_wrong,
		 struct err *err);
int bridge_restore_route(struct netlink *nl, const struct bridge *bridge, int ifindex,
			 struct err *err);

#endif
