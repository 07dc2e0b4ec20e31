// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "net/firewall_backend.h"
#include "net/modules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_FILE "/run/xtables.lock"

/* In the order in which they are preferred. */
static const struct firewall_backend *const backends[] = {&firewall_legacy, &firewall_nft};

static int forced(const char *name, const struct firewall_backend **ret, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(backends); i++)
		if (strcmp(backends[i]->name, name) == 0) {
			*ret = backends[i];
			return 0;
		}
	return err_set(err, EINVAL, "STACK_FIREWALL is '%s'; it can be 'legacy' or 'nft'", name);
}

int firewall_choose(const struct firewall_backend **ret_firewall, struct err *err)
{
	static const char *const modules[] = {"ip_tables", "ip6_tables", NULL};
	const char *name = getenv("STACK_FIREWALL");

	if (name && name[0] && strcmp(name, firewall_legacy.name) != 0)
		return forced(name, ret_firewall, err);
	if (!firewall_legacy.is_available())
		modules_load(modules);
	*ret_firewall = &firewall_legacy;
	if (!(name && name[0]) && !firewall_legacy.is_available() && firewall_nft.is_available())
		*ret_firewall = &firewall_nft;
	return 0;
}

const char *firewall_name(const struct firewall_backend *firewall)
{
	return firewall->name;
}

const char *firewall_lock_file(void)
{
	const char *path = getenv("XTABLES_LOCKFILE");

	return path && path[0] ? path : LOCK_FILE;
}

/* A project that began on another packet filter leaves nothing behind there. */
static int leave(const struct firewall_backend *other, const char *project_id, const char *project,
		 struct err *err)
{
	const struct firewall_rules none = {.project = project};
	bool clean = true;
	int r = other->check(project_id, &none, &clean, err);

	return r == 0 && !clean ? other->sync(project_id, &none, err) : r;
}

int firewall_sync(const struct firewall_backend *firewall, const char *project_id,
		  const struct firewall_rules *rules, struct err *err)
{
	int r = firewall->sync(project_id, rules, err);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(backends); i++)
		if (backends[i] != firewall)
			r = leave(backends[i], project_id, rules->project, err);
	if (r < 0)
		err_wrap(err, "firewall");
	return r;
}

int firewall_check(const struct firewall_backend *firewall, const char *project_id,
		   const struct firewall_rules *rules, bool *ret_intact, struct err *err)
{
	int r = firewall->check(project_id, rules, ret_intact, err);

	if (r < 0)
		err_wrap(err, "firewall");
	return r;
}

int firewall_supports(const struct firewall_backend *firewall, uint8_t family, struct err *err)
{
	return firewall->supports(family, err);
}

int firewall_events(const struct firewall_backend *firewall, int *ret_fd, struct err *err)
{
	*ret_fd = -1;
	return firewall->events ? firewall->events(ret_fd, err) : 0;
}
