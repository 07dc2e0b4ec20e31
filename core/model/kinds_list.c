// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/base/arena.h"
#include "core/base/text.h"
#include "core/container/caps.h"
#include "core/model/decode.h"
#include "core/model/node.h"
#include "core/model/variables.h"
#include "core/model/words.h"
#include "core/model/writer.h"

#include <string.h>
#include <strings.h>

static void decode_list(struct decoder *decoder, const struct attribute *attribute,
			const struct node *node, void *object)
{
	*SCHEMA_FIELD(struct strings, object, attribute) = decode_strings(decoder, node);
}

static bool present_list(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(struct strings, object, attribute).is_set;
}

static void emit_list(struct writer *writer, const struct attribute *attribute, const void *object)
{
	const struct strings *strings = &SCHEMA_VALUE(struct strings, object, attribute);

	writer_open_list(writer);
	for (size_t i = 0; i < strings->n; i++)
		writer_string(writer, strings->items[i]);
	writer_close(writer);
}

const struct kind kind_strings = {decode_list, present_list, emit_list, "text, or a list of texts"};

static void decode_capabilities(struct decoder *decoder, const struct attribute *attribute,
				const struct node *node, void *object)
{
	struct strings all = decode_strings(decoder, node);
	uint64_t mask;

	for (size_t i = 0; i < all.n; i++) {
		const struct node *item = node->kind == NODE_SEQUENCE ? node->items[i] : node;
		const char *name = all.items[i], *meant;

		if (caps_parse(name, &mask) == 0)
			continue;
		name += strncasecmp(name, "CAP_", 4) == 0 ? 4 : 0;
		meant = text_suggest(name, caps_names, caps_n_names);
		decode_error(decoder, item->pos, "there is no capability '%s'%s%s%s", name,
			     meant ? "; did you mean '" : "", meant ? meant : "",
			     meant ? "'?" : "");
	}
	*SCHEMA_FIELD(struct strings, object, attribute) = all;
}

const struct kind kind_capabilities = {decode_capabilities, present_list, emit_list,
				       "a list of capabilities(7) without CAP_, or ALL"};

static void decode_argv(struct decoder *decoder, const struct attribute *attribute,
			const struct node *node, void *object)
{
	struct strings *field = SCHEMA_FIELD(struct strings, object, attribute);
	struct err err = ERR_INIT;

	if (node->kind == NODE_SEQUENCE)
		*field = decode_strings(decoder, node);
	else if (node->kind == NODE_MAPPING)
		decode_mismatch(decoder, node, "a command: text, or a list of its words");
	else if (!node->broken && words_split(decoder->arena, node->text, field, &err) < 0)
		decode_error(decoder, node->pos, "%s", err.msg);
}

const struct kind kind_argv = {decode_argv, present_list, emit_list,
			       "a command as text, or as a list of its words"};

static void decode_pairs(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, void *object)
{
	*SCHEMA_FIELD(struct map, object, attribute) = decode_map(decoder, node);
}

static bool present_map(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(struct map, object, attribute).n > 0;
}

static void emit_map(struct writer *writer, const struct attribute *attribute, const void *object)
{
	const struct map *map = &SCHEMA_VALUE(struct map, object, attribute);

	writer_open_map(writer);
	for (size_t i = 0; i < map->n; i++) {
		writer_key(writer, map->items[i].key);
		writer_string(writer, map->items[i].value);
	}
	writer_close(writer);
}

/* A label or a sysctl without a value has an empty one. */
static void decode_map_of_texts(struct decoder *decoder, const struct attribute *attribute,
				const struct node *node, void *object)
{
	struct map map = decode_map(decoder, node);
	struct key_value *items = (struct key_value *)map.items; /* made a line above */

	for (size_t i = 0; i < map.n; i++)
		if (!items[i].value)
			items[i].value = "";
	*SCHEMA_FIELD(struct map, object, attribute) = map;
}

const struct kind kind_map = {decode_map_of_texts, present_map, emit_map,
			      "a mapping, or a list of KEY=VALUE"};

/* A merged mapping has values of several files. */
static struct position value_position(const struct node *node, const char *key)
{
	const struct node *value = node_get(node, key);

	return value ? value->pos : node->pos;
}

static void decode_environment(struct decoder *decoder, const struct attribute *attribute,
			       const struct node *node, void *object)
{
	struct map map = decode_map(decoder, node);
	struct key_value *items = (struct key_value *)map.items; /* made a line above */

	for (size_t i = 0; i < map.n; i++) {
		if (strchr(items[i].key, '='))
			decode_error(decoder, node->pos,
				     "the name of a variable cannot contain '=': '%s'",
				     items[i].key);
		if (!items[i].value)
			items[i].value = arena_strdup(
				decoder->arena,
				variables_get(decode_variables(decoder,
							       value_position(node, items[i].key)),
					      items[i].key));
	}
	*SCHEMA_FIELD(struct map, object, attribute) = map;
}

const struct kind kind_environment = {
	decode_environment, present_map, emit_map,
	"a mapping, or a list of KEY=VALUE; KEY alone is taken from your environment"};

/* "name:address" and "name=address"; an address may have colons of its own. */
static bool split_host(struct decoder *decoder, const struct node *item, struct key_value *ret)
{
	const char *text = decode_text(decoder, item, "text such as name:address"), *sign;

	if (!text)
		return false;
	sign = strpbrk(text, "=:");
	if (!sign || sign == text || sign[1] == '\0') {
		decode_error(decoder, item->pos, "'%s' does not have the form name:address", text);
		return false;
	}
	ret->key = arena_strndup(decoder->arena, text, (size_t)(sign - text));
	ret->value = sign + 1;
	return true;
}

static void decode_hosts(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, void *object)
{
	struct key_value *items;
	size_t n = 0;

	if (node->kind != NODE_SEQUENCE) {
		decode_pairs(decoder, attribute, node, object);
		return;
	}
	items = ARENA_ARRAY(decoder->arena, struct key_value, node->n + 1);
	for (size_t i = 0; i < node->n; i++)
		n += split_host(decoder, node->items[i], &items[n]);
	*SCHEMA_FIELD(struct map, object, attribute) = (struct map){items, n};
}

const struct kind kind_hosts = {decode_hosts, present_map, emit_map,
				"a mapping of names to addresses, or a list of NAME:ADDRESS"};
