// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kept.h"

#include "core/base/arena.h"
#include "core/base/text.h"
#include "core/model/decode.h"
#include "core/model/kinds.h"
#include "core/model/writer.h"

#include <string.h>

/* Texts are the model's already. */
struct node *kept_copy(struct arena *arena, const struct node *value)
{
	struct node *copy = ARENA_NEW(arena, struct node);

	*copy = *value;
	if (value->kind == NODE_SEQUENCE)
		copy->items = ARENA_ARRAY(arena, struct node *, value->n + 1);
	else if (value->kind == NODE_MAPPING)
		copy->entries = ARENA_ARRAY(arena, struct node_entry, value->n + 1);
	for (size_t i = 0; i < value->n; i++) {
		if (value->kind == NODE_SEQUENCE) {
			copy->items[i] = kept_copy(arena, value->items[i]);
			continue;
		}
		copy->entries[i] = value->entries[i];
		copy->entries[i].value = kept_copy(arena, value->entries[i].value);
	}
	return copy;
}

/* As JSON has them, so that both formats say the same. */
static bool is_number(const char *text)
{
	size_t n;

	text += *text == '-';
	n = strspn(text, "0123456789");
	if (n == 0 || n > 15 || (n > 1 && *text == '0'))
		return false;
	text += n;
	if (*text != '.')
		return *text == '\0';
	n = strspn(text + 1, "0123456789");
	return n > 0 && n <= 15 && text[1 + n] == '\0';
}

static void emit_scalar(struct writer *writer, const struct node *node)
{
	if (node_is_null(node))
		writer_string(writer, NULL);
	else if (!node->quoted && (strcmp(node->text, "true") == 0 ||
				   strcmp(node->text, "false") == 0 || is_number(node->text)))
		writer_number(writer, node->text);
	else
		writer_string(writer, node->text);
}

void kept_emit(struct writer *writer, const struct node *node)
{
	if (node->kind == NODE_SCALAR) {
		emit_scalar(writer, node);
		return;
	}
	if (node->kind == NODE_SEQUENCE)
		writer_open_list(writer);
	else
		writer_open_map(writer);
	for (size_t i = 0; i < node->n; i++) {
		if (node->kind == NODE_SEQUENCE) {
			kept_emit(writer, node->items[i]);
			continue;
		}
		writer_key(writer, node->entries[i].key);
		kept_emit(writer, node->entries[i].value);
	}
	writer_close(writer);
}

static const struct kept *find(const struct attribute *attribute, const void *object)
{
	const struct kept *kept = SCHEMA_VALUE(struct kept *, object, attribute);

	while (kept && kept->attribute != attribute)
		kept = kept->next;
	return kept;
}

static void decode_kept(struct decoder *decoder, const struct attribute *attribute,
			const struct node *node, void *object)
{
	const struct kept **list = SCHEMA_FIELD(const struct kept *, object, attribute);
	struct kept *kept = ARENA_NEW(decoder->arena, struct kept);

	if (attribute->schema && node->kind == NODE_MAPPING)
		schema_decode(decoder, attribute->schema, node, NULL);
	if (!decoder->canonical)
		kind_noted.decode(decoder, attribute, node, object);
	kept->attribute = attribute;
	kept->value = kept_copy(decoder->arena, node);
	kept->next = *list;
	*list = kept;
}

static bool present_kept(const struct attribute *attribute, const void *object)
{
	return find(attribute, object) != NULL;
}

static void emit_kept(struct writer *writer, const struct attribute *attribute, const void *object)
{
	kept_emit(writer, find(attribute, object)->value);
}

const struct kind kind_kept = {decode_kept, present_kept, emit_kept, "anything"};
