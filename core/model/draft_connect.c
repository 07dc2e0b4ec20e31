// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/draft.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/decode.h"
#include "core/model/names.h"
#include "core/model/normalise.h"

#include <string.h>

/*
 * What one service's keys say about another one: aliases of links, and volumes
 * that are borrowed
 */

struct drafts {
	struct decoder *decoder;
	struct names index;
};

static struct service_network *network_of(struct service *service, const char *name)
{
	for (size_t i = 0; i < service->n_networks; i++)
		if (strcmp(service->networks[i].network, name) == 0)
			return (struct service_network *)&service->networks[i];
	return NULL;
}

static void add_alias(struct arena *arena, struct service_network *network, const char *alias)
{
	struct strings *aliases = &network->aliases;
	const char **items;

	for (size_t i = 0; i < aliases->n; i++)
		if (strcmp(aliases->items[i], alias) == 0)
			return;
	items = ARENA_ARRAY(arena, const char *, aliases->n + 2);
	if (aliases->n)
		memcpy(items, aliases->items, aliases->n * sizeof(*items));
	items[aliases->n] = alias;
	*aliases = (struct strings){items, aliases->n + 1, true};
}

/* A service that says no network is in `default`, and has to say so to have an alias there. */
static void join_default(struct arena *arena, struct service *service)
{
	if (service->n_networks == 0 && !service->network_mode)
		normalise_join_default(arena, service, service->pos);
}

static void connect_link(struct drafts *drafts, struct service *service, const struct link *link)
{
	struct draft_service *draft = names_get(&drafts->index, link->service);
	struct arena *arena = drafts->decoder->arena;
	struct service *other;
	bool met = false;

	if (!draft || !link->word || strcmp(link->word, link->service) == 0)
		return;
	other = &draft->service;
	join_default(arena, service);
	join_default(arena, other);
	for (size_t i = 0; i < service->n_networks; i++) {
		struct service_network *network = network_of(other, service->networks[i].network);

		if (network)
			add_alias(arena, network, link->word);
		met |= network != NULL;
	}
	if (!met)
		decode_error(drafts->decoder, link->pos,
			     "there is no network that both are in, so '%s' cannot be reached",
			     link->service);
}

static bool has_target(const struct service *service, const char *target)
{
	for (size_t i = 0; i < service->n_mounts; i++)
		if (strcmp(service->mounts[i].target, target) == 0)
			return true;
	return false;
}

static void borrow_volumes(struct drafts *drafts, struct draft_service *draft);

static void borrow_from(struct drafts *drafts, struct service *service, const struct link *link)
{
	struct draft_service *draft = names_get(&drafts->index, link->service);
	const struct service *lender;
	struct mount *mounts;

	if (!draft)
		return;
	borrow_volumes(drafts, draft);
	lender = &draft->service;
	mounts = ARENA_ARRAY(drafts->decoder->arena, struct mount,
			     service->n_mounts + lender->n_mounts + 1);
	if (service->n_mounts)
		memcpy(mounts, service->mounts, service->n_mounts * sizeof(*mounts));
	for (size_t i = 0; i < lender->n_mounts; i++) {
		struct mount *mount = &mounts[service->n_mounts];

		if (lender->mounts[i].type == MOUNT_TMPFS ||
		    has_target(service, lender->mounts[i].target))
			continue;
		if (!lender->mounts[i].source) {
			decode_error(drafts->decoder, link->pos,
				     "the volume at '%s' of '%s' has no name; give it one to share "
				     "it",
				     lender->mounts[i].target, lender->name);
			continue;
		}
		*mount = lender->mounts[i];
		mount->read_only |= link->word && strcmp(link->word, "ro") == 0;
		service->mounts = mounts;
		service->n_mounts++;
	}
	service->mounts = mounts;
}

/* Circles end here, and are told of by check.h, as each depends on the next. */
static void borrow_volumes(struct drafts *drafts, struct draft_service *draft)
{
	struct links from = draft->volumes_from;

	draft->volumes_from.n = 0;
	for (size_t i = 0; i < from.n; i++)
		borrow_from(drafts, &draft->service, &from.items[i]);
}

static struct crumb crumb_of(const struct decoder *decoder, const struct draft_service *draft)
{
	return (struct crumb){.up = decoder->at, .key = draft->service.name};
}

void draft_connect(struct decoder *decoder, struct draft_service *services, size_t n)
{
	struct drafts drafts = {.decoder = decoder};

	for (size_t i = 0; i < n; i++)
		names_add(&drafts.index, services[i].service.name, &services[i]);
	for (size_t i = 0; i < n; i++) {
		struct crumb crumb = crumb_of(decoder, &services[i]);

		decoder->at = &crumb;
		for (size_t j = 0; j < services[i].links.n; j++)
			connect_link(&drafts, &services[i].service, &services[i].links.items[j]);
		borrow_volumes(&drafts, &services[i]);
		decoder->at = crumb.up;
	}
	names_release(&drafts.index);
}
