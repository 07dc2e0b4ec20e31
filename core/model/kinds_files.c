// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/model/decode.h"
#include "core/model/diagnostics.h"
#include "core/model/names.h"
#include "core/model/node.h"
#include "core/model/pathname.h"
#include "core/model/units.h"
#include "core/model/writer.h"

#include <stdio.h>
#include <string.h>

/*
 * services.<name>.secrets and .configs: which files of the top level are put
 * where.  A later file may give a place another one, the same file may not.
 */

#define FILE_MODE 0444

#define AT(field) offsetof(struct file_reference, field)
// clang-format off
static const struct attribute reference[] = {
	{"source", &kind_string, AT(source), MERGE_REPLACE, APPLY_ROLLING,
	 .doc = "its name at the top level"},
	{"target", &kind_string, AT(target), MERGE_REPLACE, APPLY_ROLLING,
	 .doc = "where it is in the container; a secret without '/' below /run/secrets"},
	{"uid", &kind_user_id, AT(uid), MERGE_REPLACE, APPLY_ROLLING, .doc = "whose it is there"},
	{"gid", &kind_user_id, AT(gid), MERGE_REPLACE, APPLY_ROLLING, .doc = "its group"},
	{"mode", &kind_mode, AT(mode), MERGE_REPLACE, APPLY_ROLLING, .absent = FILE_MODE,
	 .doc = "its permissions, in octal"},
	{"x-digest", &kind_own_text, AT(digest), MERGE_REPLACE, APPLY_ROLLING,
	 .doc = "our own: what was in it"},
};
// clang-format on
#undef AT

const struct schema schema_file_reference = SCHEMA_OF(reference);

/* DIRECTORY is where a target that is no path is; NULL: targets are no paths. */
static bool decode_reference(struct decoder *decoder, const struct node *node,
			     const char *directory, struct file_reference *ret)
{
	*ret = (struct file_reference){.pos = node->pos};
	schema_init(&schema_file_reference, ret);
	if (node->kind == NODE_MAPPING) {
		schema_decode(decoder, &schema_file_reference, node, ret);
		if (!ret->source)
			decode_error(decoder, node->pos, "say which one with 'source:'");
	} else {
		ret->source = decode_text(decoder, node, "a name, or a mapping");
	}
	if (!ret->source)
		return false;
	ret->target = ret->target ? ret->target : ret->source;
	if (directory)
		ret->target = pathname_resolve(decoder->arena, directory, NULL, ret->target);
	return true;
}

static void add_reference(struct decoder *decoder, struct names *targets,
			  struct file_reference *items, size_t *n,
			  const struct file_reference *added)
{
	struct file_reference *earlier = names_get(targets, added->target);
	char place[POSITION_TEXT_MAX];

	if (!earlier) {
		items[*n] = *added;
		names_add(targets, added->target, &items[(*n)++]);
	} else if (earlier->pos.file != added->pos.file) {
		*earlier = *added;
	} else {
		decode_error(decoder, added->pos, "'%s' is given twice; first in %s", added->target,
			     position_text(earlier->pos, place));
	}
}

static void decode_references(struct decoder *decoder, const struct attribute *attribute,
			      const struct node *node, void *object, const char *directory)
{
	CLEANUP(names_release) struct names targets = NAMES_INIT;
	struct file_reference *items;
	size_t n = 0;

	if (node->kind != NODE_SEQUENCE) {
		decode_mismatch(decoder, node, "a list");
		return;
	}
	items = ARENA_ARRAY(decoder->arena, struct file_reference, node->n + 1);
	for (size_t i = 0; i < node->n; i++) {
		struct crumb crumb = {.up = decoder->at, .index = i};
		struct file_reference added;

		decoder->at = &crumb;
		if (decode_reference(decoder, node->items[i], directory, &added))
			add_reference(decoder, &targets, items, &n, &added);
		decoder->at = crumb.up;
	}
	*SCHEMA_FIELD(struct file_references, object, attribute) =
		(struct file_references){items, n};
}

static void decode_secrets(struct decoder *decoder, const struct attribute *attribute,
			   const struct node *node, void *object)
{
	decode_references(decoder, attribute, node, object, "/run/secrets");
}

static void decode_configs(struct decoder *decoder, const struct attribute *attribute,
			   const struct node *node, void *object)
{
	decode_references(decoder, attribute, node, object, "/");
}

static void decode_build_secrets(struct decoder *decoder, const struct attribute *attribute,
				 const struct node *node, void *object)
{
	decode_references(decoder, attribute, node, object, NULL);
}

static bool present_references(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(struct file_references, object, attribute).n > 0;
}

static void emit_references(struct writer *writer, const struct attribute *attribute,
			    const void *object)
{
	const struct file_references *references =
		&SCHEMA_VALUE(struct file_references, object, attribute);

	writer_open_list(writer);
	for (size_t i = 0; i < references->n; i++) {
		writer_open_map(writer);
		schema_emit(writer, &schema_file_reference, &references->items[i]);
		writer_close(writer);
	}
	writer_close(writer);
}

const struct kind kind_secrets = {decode_secrets, present_references, emit_references,
				  "a list of names, or of mappings"};
const struct kind kind_configs = {decode_configs, present_references, emit_references,
				  "a list of names, or of mappings"};
const struct kind kind_build_secrets = {decode_build_secrets, present_references, emit_references,
					"a list of names, or of mappings"};

static void decode_user_id(struct decoder *decoder, const struct attribute *attribute,
			   const struct node *node, void *object)
{
	const char *text = decode_text(decoder, node, "a number such as 1000");
	int64_t id;

	if (!text)
		return;
	if (units_integer(text, &id) < 0 || id < 0 || id >= UINT32_MAX)
		decode_error(decoder, node->pos,
			     "'%s' is no user or group id: names mean nothing before the "
			     "container runs, so it takes a number",
			     text);
	else
		*SCHEMA_FIELD(uint32_t, object, attribute) = (uint32_t)id;
}

static bool present_user_id(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(uint32_t, object, attribute) != 0;
}

/* The Specification's schema wants text. */
static void emit_user_id(struct writer *writer, const struct attribute *attribute,
			 const void *object)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", SCHEMA_VALUE(uint32_t, object, attribute));
	writer_string(writer, text);
}

const struct kind kind_user_id = {decode_user_id, present_user_id, emit_user_id, "a number"};
