// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/base/arena.h"
#include "core/model/decode.h"
#include "core/model/node.h"
#include "core/model/project.h"
#include "core/model/writer.h"

/*
 * services.<name>.blkio_config.device_*: a path and a rate each
 */

#define RATE_MAX  ((int64_t)1 << 62)
#define AT(field) offsetof(struct io_limit, field)

// clang-format off
#define PATH                                                                                       \
	{"path", &kind_string, AT(path), MERGE_REPLACE, APPLY_LIVE, .doc = "the block device"}

static const struct attribute bytes_keys[] = {
	PATH,
	{"rate", &kind_bytes, AT(rate), MERGE_REPLACE, APPLY_LIVE, .min = 1, .max = RATE_MAX,
	 .doc = "most bytes in a second"},
};

static const struct attribute operations_keys[] = {
	PATH,
	{"rate", &kind_integer, AT(rate), MERGE_REPLACE, APPLY_LIVE, .min = 1, .max = RATE_MAX,
	 .doc = "most operations in a second"},
};
// clang-format on

const struct schema schema_io_bytes = SCHEMA_OF(bytes_keys);
const struct schema schema_io_operations = SCHEMA_OF(operations_keys);

static bool decode_limit(struct decoder *decoder, const struct schema *schema,
			 const struct node *node, struct io_limit *ret)
{
	*ret = (struct io_limit){.rate = 0};
	schema_decode(decoder, schema, node, ret);
	if (node->kind == NODE_MAPPING && (!ret->path || !ret->rate))
		decode_error(decoder, node->pos, "it takes a 'path' and a 'rate'");
	return ret->path && ret->rate;
}

static void decode_limits(struct decoder *decoder, const struct attribute *attribute,
			  const struct node *node, void *object)
{
	struct io_limit *items;
	size_t n = 0;

	if (node->kind != NODE_SEQUENCE) {
		decode_mismatch(decoder, node, "a list of mappings with path and rate");
		return;
	}
	items = ARENA_ARRAY(decoder->arena, struct io_limit, node->n + 1);
	for (size_t i = 0; i < node->n; i++) {
		struct crumb crumb = {.up = decoder->at, .index = i};

		decoder->at = &crumb;
		n += decode_limit(decoder, attribute->schema, node->items[i], &items[n]);
		decoder->at = crumb.up;
	}
	*SCHEMA_FIELD(struct io_limits, object, attribute) = (struct io_limits){items, n};
}

static bool present_limits(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(struct io_limits, object, attribute).n > 0;
}

static void emit_limits(struct writer *writer, const struct attribute *attribute,
			const void *object)
{
	const struct io_limits *limits = &SCHEMA_VALUE(struct io_limits, object, attribute);

	writer_open_list(writer);
	for (size_t i = 0; i < limits->n; i++) {
		writer_open_map(writer);
		schema_emit(writer, attribute->schema, &limits->items[i]);
		writer_close(writer);
	}
	writer_close(writer);
}

const struct kind kind_io_limits = {decode_limits, present_limits, emit_limits,
				    "a list of mappings with path and rate"};
