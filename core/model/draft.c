// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/draft.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/decode.h"
#include "core/model/diagnostics.h"
#include "core/model/names.h"
#include "core/model/node.h"
#include "core/model/normalise.h"
#include "core/model/watch.h"

#include <string.h>

/* What a quota is of where no period is said. */
#define CPU_PERIOD_US 100000

/* What BELOW says and OWN does not, in front of what OWN says. */
static struct map laid_over(struct decoder *decoder, const struct map *below, const struct map *own)
{
	CLEANUP(names_release) struct names said = NAMES_INIT;
	struct key_value *items;
	size_t n = 0;

	if (below->n == 0)
		return *own;
	for (size_t i = 0; i < own->n; i++)
		names_add(&said, own->items[i].key, decoder);
	items = ARENA_ARRAY(decoder->arena, struct key_value, own->n + below->n);
	for (size_t i = 0; i < below->n; i++)
		if (!names_get(&said, below->items[i].key))
			items[n++] = below->items[i];
	if (own->n)
		memcpy(items + n, own->items, own->n * sizeof(*items));
	return (struct map){items, n + own->n};
}

/* Names work without links; what is left of a link, and of borrowed volumes, is the order. */
void draft_depend_on(struct decoder *decoder, struct service *service, const struct links *links,
		     bool restart)
{
	CLEANUP(names_release) struct names said = NAMES_INIT;
	size_t n = service->n_depends_on;
	struct dependency *all;

	if (links->n == 0)
		return;
	all = ARENA_ARRAY(decoder->arena, struct dependency, n + links->n);
	if (n)
		memcpy(all, service->depends_on, n * sizeof(*all));
	for (size_t i = 0; i < n; i++)
		names_add(&said, all[i].service, decoder);
	for (size_t i = 0; i < links->n; i++)
		if (!names_add(&said, links->items[i].service, decoder))
			all[n++] = (struct dependency){.service = links->items[i].service,
						       .restart = restart,
						       .required = true,
						       .pos = links->items[i].pos};
	service->depends_on = all;
	service->n_depends_on = n;
}

/* It is the first network's. */
static void give_mac(struct decoder *decoder, struct draft_service *draft)
{
	struct service *service = &draft->service;
	struct service_network *first;
	char place[POSITION_TEXT_MAX];

	if (!draft->mac_address)
		return;
	if (service->network_mode) {
		decode_error(decoder, draft->mac_position,
			     "not together with 'network_mode'; remove one");
		return;
	}
	if (service->n_networks == 0)
		normalise_join_default(decoder->arena, service, draft->mac_position);
	first = (struct service_network *)service->networks;
	if (first->mac_address && strcmp(first->mac_address, draft->mac_address) != 0)
		decode_error(decoder, draft->mac_position,
			     "the network '%s' says another one, in %s; remove one", first->network,
			     position_text(first->pos, place));
	first->mac_address = draft->mac_address;
}

/* Quota divided by period: the kernel's own period of 100 ms is as good as any. */
static void set_cpus(struct decoder *decoder, struct draft_service *draft)
{
	int64_t period = draft->cpu_period_us ? draft->cpu_period_us : CPU_PERIOD_US;
	int64_t *cpus = &draft->service.limits.cpu_millis, millis;

	if (draft->cpu_quota_us <= 0)
		return;
	millis = draft->cpu_quota_us * 1000 / period;
	millis = millis > 0 ? millis : 1;
	if (*cpus && *cpus != millis)
		decode_error(decoder, draft->cpu_position,
			     "cpu_quota and cpus say different things; remove one of them");
	*cpus = millis;
}

static void check_image(struct decoder *decoder, const struct service *service, struct position pos)
{
	if (!service->build && !service->image && !service->rootfs.path)
		decode_error(decoder, pos,
			     "the service has no image; say which with 'image:', or how it is made "
			     "with 'build:'");
}

static void check_rootfs(struct decoder *decoder, const struct service *service)
{
	const struct rootfs *rootfs = &service->rootfs;

	if (rootfs->path && (service->image || service->build))
		decode_error(decoder, rootfs->pos,
			     "x-stack.rootfs: not together with '%s'; remove one of them",
			     service->image ? "image" : "build");
}

static void check_watch(struct decoder *decoder, const struct service *service)
{
	for (size_t i = 0; i < service->watch.n; i++)
		if (service->watch.items[i].action == WATCH_REBUILD && !service->build)
			decode_error(decoder, service->watch.items[i].pos,
				     "develop.watch: 'rebuild' needs 'build', which says how");
}

static void check_probe(struct decoder *decoder, const struct service *service)
{
	const struct health_probe *probe = &service->probe;
	const char *driver = service->logging.driver;

	if (probe->kind != PROBE_EXEC && service->healthcheck.test.is_set)
		decode_error(decoder, probe->pos,
			     "x-stack.probe: not together with 'healthcheck.test'; remove one of "
			     "them, the other keys of 'healthcheck' are for both");
	if (probe->kind == PROBE_LOG && driver && strcmp(driver, "none") == 0)
		decode_error(decoder, probe->pos,
			     "x-stack.probe: a log with the driver 'none' is written nowhere, so "
			     "no line of it can be found; remove one of them");
}

void draft_finish(struct decoder *decoder, struct draft_service *draft, const char *name,
		  struct position pos)
{
	struct service *service = &draft->service;

	service->name = name;
	service->pos = pos;
	service->environment = laid_over(decoder, &draft->env_file, &service->environment);
	service->labels = laid_over(decoder, &draft->label_file, &service->labels);
	draft_depend_on(decoder, service, &draft->links, false);
	draft_depend_on(decoder, service, &draft->volumes_from, false);
	give_mac(decoder, draft);
	set_cpus(decoder, draft);
	/* A policy that does not say when means always. */
	if (!draft->policy_is_set && (service->restart_delay_ms >= 0 ||
				      service->restart_window_ms >= 0 || draft->policy_attempts)) {
		draft->policy_is_set = true;
		draft->policy = RESTART_ALWAYS;
	}
	if (draft->policy_is_set && !draft->restart_is_set) {
		service->restart = draft->policy;
		if (draft->policy == RESTART_ON_FAILURE)
			service->restart_max_attempts = draft->policy_attempts;
	}
	check_image(decoder, service, pos);
	check_rootfs(decoder, service);
	check_watch(decoder, service);
	check_probe(decoder, service);
}
