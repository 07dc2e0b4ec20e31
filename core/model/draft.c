// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/draft.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/decode.h"
#include "core/model/names.h"

#include <string.h>

/* What env_file says and environment does not, in front of what environment says. */
static void add_env_file(struct decoder *decoder, struct draft_service *draft)
{
	CLEANUP(names_release) struct names said = NAMES_INIT;
	const struct map *own = &draft->service.environment, *below = &draft->env_file;
	struct key_value *items;
	size_t n = 0;

	if (below->n == 0)
		return;
	for (size_t i = 0; i < own->n; i++)
		names_add(&said, own->items[i].key, draft);
	items = ARENA_ARRAY(decoder->arena, struct key_value, own->n + below->n);
	for (size_t i = 0; i < below->n; i++)
		if (!names_get(&said, below->items[i].key))
			items[n++] = below->items[i];
	if (own->n)
		memcpy(items + n, own->items, own->n * sizeof(*items));
	draft->service.environment = (struct map){items, n + own->n};
}

/* Names work without links; what is left of a link is its order. */
static void add_links(struct decoder *decoder, struct draft_service *draft, struct position pos)
{
	CLEANUP(names_release) struct names said = NAMES_INIT;
	struct service *service = &draft->service;
	size_t n = service->n_depends_on;
	struct dependency *all;

	if (draft->links.n == 0)
		return;
	all = ARENA_ARRAY(decoder->arena, struct dependency, n + draft->links.n);
	if (n)
		memcpy(all, service->depends_on, n * sizeof(*all));
	for (size_t i = 0; i < n; i++)
		names_add(&said, all[i].service, draft);
	for (size_t i = 0; i < draft->links.n; i++)
		if (!names_add(&said, draft->links.items[i], draft))
			all[n++] = (struct dependency){
				.service = draft->links.items[i], .required = true, .pos = pos};
	service->depends_on = all;
	service->n_depends_on = n;
}

static void check_image(struct decoder *decoder, const struct draft_service *draft,
			struct position pos)
{
	if (draft->has_build && draft->service.image)
		decode_note(decoder, draft->build,
			    "building images is not there yet: '%s' is used as it is",
			    draft->service.image);
	else if (draft->has_build)
		decode_error(decoder, draft->build,
			     "building images is not there yet: build it with buildah or docker, "
			     "'stack image import' it, and name it here with 'image:'");
	else if (!draft->service.image)
		decode_error(decoder, pos, "the service has no image; say which with 'image:'");
}

struct service draft_finish(struct decoder *decoder, struct draft_service *draft, const char *name,
			    struct position pos)
{
	struct service *service = &draft->service;

	service->name = name;
	service->pos = pos;
	add_env_file(decoder, draft);
	add_links(decoder, draft, pos);
	if (draft->policy_is_set && !draft->restart_is_set) {
		service->restart = draft->policy;
		if (draft->policy == RESTART_ON_FAILURE)
			service->restart_max_attempts = draft->policy_attempts;
	}
	check_image(decoder, draft, pos);
	return *service;
}
