// SPDX-License-Identifier: GPL-2.0-or-later
/* Is there still what was made for networks and containers?  Else it is made again. */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "core/container/caps.h"
#include "core/model/bandwidth.h"
#include "core/model/sharing.h"
#include "net/bridge.h"
#include "net/endpoint_check.h"
#include "net/netns.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int host_network_check(void *ctx, const char *key, const char **ret_wrong, struct err *err)
{
	struct host *host = ctx;
	const struct host_network *network = host_network(host, key);
	struct bridge bridge;

	*ret_wrong = NULL;
	if (!network)
		return 0;
	if (!host_is_ours(network)) {
		if (host_foreign_look(host, network) != FOREIGN_AS_IT_WAS)
			*ret_wrong = "it is not there any more, or not as it was";
		return 0;
	}
	bridge = host_bridge(host, network);
	return bridge_check(host->nl, &bridge, ret_wrong, err);
}

/* With this capability a container may do as it likes in its namespace. */
static bool manages_its_network(const struct service *service)
{
	uint64_t capabilities = 0;

	if (service->privileged || caps_compute(service->cap_add.items, service->cap_drop.items,
						false, &capabilities, NULL) < 0)
		return true;
	return capabilities & UINT64_C(1) << CAP_NET_ADMIN;
}

static bool has_own_network(const struct service *service)
{
	return !sharing_is_host(service->network_mode) &&
	       !sharing_names_other(service->network_mode);
}

static int check_links(struct host *host, const struct service *service,
		       const struct container_record *record, const char **ret_wrong,
		       struct err *err)
{
	char name[NETNS_NAME_MAX];
	CLEANUP_FD int netns = -1;
	bool link_only = manages_its_network(service);
	int r = 0;

	if (!has_own_network(service))
		return 0;
	netns_name(host->id, record->name, name);
	if (netns_open(name, &netns, NULL) < 0) {
		*ret_wrong = "the name of its network namespace is gone";
		return 0;
	}
	for (size_t i = 0; r == 0 && !*ret_wrong && i < record->n_addresses; i++) {
		struct host_endpoint endpoint;

		r = host_endpoint(host, record, i, netns, &endpoint, err);
		if (r == 0)
			r = endpoint_check(host->nl, host->id, &endpoint.endpoint, link_only,
					   ret_wrong, err);
	}
	if (r == 0 && !*ret_wrong && bandwidth_is_said(service))
		r = host_shape_check(host, service, record, ret_wrong, err);
	return r;
}

static int check_limits(struct host *host, const struct service *service,
			const struct container_record *record, const char **ret_wrong,
			struct err *err)
{
	struct cgroup_limits wanted = host_limits(service), actual;
	char path[CGROUP_PATH_MAX];
	int r;

	host_cgroup_path(host, record->name, path, sizeof(path));
	r = cgroup_read_limits(&host->cgroups, path, &actual, err);
	if (r == -ENOENT)
		*ret_wrong = "its cgroup is gone"; /* systemd removes empty ones of a unit */
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!cgroup_limits_equal(&host->cgroups, &wanted, &actual))
		*ret_wrong = "its limits were changed by hand";
	return 0;
}

int host_container_check(void *ctx, const struct service *service,
			 const struct container_record *record, const char **ret_wrong,
			 struct err *err)
{
	struct host *host = ctx;
	int r;

	*ret_wrong = NULL;
	r = check_links(host, service, record, ret_wrong, err);
	if (r == 0 && !*ret_wrong)
		r = check_limits(host, service, record, ret_wrong, err);
	if (r == 0 && !*ret_wrong && record->n_ports > 0 && !host_ports_are_held(host, record))
		*ret_wrong = "its ports are not reserved";
	return r;
}

/* The namespace lives in its processes: it gets its name back.  Without any, it is a new one. */
static int mend_netns(struct host *host, const struct service *service,
		      const struct container_record *record, int *ret_netns, struct err *err)
{
	struct container_view view = CONTAINER_VIEW_INIT;
	char name[NETNS_NAME_MAX];
	int r;

	netns_name(host->id, record->name, name);
	if (netns_open(name, ret_netns, NULL) == 0)
		return 0;
	r = host_container_look(host, record->name, &view, err);
	if (view.shim_pidfd >= 0)
		close(view.shim_pidfd);
	if (r < 0)
		return r;
	if (view.running)
		return netns_name_again(name, view.state.pid, ret_netns, err);
	return host_make_netns(host, service, record->name, ret_netns, err);
}

static int mend_links(struct host *host, const struct service *service,
		      const struct container_record *record, struct err *err)
{
	CLEANUP_FD int netns = -1;
	int r;

	if (!has_own_network(service))
		return 0;
	r = mend_netns(host, service, record, &netns, err);
	for (size_t i = 0; r == 0 && i < record->n_addresses; i++) {
		struct host_endpoint endpoint;

		r = host_endpoint(host, record, i, netns, &endpoint, err);
		/* First, for the default route needs it; where the link is gone or down, the
		 * kernel makes it with the address. */
		if (r == 0)
			(void)endpoint_restore_route(&endpoint.endpoint, NULL);
	}
	if (r == 0)
		r = host_attach_again(host, record, netns, err);
	if (r == 0)
		r = host_set_sysctls(service, record, netns, err);
	return r < 0 || !bandwidth_is_said(service) ? r : host_shape(host, service, record, err);
}

int host_container_mend(void *ctx, const struct service *service, struct container_record *record,
			struct err *err)
{
	struct host *host = ctx;
	struct cgroup_limits limits = host_limits(service), actual;
	const char *wrong = NULL;
	char path[CGROUP_PATH_MAX];
	int r = check_links(host, service, record, &wrong, err);

	/* What is right stays untouched: others may have added to it. */
	if (r == 0 && wrong)
		r = mend_links(host, service, record, err);
	host_cgroup_path(host, record->name, path, sizeof(path));
	if (r == 0 && cgroup_read_limits(&host->cgroups, path, &actual, NULL) == -ENOENT)
		r = host_cgroups_again(host, service, record->name, err);
	if (r == 0)
		r = cgroup_apply_limits(&host->cgroups, path, &limits, err);
	if (r == 0 && record->n_ports > 0 && !host_ports_are_held(host, record))
		r = host_ports_reserve(host, service, record, err);
	return r;
}
