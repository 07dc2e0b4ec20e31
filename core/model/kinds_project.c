// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/base/arena.h"
#include "core/base/text.h"
#include "core/model/decode.h"
#include "core/model/draft.h"
#include "core/model/node.h"
#include "core/model/writer.h"

/*
 * Top-level elements: mappings of names to objects of one schema
 */

static bool is_mapping(struct decoder *decoder, const struct node *node)
{
	if (node->kind == NODE_MAPPING)
		return true;
	decode_mismatch(decoder, node, "a mapping of names");
	return false;
}

static void check_name(struct decoder *decoder, const struct node_entry *entry)
{
	if (!text_is_name(entry->key, TEXT_NAME_MAX))
		decode_error(decoder, entry->pos,
			     "a name begins with a letter or digit and has at most %d of these, "
			     "'_', '.' and '-'",
			     TEXT_NAME_MAX);
}

static struct service decode_service(struct decoder *decoder, const struct node_entry *entry)
{
	struct draft_service draft = {.restart_is_set = false};

	schema_init(&schema_service, &draft);
	if (entry->value->kind == NODE_MAPPING)
		schema_decode(decoder, &schema_service, entry->value, &draft);
	else
		decode_mismatch(decoder, entry->value, "a mapping, such as {image: nginx}");
	return draft_finish(decoder, &draft, entry->key, entry->pos);
}

static void decode_services(struct decoder *decoder, const struct attribute *attribute,
			    const struct node *node, void *object)
{
	struct project *project = object;
	struct service *services;

	(void)attribute;
	if (!is_mapping(decoder, node))
		return;
	services = ARENA_ARRAY(decoder->arena, struct service, node->n + 1);
	for (size_t i = 0; i < node->n; i++) {
		struct crumb crumb = {.up = decoder->at, .key = node->entries[i].key};

		decoder->at = &crumb;
		check_name(decoder, &node->entries[i]);
		services[i] = decode_service(decoder, &node->entries[i]);
		decoder->at = crumb.up;
	}
	project->services = services;
	project->n_services = node->n;
}

static void decode_networks(struct decoder *decoder, const struct attribute *attribute,
			    const struct node *node, void *object)
{
	struct project *project = object;
	struct network *networks;

	(void)attribute;
	if (!is_mapping(decoder, node))
		return;
	networks = ARENA_ARRAY(decoder->arena, struct network, node->n + 1);
	for (size_t i = 0; i < node->n; i++) {
		struct crumb crumb = {.up = decoder->at, .key = node->entries[i].key};

		decoder->at = &crumb;
		check_name(decoder, &node->entries[i]);
		networks[i] = (struct network){
			.key = crumb.key, .driver = "bridge", .pos = node->entries[i].pos};
		schema_decode(decoder, &schema_network, node->entries[i].value, &networks[i]);
		decoder->at = crumb.up;
	}
	project->networks = networks;
	project->n_networks = node->n;
}

static void decode_volumes(struct decoder *decoder, const struct attribute *attribute,
			   const struct node *node, void *object)
{
	struct project *project = object;
	struct volume *volumes;

	(void)attribute;
	if (!is_mapping(decoder, node))
		return;
	volumes = ARENA_ARRAY(decoder->arena, struct volume, node->n + 1);
	for (size_t i = 0; i < node->n; i++) {
		struct crumb crumb = {.up = decoder->at, .key = node->entries[i].key};

		decoder->at = &crumb;
		check_name(decoder, &node->entries[i]);
		volumes[i] = (struct volume){.key = crumb.key, .pos = node->entries[i].pos};
		schema_decode(decoder, &schema_volume, node->entries[i].value, &volumes[i]);
		decoder->at = crumb.up;
	}
	project->volumes = volumes;
	project->n_volumes = node->n;
}

static bool present_services(const struct attribute *attribute, const void *object)
{
	(void)attribute;
	return ((const struct project *)object)->n_services > 0;
}

static bool present_networks(const struct attribute *attribute, const void *object)
{
	(void)attribute;
	return ((const struct project *)object)->n_networks > 0;
}

static bool present_volumes(const struct attribute *attribute, const void *object)
{
	(void)attribute;
	return ((const struct project *)object)->n_volumes > 0;
}

static void emit_object(struct writer *writer, const char *name, const struct schema *schema,
			const void *object)
{
	writer_key(writer, name);
	writer_open_map(writer);
	schema_emit(writer, schema, object);
	writer_close(writer);
}

static void emit_services(struct writer *writer, const struct attribute *attribute,
			  const void *object)
{
	const struct project *project = object;

	(void)attribute;
	writer_open_map(writer);
	for (size_t i = 0; i < project->n_services; i++)
		emit_object(writer, project->services[i].name, &schema_service,
			    &project->services[i]);
	writer_close(writer);
}

static void emit_networks(struct writer *writer, const struct attribute *attribute,
			  const void *object)
{
	const struct project *project = object;

	(void)attribute;
	writer_open_map(writer);
	for (size_t i = 0; i < project->n_networks; i++)
		emit_object(writer, project->networks[i].key, &schema_network,
			    &project->networks[i]);
	writer_close(writer);
}

static void emit_volumes(struct writer *writer, const struct attribute *attribute,
			 const void *object)
{
	const struct project *project = object;

	(void)attribute;
	writer_open_map(writer);
	for (size_t i = 0; i < project->n_volumes; i++)
		emit_object(writer, project->volumes[i].key, &schema_volume, &project->volumes[i]);
	writer_close(writer);
}

const struct kind kind_services = {decode_services, present_services, emit_services};
const struct kind kind_project_networks = {decode_networks, present_networks, emit_networks};
const struct kind kind_project_volumes = {decode_volumes, present_volumes, emit_volumes};

static void decode_ipam_config(struct decoder *decoder, const struct attribute *attribute,
			       const struct node *node, void *object)
{
	if (node->kind != NODE_SEQUENCE) {
		decode_mismatch(decoder, node, "a list with one mapping");
		return;
	}
	if (node->n > 1)
		decode_error(decoder, node->items[1]->pos,
			     "more than one subnet in a network is not there; use two networks");
	if (node->n > 0)
		schema_decode(decoder, attribute->schema, node->items[0], object);
}

static bool present_ipam_config(const struct attribute *attribute, const void *object)
{
	return schema_present(attribute->schema, object);
}

static void emit_ipam_config(struct writer *writer, const struct attribute *attribute,
			     const void *object)
{
	writer_open_list(writer);
	writer_open_map(writer);
	schema_emit(writer, attribute->schema, object);
	writer_close(writer);
	writer_close(writer);
}

const struct kind kind_ipam_config = {decode_ipam_config, present_ipam_config, emit_ipam_config};

/* The field is the bool; {name: x} is the form of compose files before 3.4. */
static void decode_external(struct decoder *decoder, const struct attribute *attribute,
			    const struct node *node, void *object)
{
	if (node->kind == NODE_MAPPING) {
		*SCHEMA_FIELD(bool, object, attribute) = true;
		schema_decode(decoder, attribute->schema, node, object);
	} else {
		kind_bool.decode(decoder, attribute, node, object);
	}
}

static bool present_external(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(bool, object, attribute);
}

static void emit_external(struct writer *writer, const struct attribute *attribute,
			  const void *object)
{
	writer_bool(writer, SCHEMA_VALUE(bool, object, attribute));
}

const struct kind kind_external = {decode_external, present_external, emit_external};

/* A user's file cannot say it. */
static void decode_own_text(struct decoder *decoder, const struct attribute *attribute,
			    const struct node *node, void *object)
{
	if (decoder->canonical)
		kind_string.decode(decoder, attribute, node, object);
}

static bool present_own_text(const struct attribute *attribute, const void *object)
{
	return kind_string.present(attribute, object);
}

static void emit_own_text(struct writer *writer, const struct attribute *attribute,
			  const void *object)
{
	kind_string.emit(writer, attribute, object);
}

const struct kind kind_own_text = {decode_own_text, present_own_text, emit_own_text};
