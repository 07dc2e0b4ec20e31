// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernel parameters of a container's interfaces, which their names are a part of. */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "core/model/network_options.h"
#include "net/netns.h"
#include "net/sysctl.h"

#include <stdlib.h>
#include <string.h>

/* One network's, to be set from within the namespace. */
struct settings {
	const char *interface;
	char *text; /* KEY=VALUE[,...] */
};

/* KEY, "net.ipv4.conf.IFNAME.log_martians", becomes "ipv4/conf/eth0/log_martians". */
static int set_one(const char *interface, char *key, const char *value, struct err *err)
{
	char *name = strstr(key, NETWORK_SYSCTL_IFNAME), *rest;

	if (!name)
		return 0; /* endpoint_option_check() has found one */
	*name = '\0';
	rest = name + strlen(NETWORK_SYSCTL_IFNAME);
	for (char *c = key; *c; c++)
		*c = *c == '.' ? '/' : *c;
	for (char *c = rest; *c; c++)
		*c = *c == '.' ? '/' : *c;
	return sysctl_net(value, err, "%s%s%s", key + strlen("net/"), interface, rest);
}

static int set_all(void *data, struct err *err)
{
	struct settings *settings = data;
	char *rest = settings->text, *setting;
	int r = 0;

	while (r == 0 && (setting = strsep(&rest, ","))) {
		char *value = strchr(setting, '=');

		if (!value)
			continue;
		*value++ = '\0';
		r = set_one(settings->interface, setting, value, err);
	}
	return r;
}

int host_set_sysctls(const struct service *service, const struct container_record *record,
		     int netns, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < service->n_networks && i < record->n_addresses; i++) {
		const char *text =
			map_get(&service->networks[i].driver_opts, NETWORK_OPTION_SYSCTLS);
		CLEANUP_FREE char *copy = text ? strdup(text) : NULL;
		struct settings settings = {record->addresses[i].interface, copy};

		if (text && !copy)
			return err_nomem(err);
		if (text)
			r = netns_call(netns, set_all, &settings, err);
	}
	return r;
}
