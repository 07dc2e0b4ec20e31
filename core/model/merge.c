// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/merge.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/kinds.h"
#include "core/model/names.h"
#include "core/model/node.h"
#include "core/model/schema.h"

#include <string.h>

struct merge {
	struct arena *arena, *texts;
};

/* How two values under one key become one. */
struct rule {
	enum merge_rule merge;
	const struct schema *schema;
	const char *separators; /* between key and value of a list's text */
};

static struct node *merge_value(struct merge *m, const struct rule *rule, struct node *base,
				struct node *over);

static struct node *new_like(struct merge *m, const struct node *like, enum node_kind kind)
{
	struct node *node = ARENA_NEW(m->arena, struct node);

	node->kind = kind;
	node->pos = like->pos;
	node->interpolated = true;
	return node;
}

/* For keys that no row describes, and below those that are merged as mappings. */
static struct rule rule_by_shape(const struct node *base, const struct node *over)
{
	struct rule rule = {.merge = MERGE_REPLACE};

	if (base->kind == NODE_MAPPING && over->kind == NODE_MAPPING)
		rule.merge = MERGE_MAP;
	else if (base->kind == NODE_SEQUENCE && over->kind == NODE_SEQUENCE)
		rule.merge = MERGE_APPEND;
	return rule;
}

static struct rule rule_of_key(const struct rule *above, const char *key, const struct node *base,
			       const struct node *over)
{
	const struct attribute *attribute = NULL;
	struct rule rule;

	if (above->merge == MERGE_NAMED)
		return (struct rule){.merge = MERGE_SCHEMA, .schema = above->schema};
	if (above->merge == MERGE_SCHEMA && above->schema)
		attribute = schema_find(above->schema, key);
	if (!attribute)
		return rule_by_shape(base, over);
	rule = (struct rule){attribute->merge, attribute->schema, "="};
	if (attribute->kind == &kind_hosts)
		rule.separators = "=:";
	return rule;
}

static struct node *merge_mappings(struct merge *m, const struct rule *rule, struct node *base,
				   struct node *over)
{
	CLEANUP(names_release) struct names index = NAMES_INIT;
	struct node *merged = new_like(m, over, NODE_MAPPING);

	merged->entries = ARENA_ARRAY(m->arena, struct node_entry, base->n + over->n + 1);
	for (size_t i = 0; i < base->n; i++) {
		struct node_entry *entry = &merged->entries[merged->n];

		/* A list that became a mapping may say a key twice; the later one counts. */
		if (names_get(&index, base->entries[i].key)) {
			entry = names_get(&index, base->entries[i].key);
			merged->n--;
		}
		*entry = base->entries[i];
		names_add(&index, entry->key, entry);
		merged->n++;
	}
	for (size_t i = 0; i < over->n; i++) {
		const struct node_entry *entry = &over->entries[i];
		struct node_entry *old = names_get(&index, entry->key);
		struct rule below;

		if (!old) {
			merged->entries[merged->n] = *entry;
			names_add(&index, entry->key, &merged->entries[merged->n++]);
			continue;
		}
		below = rule_of_key(rule, entry->key, old->value, entry->value);
		old->value = merge_value(m, &below, old->value, entry->value);
		old->pos = entry->pos;
	}
	return merged;
}

/* TEXT NULL: null */
static struct node *scalar_from(struct merge *m, const struct node *like, const char *text)
{
	struct node *node = new_like(m, like, NODE_SCALAR);

	node->text = text ? text : "";
	node->quoted = text != NULL;
	return node;
}

/* ["K=V", "name"] as {K: V, name: null}; anything else as it is. */
static struct node *as_mapping(struct merge *m, const struct rule *rule, struct node *node)
{
	struct node *mapping;

	if (node->kind != NODE_SEQUENCE)
		return node;
	mapping = new_like(m, node, NODE_MAPPING);
	mapping->entries = ARENA_ARRAY(m->arena, struct node_entry, node->n + 1);
	for (size_t i = 0; i < node->n; i++) {
		struct node *item = node->items[i];
		const char *sign;

		if (item->kind != NODE_SCALAR)
			return node;
		sign = strpbrk(item->text, rule->separators ? rule->separators : "=");
		mapping->entries[mapping->n++] = (struct node_entry){
			.key = sign ? arena_strndup(m->texts, item->text,
						    (size_t)(sign - item->text))
				    : item->text,
			.pos = item->pos,
			.value = scalar_from(m, item, sign ? sign + 1 : NULL),
		};
	}
	return mapping;
}

static struct node *as_sequence(struct merge *m, struct node *node)
{
	struct node *sequence;

	if (node->kind != NODE_SCALAR)
		return node;
	sequence = new_like(m, node, NODE_SEQUENCE);
	sequence->items = ARENA_ARRAY(m->arena, struct node *, 1);
	sequence->items[sequence->n++] = node;
	return sequence;
}

static struct node *merge_sequences(struct merge *m, struct node *base, struct node *over)
{
	CLEANUP(names_release) struct names seen = NAMES_INIT;
	struct node *merged = new_like(m, over, NODE_SEQUENCE);

	merged->items = ARENA_ARRAY(m->arena, struct node *, base->n + over->n + 1);
	for (size_t i = 0; i < base->n + over->n; i++) {
		struct node *item = i < base->n ? base->items[i] : over->items[i - base->n];

		if (item->kind != NODE_SCALAR || !names_add(&seen, item->text, item))
			merged->items[merged->n++] = item;
	}
	return merged;
}

/* `build: DIRECTORY` is {context: DIRECTORY}. */
static struct node *long_form(struct merge *m, const struct rule *rule, struct node *node)
{
	struct node *mapping;

	if (rule->schema != &schema_build || node->kind != NODE_SCALAR)
		return node;
	mapping = new_like(m, node, NODE_MAPPING);
	mapping->entries = ARENA_ARRAY(m->arena, struct node_entry, 1);
	mapping->entries[mapping->n++] =
		(struct node_entry){.key = "context", .pos = node->pos, .value = node};
	return mapping;
}

/* Options are a driver's own: another driver does not get them. */
static bool is_other_driver(const struct rule *rule, const struct node *base,
			    const struct node *over)
{
	const struct node *before = node_get(base, "driver"), *now = node_get(over, "driver");

	return rule->schema == &schema_logging && before && now && !node_is_equal(before, now);
}

static struct node *merge_value(struct merge *m, const struct rule *rule, struct node *base,
				struct node *over)
{
	if (over->tag != TAG_NONE || base->tag == TAG_RESET)
		return over;
	if (node_is_null(over) && rule->merge != MERGE_REPLACE)
		return base;
	if (rule->merge == MERGE_APPEND) {
		base = as_sequence(m, base);
		over = as_sequence(m, over);
		if (base->kind == NODE_SEQUENCE && over->kind == NODE_SEQUENCE)
			return merge_sequences(m, base, over);
	} else if (rule->merge != MERGE_REPLACE) {
		base = long_form(m, rule, base);
		over = long_form(m, rule, over);
		if (is_other_driver(rule, base, over))
			return over;
		if (rule->merge == MERGE_MAP) {
			base = as_mapping(m, rule, base);
			over = as_mapping(m, rule, over);
		}
		if (base->kind == NODE_MAPPING && over->kind == NODE_MAPPING)
			return merge_mappings(m, rule, base, over);
	}
	return over;
}

struct node *merge_trees(struct arena *arena, struct arena *texts, const struct schema *schema,
			 struct node *base, struct node *over)
{
	const struct rule rule = {.merge = MERGE_SCHEMA, .schema = schema};
	struct merge m = {.arena = arena, .texts = texts};

	return merge_value(&m, &rule, base, over);
}
