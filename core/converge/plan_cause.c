// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a container cannot stay as it is. */
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/converge/observation.h"
#include "core/converge/plan_up.h"
#include "core/model/changes.h"
#include "core/model/project.h"

#include <string.h>

#define NAMED_MAX 6 /* more attributes than that are not listed */

static bool takes_a_new_container(enum apply_class apply_class)
{
	return apply_class == APPLY_ROLLING || apply_class == APPLY_RECREATE;
}

static size_t changes_of(const struct up *up, const struct service *service,
			 struct change **ret_changes)
{
	const struct service *was = up->desired->previous
					    ? project_service(up->desired->previous, service->name)
					    : NULL;

	return was ? service_changes(was, service, up->builder.plan.arena, ret_changes) : 0;
}

/* "image, environment changed"; NULL: there is nothing to compare with. */
static const char *list_changes(const struct up *up, const struct service *service,
				bool (*counts)(enum apply_class))
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct change *changes = NULL;
	size_t n = changes_of(up, service, &changes), named = 0;

	for (size_t i = 0; i < n; i++) {
		if (!counts(changes[i].apply_class))
			continue;
		if (named < NAMED_MAX)
			strbuf_printf(&text, "%s%s", named ? ", " : "", changes[i].key);
		named++;
	}
	if (named == 0)
		return NULL;
	if (named > NAMED_MAX)
		strbuf_printf(&text, " and %zu more", named - NAMED_MAX);
	strbuf_puts(&text, " changed");
	return arena_strdup(up->builder.plan.arena, text.text);
}

const char *plan_cause(const struct up *up, const struct observed_container *container,
		       const struct service *service)
{
	const struct desired_service *want =
		&up->desired->services[service - up->desired->project->services];
	const char *text;

	if (container->broken)
		return "a part of it is missing";
	if (up->options->force_recreate && want->wanted)
		return "asked for";
	if (up->options->no_recreate || strcmp(container->config_hash, want->config_hash) == 0)
		return NULL;
	text = list_changes(up, service, takes_a_new_container);
	if (text)
		return text;
	return strcmp(container->image_id, want->image_id) ? "its image is another one now"
							   : "its configuration changed";
}

static bool is_live(enum apply_class apply_class)
{
	return apply_class == APPLY_LIVE || apply_class == APPLY_RELOAD;
}

/* What traffic goes through: it changes for new connections only. */
static bool is_about_traffic(const char *key)
{
	return strcmp(key, "ports") == 0 || strcmp(key, "networks") == 0;
}

const char *plan_live_cause(const struct up *up, const struct service *service,
			    enum impact *ret_impact)
{
	const char *text = list_changes(up, service, is_live);
	struct change *changes = NULL;
	size_t n = changes_of(up, service, &changes);

	*ret_impact = IMPACT_NONE;
	for (size_t i = 0; i < n; i++)
		if (is_about_traffic(changes[i].key))
			*ret_impact = IMPACT_KEPT;
	return text ? text : "settings changed that need no restart";
}
