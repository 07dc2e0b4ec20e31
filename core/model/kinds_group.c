// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/model/decode.h"
#include "core/model/node.h"
#include "core/model/writer.h"

#include <string.h>

static void decode_group(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, void *object)
{
	schema_decode(decoder, attribute->schema, node, SCHEMA_FIELD(void, object, attribute));
}

static bool present_group(const struct attribute *attribute, const void *object)
{
	return schema_present(attribute->schema, (const char *)object + attribute->offset);
}

static void emit_group(struct writer *writer, const struct attribute *attribute, const void *object)
{
	writer_open_map(writer);
	schema_emit(writer, attribute->schema, (const char *)object + attribute->offset);
	writer_close(writer);
}

const struct kind kind_group = {decode_group, present_group, emit_group, "a mapping"};

static bool is_accepted(const struct attribute *attribute, const struct node *node)
{
	const char *words = attribute->accepts;
	size_t len;

	if (node->kind != NODE_SCALAR || node_is_null(node))
		return node_is_null(node) || node->n == 0;
	for (; words && *words; words += len + (words[len] == ' ')) {
		len = strcspn(words, " ");
		if (strlen(node->text) == len && strncmp(node->text, words, len) == 0)
			return true;
	}
	return false;
}

static void decode_refused(struct decoder *decoder, const struct attribute *attribute,
			   const struct node *node, void *object)
{
	(void)object;
	if (!is_accepted(attribute, node))
		decode_error(decoder, node->pos, "%s", attribute->sentence);
}

const struct kind kind_refused = {.decode = decode_refused, .form = "nothing"};

static void decode_noted(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, void *object)
{
	(void)object;
	if (!is_accepted(attribute, node))
		decode_note(decoder, node->pos, "%s", attribute->sentence);
}

const struct kind kind_noted = {.decode = decode_noted, .form = "anything"};

static void decode_comment(struct decoder *decoder, const struct attribute *attribute,
			   const struct node *node, void *object)
{
	(void)decoder;
	(void)attribute;
	(void)node;
	(void)object;
}

const struct kind kind_comment = {.decode = decode_comment,
				  .form = "as in the Compose Specification"};

static void decode_healthcheck(struct decoder *decoder, const struct attribute *attribute,
			       const struct node *node, void *object)
{
	SCHEMA_FIELD(struct healthcheck, object, attribute)->is_set = true;
	decode_group(decoder, attribute, node, object);
}

static bool present_healthcheck(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(struct healthcheck, object, attribute).is_set;
}

const struct kind kind_healthcheck = {decode_healthcheck, present_healthcheck, emit_group,
				      "a mapping"};
