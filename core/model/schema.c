// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/schema.h"

#include "core/base/text.h"
#include "core/model/decode.h"
#include "core/model/kinds.h"
#include "core/model/node.h"
#include "core/model/report.h"
#include "core/model/writer.h"

#include <string.h>

#define KEYS_MAX 128

const struct attribute *schema_find(const struct schema *schema, const char *key)
{
	for (size_t i = 0; i < schema->n; i++)
		if (strcmp(schema->attributes[i].key, key) == 0)
			return &schema->attributes[i];
	return NULL;
}

void schema_init(const struct schema *schema, void *object)
{
	for (size_t i = 0; i < schema->n; i++) {
		const struct attribute *attribute = &schema->attributes[i];

		if (kind_is_group(attribute->kind))
			schema_init(attribute->schema, SCHEMA_FIELD(void, object, attribute));
		else if (attribute->absent && attribute->kind == &kind_bool)
			*SCHEMA_FIELD(bool, object, attribute) = true;
		else if (attribute->absent && attribute->kind == &kind_mode)
			*SCHEMA_FIELD(uint32_t, object, attribute) = (uint32_t)attribute->absent;
		else if (attribute->absent)
			*SCHEMA_FIELD(int64_t, object, attribute) = attribute->absent;
	}
}

static void unknown_key(struct decoder *decoder, const struct schema *schema,
			const struct node_entry *entry)
{
	const char *keys[KEYS_MAX], *meant;
	size_t n = 0;

	for (; n < schema->n && n < KEYS_MAX; n++)
		keys[n] = schema->attributes[n].key;
	/* Looking for what was meant is the expensive part. */
	meant = diagnostics_is_full(decoder->report->diag) ? NULL
							   : text_suggest(entry->key, keys, n);
	if (meant)
		decode_error(decoder, entry->pos, "unknown key '%s'; did you mean '%s'?",
			     entry->key, meant);
	else if (schema == &schema_project && node_get(entry->value, "image"))
		decode_error(decoder, entry->pos,
			     "unknown key '%s'; a service belongs below 'services:'", entry->key);
	else
		decode_error(decoder, entry->pos, "unknown key '%s'", entry->key);
}

static void decode_entry(struct decoder *decoder, const struct schema *schema,
			 const struct node_entry *entry, void *object)
{
	const struct attribute *attribute = schema_find(schema, entry->key);
	struct crumb crumb = {.up = decoder->at, .key = entry->key};

	if (entry->value->tag == TAG_RESET)
		return;
	if (!attribute) {
		if (schema->closed || strncmp(entry->key, "x-", 2) != 0)
			unknown_key(decoder, schema, entry);
		return;
	}
	/* A key without a value says nothing, except where a kind wants to know of it. */
	decoder->at = &crumb;
	if (!node_is_null(entry->value) || attribute->sentence)
		attribute->kind->decode(decoder, attribute, entry->value, object);
	decoder->at = crumb.up;
}

void schema_decode(struct decoder *decoder, const struct schema *schema, const struct node *node,
		   void *object)
{
	if (node_is_null(node))
		return;
	if (node->kind != NODE_MAPPING) {
		decode_mismatch(decoder, node, "a mapping");
		return;
	}
	for (size_t i = 0; i < node->n; i++)
		decode_entry(decoder, schema, &node->entries[i], object);
}

static bool attribute_present(const struct attribute *attribute, const void *object)
{
	return !attribute->twin && attribute->kind->present &&
	       attribute->kind->present(attribute, object);
}

void schema_emit(struct writer *writer, const struct schema *schema, const void *object)
{
	for (size_t i = 0; i < schema->n; i++) {
		const struct attribute *attribute = &schema->attributes[i];

		if (!attribute_present(attribute, object) ||
		    (writer->for_users && kind_is_own(attribute->kind)))
			continue;
		writer_key(writer, attribute->key);
		attribute->kind->emit(writer, attribute, object);
	}
}

void schema_emit_classes(struct writer *writer, const struct schema *schema, const void *object,
			 unsigned int classes)
{
	for (size_t i = 0; i < schema->n; i++) {
		const struct attribute *attribute = &schema->attributes[i];

		if (attribute->kind == &kind_group) {
			schema_emit_classes(writer, attribute->schema,
					    (const char *)object + attribute->offset, classes);
		} else if (classes & 1u << attribute->apply &&
			   attribute_present(attribute, object)) {
			writer_key(writer, attribute->key);
			attribute->kind->emit(writer, attribute, object);
		}
	}
}

bool schema_present(const struct schema *schema, const void *object)
{
	for (size_t i = 0; i < schema->n; i++)
		if (attribute_present(&schema->attributes[i], object))
			return true;
	return false;
}
