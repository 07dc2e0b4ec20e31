// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/changes.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/kinds.h"
#include "core/model/writer.h"

#include <string.h>

struct comparison {
	struct arena *arena;
	struct change *changes;
	size_t n, size;
};

static void row_text(const struct attribute *row, const void *object, struct strbuf *out)
{
	struct writer writer = WRITER_INIT(out, WRITER_JSON);

	if (row->twin || !row->kind->present || !row->kind->present(row, object))
		return;
	writer_open_map(&writer);
	writer_key(&writer, row->key);
	row->kind->emit(&writer, row, object);
	writer_close(&writer);
}

static void add(struct comparison *comparison, const char *prefix, const struct attribute *row)
{
	if (comparison->n == comparison->size) {
		size_t size = comparison->size ? comparison->size * 2 : 8;
		struct change *grown = ARENA_ARRAY(comparison->arena, struct change, size);

		if (comparison->n)
			memcpy(grown, comparison->changes, comparison->n * sizeof(*grown));
		comparison->changes = grown;
		comparison->size = size;
	}
	comparison->changes[comparison->n++] =
		(struct change){.key = arena_printf(comparison->arena, "%s%s", prefix, row->key),
				.apply_class = row->apply};
}

static void compare(struct comparison *comparison, const struct schema *schema, const char *prefix,
		    const void *was, const void *is)
{
	for (size_t i = 0; i < schema->n; i++) {
		CLEANUP(strbuf_release) struct strbuf before = STRBUF_INIT;
		CLEANUP(strbuf_release) struct strbuf after = STRBUF_INIT;
		const struct attribute *row = &schema->attributes[i];

		if (row->kind == &kind_group) {
			compare(comparison, row->schema,
				arena_printf(comparison->arena, "%s%s.", prefix, row->key),
				(const char *)was + row->offset, (const char *)is + row->offset);
			continue;
		}
		row_text(row, was, &before);
		row_text(row, is, &after);
		if (before.len != after.len ||
		    (before.len && memcmp(before.text, after.text, before.len) != 0))
			add(comparison, prefix, row);
	}
}

size_t service_changes(const struct service *was, const struct service *is, struct arena *arena,
		       struct change **ret_changes)
{
	struct comparison comparison = {.arena = arena};

	compare(&comparison, &schema_service, "", was, is);
	*ret_changes = comparison.changes;
	return comparison.n;
}
