// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/base/arena.h"
#include "core/model/decode.h"
#include "core/model/node.h"
#include "core/model/watch.h"
#include "core/model/writer.h"

/*
 * services.<name>.develop.watch: what `stack watch` does when files change
 */

#define AT(field) offsetof(struct watch_rule, field)
// clang-format off
static const struct attribute rule_keys[] = {
	{"path", &kind_path, AT(path), MERGE_REPLACE, APPLY_NONE,
	 .doc = "the file, or the directory with all below it, that is watched"},
	{"action", &kind_choice, AT(action), MERGE_REPLACE, APPLY_NONE,
	 .accepts = "sync rebuild restart sync+restart sync+exec",
	 .doc = "sync: what has changed is copied into the container; rebuild: the image is built "
		"and the container replaced"},
	{"target", &kind_string, AT(target), MERGE_REPLACE, APPLY_NONE,
	 .doc = "where in the container 'path' is copied to"},
	{"ignore", &kind_strings, AT(ignore), MERGE_APPEND, APPLY_NONE,
	 .doc = "paths below 'path' that do not count, as in .dockerignore, which is read as well"},
	{"include", &kind_strings, AT(include), MERGE_APPEND, APPLY_NONE,
	 .doc = "the only files that count; all when not said"},
	{"exec", &kind_group, AT(exec), MERGE_SCHEMA, APPLY_NONE, .schema = &schema_hook,
	 .doc = "what sync+exec runs in the container afterwards"},
	{"initial_sync", &kind_bool, AT(initial_sync), MERGE_REPLACE, APPLY_NONE,
	 .doc = "whether all of it is copied at the beginning"},
};
static const struct schema schema_rule = SCHEMA_OF(rule_keys);
#undef AT

static const struct attribute develop_keys[] = {
	{"watch", &kind_watch, offsetof(struct service, watch), MERGE_APPEND, APPLY_NONE,
	 .schema = &schema_rule, .doc = "what is done when which files change"},
};
// clang-format on

const struct schema schema_develop = SCHEMA_OF(develop_keys);

static bool copies(const struct watch_rule *rule)
{
	return rule->action == WATCH_SYNC || rule->action == WATCH_SYNC_RESTART ||
	       rule->action == WATCH_SYNC_EXEC;
}

static void check_rule(struct decoder *decoder, const struct watch_rule *rule)
{
	if (!rule->path)
		decode_error(decoder, rule->pos, "'path' is missing: say what is watched");
	if (rule->action == WATCH_NONE)
		decode_error(decoder, rule->pos,
			     "'action' is missing: sync, rebuild, restart, sync+restart or "
			     "sync+exec");
	if (copies(rule) && !rule->target)
		decode_error(decoder, rule->pos,
			     "'target' is missing: say where in the container it is copied to");
	if (rule->target && rule->target[0] != '/')
		decode_error(decoder, rule->pos, "'target' is '%s', which is not an absolute path",
			     rule->target);
	if (rule->target && rule->action != WATCH_NONE && !copies(rule))
		decode_warning(decoder, rule->pos, "'target' is for actions that copy");
	if (rule->action == WATCH_SYNC_EXEC && rule->exec.command.n == 0)
		decode_error(decoder, rule->pos,
			     "'exec' with a 'command' is missing: say what sync+exec runs");
	if (rule->action != WATCH_SYNC_EXEC && rule->exec.command.is_set)
		decode_warning(decoder, rule->pos, "'exec' is for the action sync+exec");
}

static void decode_watch(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, void *object)
{
	struct watch_rule *rules;

	if (node->kind != NODE_SEQUENCE) {
		decode_mismatch(decoder, node, "a list of mappings such as {path: …, action: …}");
		return;
	}
	rules = ARENA_ARRAY(decoder->arena, struct watch_rule, node->n + 1);
	for (size_t i = 0; i < node->n; i++) {
		struct crumb crumb = {.up = decoder->at, .index = i};

		decoder->at = &crumb;
		rules[i] = (struct watch_rule){.pos = node->items[i]->pos};
		schema_decode(decoder, &schema_rule, node->items[i], &rules[i]);
		if (node->items[i]->kind == NODE_MAPPING)
			check_rule(decoder, &rules[i]);
		decoder->at = crumb.up;
	}
	*SCHEMA_FIELD(struct watch_rules, object, attribute) = (struct watch_rules){rules, node->n};
}

static bool present_watch(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(struct watch_rules, object, attribute).n > 0;
}

static void emit_watch(struct writer *writer, const struct attribute *attribute, const void *object)
{
	const struct watch_rules *rules = &SCHEMA_VALUE(struct watch_rules, object, attribute);

	writer_open_list(writer);
	for (size_t i = 0; i < rules->n; i++) {
		writer_open_map(writer);
		schema_emit(writer, &schema_rule, &rules->items[i]);
		writer_close(writer);
	}
	writer_close(writer);
}

const struct kind kind_watch = {decode_watch, present_watch, emit_watch,
				"a list of mappings with path and action"};
