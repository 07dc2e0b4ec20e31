// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/decode.h"
#include "core/model/node.h"
#include "core/model/writer.h"

/*
 * services.<name>.networks and .depends_on: names of other things, as a list
 * or as a mapping that says more about each
 */

/* Name I of NODE and where it stands; NULL when it is none.  RET_VALUE is NULL in a list. */
static const char *reference(struct decoder *decoder, const struct node *node, size_t i,
			     const struct node **ret_value, struct position *ret_pos)
{
	*ret_value = NULL;
	if (node->kind == NODE_MAPPING) {
		*ret_value = node->entries[i].value;
		*ret_pos = node->entries[i].pos;
		return node->entries[i].key;
	}
	*ret_pos = node->items[i]->pos;
	return decode_text(decoder, node->items[i], "a name");
}

static bool is_reference_list(struct decoder *decoder, const struct node *node)
{
	if (node->kind != NODE_SCALAR)
		return true;
	decode_mismatch(decoder, node, "a list of names, or a mapping");
	return false;
}

/* The highest priority first, and those of one priority as they stand in the file. */
static void sort_by_priority(struct service_network *networks, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const struct service_network moved = networks[i];
		size_t at = i;

		for (; at > 0 && networks[at - 1].priority < moved.priority; at--)
			networks[at] = networks[at - 1];
		networks[at] = moved;
	}
}

static void decode_networks(struct decoder *decoder, const struct attribute *attribute,
			    const struct node *node, void *object)
{
	struct service *service = object;
	struct service_network *networks;
	size_t n = 0;

	(void)attribute;
	if (!is_reference_list(decoder, node))
		return;
	networks = ARENA_ARRAY(decoder->arena, struct service_network, node->n + 1);
	for (size_t i = 0; i < node->n; i++) {
		struct service_network *network = &networks[n];
		const struct node *value;
		struct crumb crumb = {.up = decoder->at, .index = i};

		network->network = reference(decoder, node, i, &value, &network->pos);
		crumb.key = network->network;
		decoder->at = &crumb;
		if (value)
			schema_decode(decoder, &schema_service_network, value, network);
		decoder->at = crumb.up;
		n += network->network != NULL;
	}
	sort_by_priority(networks, n);
	service->networks = networks;
	service->n_networks = n;
}

static bool present_networks(const struct attribute *attribute, const void *object)
{
	(void)attribute;
	return ((const struct service *)object)->n_networks > 0;
}

static void emit_networks(struct writer *writer, const struct attribute *attribute,
			  const void *object)
{
	const struct service *service = object;

	(void)attribute;
	writer_open_map(writer);
	for (size_t i = 0; i < service->n_networks; i++) {
		const struct service_network *network = &service->networks[i];

		writer_key(writer, network->network);
		if (!schema_present(&schema_service_network, network)) {
			writer_string(writer, NULL);
			continue;
		}
		writer_open_map(writer);
		schema_emit(writer, &schema_service_network, network);
		writer_close(writer);
	}
	writer_close(writer);
}

const struct kind kind_networks = {decode_networks, present_networks, emit_networks,
				   "a list of names, or a mapping of names"};

static void decode_depends_on(struct decoder *decoder, const struct attribute *attribute,
			      const struct node *node, void *object)
{
	struct service *service = object;
	struct dependency *dependencies;
	size_t n = 0;

	(void)attribute;
	if (!is_reference_list(decoder, node))
		return;
	dependencies = ARENA_ARRAY(decoder->arena, struct dependency, node->n + 1);
	for (size_t i = 0; i < node->n; i++) {
		struct dependency *dependency = &dependencies[n];
		const struct node *value;
		struct crumb crumb = {.up = decoder->at, .index = i};

		dependency->required = true;
		dependency->service = reference(decoder, node, i, &value, &dependency->pos);
		crumb.key = dependency->service;
		decoder->at = &crumb;
		if (value)
			schema_decode(decoder, &schema_dependency, value, dependency);
		decoder->at = crumb.up;
		n += dependency->service != NULL;
	}
	service->depends_on = dependencies;
	service->n_depends_on = n;
}

static bool present_depends_on(const struct attribute *attribute, const void *object)
{
	(void)attribute;
	return ((const struct service *)object)->n_depends_on > 0;
}

static void emit_depends_on(struct writer *writer, const struct attribute *attribute,
			    const void *object)
{
	const struct service *service = object;

	(void)attribute;
	writer_open_map(writer);
	for (size_t i = 0; i < service->n_depends_on; i++) {
		writer_key(writer, service->depends_on[i].service);
		writer_open_map(writer);
		schema_emit(writer, &schema_dependency, &service->depends_on[i]);
		writer_close(writer);
	}
	writer_close(writer);
}

const struct kind kind_depends_on = {decode_depends_on, present_depends_on, emit_depends_on,
				     "a list of services, or a mapping of services"};

static const char *const condition_names[] = {
	[DEPENDS_STARTED] = "service_started",
	[DEPENDS_HEALTHY] = "service_healthy",
	[DEPENDS_COMPLETED] = "service_completed_successfully",
};

static void decode_condition(struct decoder *decoder, const struct attribute *attribute,
			     const struct node *node, void *object)
{
	int which = decode_choice(decoder, node, condition_names, ARRAY_SIZE(condition_names));

	if (which >= 0)
		*SCHEMA_FIELD(enum depends_condition, object, attribute) =
			(enum depends_condition)which;
}

static bool present_condition(const struct attribute *attribute, const void *object)
{
	(void)attribute;
	(void)object;
	return true;
}

static void emit_condition(struct writer *writer, const struct attribute *attribute,
			   const void *object)
{
	writer_string(writer,
		      condition_names[SCHEMA_VALUE(enum depends_condition, object, attribute)]);
}

const struct kind kind_condition = {
	decode_condition, present_condition, emit_condition,
	"service_started, service_healthy or service_completed_successfully"};
