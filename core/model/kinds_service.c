// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/decode.h"
#include "core/model/draft.h"
#include "core/model/envfile.h"
#include "core/model/node.h"
#include "core/model/units.h"
#include "core/model/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const restart_names[] = {
	[RESTART_NO] = "no",
	[RESTART_ALWAYS] = "always",
	[RESTART_ON_FAILURE] = "on-failure",
	[RESTART_UNLESS_STOPPED] = "unless-stopped",
};

/* "on-failure:3" */
static bool is_counted_restart(const char *text, int64_t *ret_attempts)
{
	static const char prefix[] = "on-failure:";
	size_t len = sizeof(prefix) - 1;

	return strncmp(text, prefix, len) == 0 && units_integer(text + len, ret_attempts) == 0 &&
	       *ret_attempts >= 0;
}

static void decode_restart(struct decoder *decoder, const struct attribute *attribute,
			   const struct node *node, void *object)
{
	struct draft_service *draft = object;
	const char *text = decode_text(decoder, node, "a policy such as unless-stopped");
	int which;

	(void)attribute;
	if (!text)
		return;
	draft->restart_is_set = true;
	if (is_counted_restart(text, &draft->service.restart_max_attempts)) {
		draft->service.restart = RESTART_ON_FAILURE;
		return;
	}
	/* Some write a bare no, which YAML 1.1 reads as false. */
	if (strcmp(text, "false") == 0)
		return;
	which = decode_choice(decoder, node, restart_names, ARRAY_SIZE(restart_names));
	if (which >= 0)
		draft->service.restart = (enum restart_policy)which;
}

static bool present_restart(const struct attribute *attribute, const void *object)
{
	const struct service *service = object;

	(void)attribute;
	/* A policy alone would mean another one. */
	return service->restart != RESTART_NO || service->restart_delay_ms >= 0 ||
	       service->restart_window_ms >= 0;
}

static void emit_restart(struct writer *writer, const struct attribute *attribute,
			 const void *object)
{
	const struct service *service = object;
	char text[48];

	(void)attribute;
	snprintf(text, sizeof(text), "%s:%" PRId64, restart_names[service->restart],
		 service->restart_max_attempts);
	writer_string(writer,
		      service->restart_max_attempts > 0 ? text : restart_names[service->restart]);
}

const struct kind kind_restart = {decode_restart, present_restart, emit_restart,
				  "no, always, on-failure[:ATTEMPTS] or unless-stopped"};

static void decode_restart_condition(struct decoder *decoder, const struct attribute *attribute,
				     const struct node *node, void *object)
{
	static const char *const names[] = {"none", "on-failure", "any"};
	static const enum restart_policy policies[] = {RESTART_NO, RESTART_ON_FAILURE,
						       RESTART_ALWAYS};
	struct draft_service *draft = object;
	int which = decode_choice(decoder, node, names, ARRAY_SIZE(names));

	(void)attribute;
	if (which < 0)
		return;
	draft->policy_is_set = true;
	draft->policy = policies[which];
}

const struct kind kind_restart_condition = {.decode = decode_restart_condition,
					    .form = "none, on-failure or any"};

static void decode_max_attempts(struct decoder *decoder, const struct attribute *attribute,
				const struct node *node, void *object)
{
	struct draft_service *draft = object;
	const char *text = decode_text(decoder, node, "a whole number");

	(void)attribute;
	if (text &&
	    (units_integer(text, &draft->policy_attempts) < 0 || draft->policy_attempts < 0))
		decode_error(decoder, node->pos, "'%s' is not a number of attempts", text);
}

const struct kind kind_max_attempts = {.decode = decode_max_attempts, .form = "a whole number"};

/* A number of microseconds, or a duration. */
static int64_t decode_microseconds(struct decoder *decoder, const struct node *node, int64_t min,
				   int64_t max)
{
	const char *text = decode_text(decoder, node, "microseconds, or a duration such as 50ms");
	int64_t value, ms;

	if (!text)
		return 0;
	if (units_integer(text, &value) < 0) {
		if (units_duration(text, &ms) < 0 || ms > max / 1000) {
			decode_error(decoder, node->pos, "'%s' is no number of microseconds", text);
			return 0;
		}
		value = ms * 1000;
	}
	/* -1 and 0 say that there is no limit. */
	if (value > 0 && (value < min || value > max)) {
		decode_error(decoder, node->pos,
			     "%s is out of range: it takes %" PRId64 " to %" PRId64 " microseconds",
			     text, min, max);
		return 0;
	}
	return value > 0 ? value : 0;
}

static void decode_cpu_quota(struct decoder *decoder, const struct attribute *attribute,
			     const struct node *node, void *object)
{
	struct draft_service *draft = object;

	(void)attribute;
	draft->cpu_position = node->pos;
	draft->cpu_quota_us = decode_microseconds(decoder, node, 1000, INT64_C(1000000000));
}

const struct kind kind_cpu_quota = {.decode = decode_cpu_quota,
				    .form = "microseconds, or a duration such as 50ms"};

static void decode_cpu_period(struct decoder *decoder, const struct attribute *attribute,
			      const struct node *node, void *object)
{
	(void)attribute;
	((struct draft_service *)object)->cpu_period_us =
		decode_microseconds(decoder, node, 1000, 1000000);
}

const struct kind kind_cpu_period = {.decode = decode_cpu_period,
				     .form = "microseconds, or a duration such as 50ms"};

static void decode_env_file(struct decoder *decoder, const struct attribute *attribute,
			    const struct node *node, void *object)
{
	(void)attribute;
	if (decoder->canonical)
		decode_error(decoder, node->pos, "files have been read by whoever wrote this");
	else
		((struct draft_service *)object)->env_file = envfile_read(decoder, node);
}

const struct kind kind_env_file = {
	.decode = decode_env_file,
	.form = "a path, or a list of paths and of mappings with path, required and format"};

static void decode_label_file(struct decoder *decoder, const struct attribute *attribute,
			      const struct node *node, void *object)
{
	(void)attribute;
	((struct draft_service *)object)->label_file = envfile_read(decoder, node);
}

const struct kind kind_label_file = {.decode = decode_label_file,
				     .form = "a path, or a list of paths"};

static struct link decode_link(struct decoder *decoder, const struct node *node)
{
	const char *text = decode_text(decoder, node, "SERVICE or SERVICE:ALIAS"), *colon;
	struct link link = {.service = text, .pos = node->pos};

	colon = text ? strchr(text, ':') : NULL;
	if (!colon)
		return link;
	link.service = arena_strndup(decoder->arena, text, (size_t)(colon - text));
	link.word = colon + 1;
	if (*link.service == '\0' || *link.word == '\0')
		decode_error(decoder, node->pos, "'%s' has an empty part", text);
	return link;
}

static struct links decode_link_list(struct decoder *decoder, const struct node *node)
{
	struct links links = {.n = 0};

	if (node->kind != NODE_SEQUENCE) {
		decode_mismatch(decoder, node, "a list");
		return links;
	}
	links.items = ARENA_ARRAY(decoder->arena, struct link, node->n + 1);
	for (size_t i = 0; i < node->n; i++) {
		struct crumb crumb = {.up = decoder->at, .index = i};

		decoder->at = &crumb;
		links.items[links.n] = decode_link(decoder, node->items[i]);
		links.n += links.items[links.n].service != NULL;
		decoder->at = crumb.up;
	}
	return links;
}

static void decode_links(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, void *object)
{
	(void)attribute;
	((struct draft_service *)object)->links = decode_link_list(decoder, node);
}

const struct kind kind_links = {.decode = decode_links, .form = "a list of SERVICE[:ALIAS]"};

static void decode_volumes_from(struct decoder *decoder, const struct attribute *attribute,
				const struct node *node, void *object)
{
	struct links from = decode_link_list(decoder, node);

	(void)attribute;
	for (size_t i = 0; i < from.n; i++) {
		const struct link *link = &from.items[i];

		if (strcmp(link->service, "container") == 0)
			decode_error(decoder, link->pos,
				     "containers of other projects have nothing to share here; "
				     "declare a volume with 'external: true' in both");
		else if (link->word && strcmp(link->word, "ro") && strcmp(link->word, "rw"))
			decode_error(decoder, link->pos, "'%s' is neither ro nor rw", link->word);
	}
	((struct draft_service *)object)->volumes_from = from;
}

const struct kind kind_volumes_from = {.decode = decode_volumes_from,
				       .form = "a list of SERVICE[:ro]"};

static void decode_own_mac(struct decoder *decoder, const struct attribute *attribute,
			   const struct node *node, void *object)
{
	struct draft_service *draft = object;

	(void)attribute;
	draft->mac_address = decode_text(decoder, node, "a link address");
	draft->mac_position = node->pos;
}

const struct kind kind_own_mac = {.decode = decode_own_mac,
				  .form = "an address such as 02:42:ac:11:00:02"};
