// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/base/arena.h"
#include "core/model/decode.h"
#include "core/model/node.h"
#include "core/model/project.h"
#include "core/model/writer.h"

/*
 * services.<name>.post_start and .pre_stop: what is run in the container
 */

#define AT(field) offsetof(struct hook, field)
// clang-format off
static const struct attribute hook_keys[] = {
	{"command", &kind_argv, AT(command), MERGE_REPLACE, APPLY_LIVE, .doc = "what is run"},
	{"user", &kind_string, AT(user), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "as whom; the container's user when not said"},
	{"privileged", &kind_bool, AT(privileged), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "with all capabilities"},
	{"working_dir", &kind_string, AT(working_dir), MERGE_REPLACE, APPLY_LIVE, .doc = "where"},
	{"environment", &kind_environment, AT(environment), MERGE_MAP, APPLY_LIVE,
	 .doc = "variables besides the container's"},
};
// clang-format on
#undef AT

const struct schema schema_hook = SCHEMA_OF(hook_keys);

static bool decode_hook(struct decoder *decoder, const struct node *node, struct hook *ret)
{
	*ret = (struct hook){.privileged = false};
	schema_decode(decoder, &schema_hook, node, ret);
	if (node->kind == NODE_MAPPING && ret->command.n == 0)
		decode_error(decoder, node->pos, "the hook has no 'command'");
	return ret->command.n > 0;
}

static void decode_hooks(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, void *object)
{
	struct hook *hooks;
	size_t n = 0;

	if (node->kind != NODE_SEQUENCE) {
		decode_mismatch(decoder, node, "a list of mappings such as {command: …}");
		return;
	}
	hooks = ARENA_ARRAY(decoder->arena, struct hook, node->n + 1);
	for (size_t i = 0; i < node->n; i++) {
		struct crumb crumb = {.up = decoder->at, .index = i};

		decoder->at = &crumb;
		n += decode_hook(decoder, node->items[i], &hooks[n]);
		decoder->at = crumb.up;
	}
	*SCHEMA_FIELD(struct hooks, object, attribute) = (struct hooks){hooks, n};
}

static bool present_hooks(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(struct hooks, object, attribute).n > 0;
}

static void emit_hooks(struct writer *writer, const struct attribute *attribute, const void *object)
{
	const struct hooks *hooks = &SCHEMA_VALUE(struct hooks, object, attribute);

	writer_open_list(writer);
	for (size_t i = 0; i < hooks->n; i++) {
		writer_open_map(writer);
		schema_emit(writer, &schema_hook, &hooks->items[i]);
		writer_close(writer);
	}
	writer_close(writer);
}

const struct kind kind_hooks = {decode_hooks, present_hooks, emit_hooks,
				"a list of mappings with command"};
