// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/model/decode.h"
#include "core/model/draft.h"
#include "core/model/granted.h"
#include "core/model/node.h"
#include "core/model/writer.h"

#include <stdlib.h>
#include <string.h>

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

static void decode_service(struct decoder *decoder, const struct node_entry *entry,
			   struct draft_service *draft)
{
	struct crumb crumb = {.up = decoder->at, .key = entry->key};

	decoder->at = &crumb;
	check_name(decoder, entry);
	schema_init(&schema_service, draft);
	decoder->service = entry->value;
	if (entry->value->kind == NODE_MAPPING)
		schema_decode(decoder, &schema_service, entry->value, draft);
	else
		decode_mismatch(decoder, entry->value, "a mapping, such as {image: nginx}");
	draft_finish(decoder, draft, entry->key, entry->pos);
	decoder->at = crumb.up;
}

static void decode_services(struct decoder *decoder, const struct attribute *attribute,
			    const struct node *node, void *object)
{
	CLEANUP_FREE struct draft_service *drafts = NULL;
	struct project *project = object;
	struct service *services;

	(void)attribute;
	if (!is_mapping(decoder, node))
		return;
	drafts = calloc(node->n + 1, sizeof(*drafts));
	if (!drafts) {
		decode_error(decoder, node->pos, "there is not enough memory for these");
		return;
	}
	services = ARENA_ARRAY(decoder->arena, struct service, node->n + 1);
	for (size_t i = 0; i < node->n; i++)
		decode_service(decoder, &node->entries[i], &drafts[i]);
	draft_connect(decoder, drafts, node->n);
	draft_share(decoder, drafts, node->n);
	for (size_t i = 0; i < node->n; i++)
		services[i] = drafts[i].service;
	project->services = services;
	project->n_services = node->n;
}

/* What the elements of a schema are, and where project has how many of them. */
struct collection {
	const struct schema *schema;
	size_t size, count;
	void (*finish)(struct decoder *decoder, void *element);
};

/* As all elements begin. */
struct element {
	const char *key;
	struct position pos;
};

static void finish_secret(struct decoder *decoder, void *element)
{
	granted_finish(decoder, element, GRANTED_SECRETS_DIR);
}

static void finish_config(struct decoder *decoder, void *element)
{
	granted_finish(decoder, element, GRANTED_CONFIGS_DIR);
}

#define COUNT(field) offsetof(struct project, field)
static const struct collection collections[] = {
	{&schema_network, sizeof(struct network), COUNT(n_networks), NULL},
	{&schema_volume, sizeof(struct volume), COUNT(n_volumes), NULL},
	{&schema_secret, sizeof(struct file_object), COUNT(n_secrets), finish_secret},
	{&schema_config, sizeof(struct file_object), COUNT(n_configs), finish_config},
};

static const struct collection *collection_of(const struct attribute *attribute)
{
	size_t i = 0;

	while (collections[i].schema != attribute->schema)
		i++;
	return &collections[i];
}

static size_t *count_of(const struct collection *collection, void *project)
{
	return (size_t *)((char *)project + collection->count);
}

static void decode_element(struct decoder *decoder, const struct collection *collection,
			   const struct node_entry *entry, struct element *element)
{
	struct crumb crumb = {.up = decoder->at, .key = entry->key};

	decoder->at = &crumb;
	check_name(decoder, entry);
	element->key = entry->key;
	element->pos = entry->pos;
	schema_init(collection->schema, element);
	schema_decode(decoder, collection->schema, entry->value, element);
	if (collection->finish)
		collection->finish(decoder, element);
	decoder->at = crumb.up;
}

static void decode_collection(struct decoder *decoder, const struct attribute *attribute,
			      const struct node *node, void *object)
{
	const struct collection *collection = collection_of(attribute);
	char *elements;

	if (!is_mapping(decoder, node))
		return;
	elements = arena_alloc(decoder->arena, (node->n + 1) * collection->size);
	memset(elements, 0, (node->n + 1) * collection->size);
	for (size_t i = 0; i < node->n; i++)
		decode_element(decoder, collection, &node->entries[i],
			       (struct element *)(void *)(elements + i * collection->size));
	*SCHEMA_FIELD(const void *, object, attribute) = elements;
	*count_of(collection, object) = node->n;
}

static bool present_collection(const struct attribute *attribute, const void *object)
{
	return *count_of(collection_of(attribute), (void *)object) > 0;
}

static bool present_services(const struct attribute *attribute, const void *object)
{
	(void)attribute;
	return ((const struct project *)object)->n_services > 0;
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

static void emit_collection(struct writer *writer, const struct attribute *attribute,
			    const void *object)
{
	const struct collection *collection = collection_of(attribute);
	const char *elements = SCHEMA_VALUE(char *, object, attribute);

	writer_open_map(writer);
	for (size_t i = 0; i < *count_of(collection, (void *)object); i++) {
		const char *element = elements + i * collection->size;

		emit_object(writer, ((const struct element *)(const void *)element)->key,
			    collection->schema, element);
	}
	writer_close(writer);
}

const struct kind kind_services = {decode_services, present_services, emit_services,
				   "a mapping of names"};
const struct kind kind_collection = {decode_collection, present_collection, emit_collection,
				     "a mapping of names"};

/* Only the subnet says it, or else the other addresses. */
static bool is_of_ipv6(const struct ipam_subnet *subnet)
{
	const char *texts[] = {subnet->subnet, subnet->gateway, subnet->ip_range};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i])
			return strchr(texts[i], ':');
	return subnet->aux.n > 0 && subnet->aux.items[0].value &&
	       strchr(subnet->aux.items[0].value, ':');
}

static void decode_ipam_config(struct decoder *decoder, const struct attribute *attribute,
			       const struct node *node, void *object)
{
	struct network *network = object;
	bool seen[2] = {false};

	if (node->kind != NODE_SEQUENCE) {
		decode_mismatch(decoder, node, "a list of mappings");
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		struct crumb crumb = {.up = decoder->at, .index = i};
		struct ipam_subnet subnet = {.subnet = NULL};
		bool six;

		decoder->at = &crumb;
		schema_decode(decoder, attribute->schema, node->items[i], &subnet);
		six = is_of_ipv6(&subnet);
		if (seen[six])
			decode_error(decoder, node->items[i]->pos,
				     "a network has one subnet of IPv4 and one of IPv6; use two "
				     "networks for more");
		seen[six] = true;
		*(six ? &network->ipv6 : &network->ipv4) = subnet;
		decoder->at = crumb.up;
	}
}

static bool present_ipam_config(const struct attribute *attribute, const void *object)
{
	const struct network *network = object;

	return schema_present(attribute->schema, &network->ipv4) ||
	       schema_present(attribute->schema, &network->ipv6);
}

static void emit_subnet(struct writer *writer, const struct schema *schema,
			const struct ipam_subnet *subnet)
{
	if (!schema_present(schema, subnet))
		return;
	writer_open_map(writer);
	schema_emit(writer, schema, subnet);
	writer_close(writer);
}

static void emit_ipam_config(struct writer *writer, const struct attribute *attribute,
			     const void *object)
{
	const struct network *network = object;

	writer_open_list(writer);
	emit_subnet(writer, attribute->schema, &network->ipv4);
	emit_subnet(writer, attribute->schema, &network->ipv6);
	writer_close(writer);
}

const struct kind kind_ipam_config = {decode_ipam_config, present_ipam_config, emit_ipam_config,
				      "a list of mappings"};

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

const struct kind kind_external = {decode_external, present_external, emit_external,
				   "true, or a mapping with name"};

/* A user's file cannot say it. */
static void decode_own_text(struct decoder *decoder, const struct attribute *attribute,
			    const struct node *node, void *object)
{
	if (decoder->canonical)
		kind_string.decode(decoder, attribute, node, object);
}

static void decode_own_content(struct decoder *decoder, const struct attribute *attribute,
			       const struct node *node, void *object)
{
	if (decoder->canonical)
		kind_content.decode(decoder, attribute, node, object);
}

static bool present_own(const struct attribute *attribute, const void *object)
{
	return kind_string.present(attribute, object);
}

static void emit_own(struct writer *writer, const struct attribute *attribute, const void *object)
{
	kind_string.emit(writer, attribute, object);
}

const struct kind kind_own_text = {decode_own_text, present_own, emit_own, "text"};
const struct kind kind_own_content = {decode_own_content, present_own, emit_own, "text"};
