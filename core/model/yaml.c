// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/yaml.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/names.h"
#include "core/model/report.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <yaml.h>

/* libyaml compares each %TAG line with all before it. */
#define TAG_DIRECTIVES_MAX 16

/* A name that any use of it can be written with: see writer.h and YAML's limit of 1024. */
#define KEY_MAX 255

const struct yaml_limits yaml_limits_file = {(size_t)4 << 20, 200000, 100000};
const struct yaml_limits yaml_limits_own = {(size_t)256 << 20, 20000000, 0};

struct composer {
	const struct yaml_limits *limits;
	yaml_parser_t parser;
	struct arena *arena, *texts;
	struct reporter *report;
	const char *file;
	struct names anchors;
	unsigned int depth;
	size_t nodes, expanded;
	bool failed; /* something is wrong that reading could go on after */
};

/* Fine for a parser that is still all zeroes. */
static void composer_release(struct composer *c)
{
	yaml_parser_delete(&c->parser);
	names_release(&c->anchors);
}

static struct position position_of(const struct composer *c, yaml_mark_t mark)
{
	return (struct position){c->file, (unsigned int)mark.line + 1,
				 (unsigned int)mark.column + 1};
}

#define refuse(c, pos, ...) report((c)->report, SEVERITY_ERROR, (pos), __VA_ARGS__)
#define fail(c, pos, ...)   (report((c)->report, SEVERITY_ERROR, (pos), __VA_ARGS__), NULL)

static void report_encoding(const struct composer *c)
{
	struct position pos = {c->file, 0, 0};

	report(c->report, SEVERITY_ERROR, pos,
	       "this is no UTF-8 text: %s at byte %zu; save the file as UTF-8", c->parser.problem,
	       c->parser.problem_offset);
}

static void report_syntax(const struct composer *c)
{
	const yaml_parser_t *p = &c->parser;
	struct position pos = position_of(c, p->problem_mark);

	if (p->error == YAML_READER_ERROR)
		report_encoding(c);
	else if (!p->problem || p->error == YAML_MEMORY_ERROR)
		report(c->report, SEVERITY_ERROR, pos, "this cannot be read as YAML");
	else if (strstr(p->problem, "cannot start any token"))
		report(c->report, SEVERITY_ERROR, pos,
		       "a value cannot begin like this; put it in quotes (and YAML takes no tab "
		       "for indentation)");
	else if (p->context)
		report(c->report, SEVERITY_ERROR, pos, "YAML: %s %s (begun in line %zu)",
		       p->problem, p->context, p->context_mark.line + 1);
	else
		report(c->report, SEVERITY_ERROR, pos, "YAML: %s", p->problem);
}

static int next_event(struct composer *c, yaml_event_t *event)
{
	if (yaml_parser_parse(&c->parser, event))
		return 0;
	report_syntax(c);
	return -EINVAL;
}

static struct node *compose_node(struct composer *c, const yaml_event_t *event);

static int node_tag(struct composer *c, const char *tag, struct position pos, struct node *node)
{
	static const char standard[] = "tag:yaml.org,2002:";

	if (!tag || strcmp(tag, "!") == 0) {
		node->quoted |= tag != NULL;
	} else if (strcmp(tag, "!reset") == 0) {
		node->tag = TAG_RESET;
	} else if (strcmp(tag, "!override") == 0) {
		node->tag = TAG_OVERRIDE;
	} else if (strncmp(tag, standard, sizeof(standard) - 1) == 0) {
		node->quoted |= strcmp(tag + sizeof(standard) - 1, "str") == 0;
	} else {
		return refuse(c, pos,
			      "the tag '%s' has no meaning here; only !reset and !override have",
			      tag);
	}
	return 0;
}

/* NULL: there are too many of them. */
static struct node *new_node(struct composer *c, enum node_kind kind, const char *tag,
			     yaml_mark_t mark)
{
	struct position pos = position_of(c, mark);
	struct node *node;

	if (++c->nodes > c->limits->nodes)
		return fail(c, pos, "the file has more than %zu values; split it",
			    c->limits->nodes);
	node = ARENA_NEW(c->arena, struct node);
	node->kind = kind;
	node->pos = pos;
	node->weight = 1;
	return node_tag(c, tag, pos, node) < 0 ? NULL : node;
}

static void add_weight(struct node *node, const struct node *child)
{
	if (__builtin_add_overflow(node->weight, child->weight, &node->weight))
		node->weight = SIZE_MAX;
}

static struct node *compose_scalar(struct composer *c, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct node *node =
		new_node(c, NODE_SCALAR, (const char *)event->data.scalar.tag, event->start_mark);

	if (!node)
		return NULL;
	if (memchr(text, '\0', len))
		return fail(c, node->pos, "a value cannot contain a NUL character");
	node->quoted |= event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->text = arena_strndup(c->texts, text, len);
	return node;
}

/* Room for one more in ITEMS, which has N elements of SIZE bytes: grows at powers of two. */
static void *grown(struct composer *c, void *items, size_t n, size_t size)
{
	void *bigger;

	if (n & (n - 1) || (n > 0 && n < 4))
		return items;
	bigger = arena_array(c->arena, n ? n * 2 : 4, size);
	if (n)
		memcpy(bigger, items, n * size);
	return bigger;
}

static struct node *compose_sequence(struct composer *c, const yaml_event_t *start)
{
	struct node *node = new_node(c, NODE_SEQUENCE, (const char *)start->data.sequence_start.tag,
				     start->start_mark);

	while (node) {
		CLEANUP(yaml_event_delete) yaml_event_t event = {.type = YAML_NO_EVENT};
		struct node *item;

		if (next_event(c, &event) < 0)
			return NULL;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			break;
		item = compose_node(c, &event);
		if (!item)
			return NULL;
		node->items = grown(c, node->items, node->n, sizeof(*node->items));
		node->items[node->n++] = item;
		add_weight(node, item);
	}
	return node;
}

static bool is_merge_key(const yaml_event_t *event)
{
	return event->type == YAML_SCALAR_EVENT &&
	       event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       strcmp((const char *)event->data.scalar.value, "<<") == 0;
}

static int compose_key(struct composer *c, const yaml_event_t *event, struct node_entry *ret_entry)
{
	struct position pos = position_of(c, event->start_mark);
	const char *text = (const char *)event->data.scalar.value;

	if (event->type != YAML_SCALAR_EVENT || event->data.scalar.length == 0)
		return refuse(c, pos, "a key has to be a word");
	if (event->data.scalar.length > KEY_MAX || strlen(text) != event->data.scalar.length)
		return refuse(c, pos, "a key has at most %d bytes, none of them NUL", KEY_MAX);
	if (++c->nodes > c->limits->nodes)
		return refuse(c, pos, "the file has more than %zu values; split it",
			      c->limits->nodes);
	ret_entry->key = arena_strdup(c->texts, text);
	ret_entry->pos = pos;
	return 0;
}

static void append_entry(struct composer *c, struct node *node, struct node_entry entry)
{
	node->entries = grown(c, node->entries, node->n, sizeof(*node->entries));
	node->entries[node->n++] = entry;
	add_weight(node, entry.value);
}

/* KEYS are those that NODE has; they win over those of FROM, which go in behind them. */
static void merge_mapping(struct composer *c, struct node *node, struct names *keys,
			  const struct node *from)
{
	for (size_t i = 0; i < from->n; i++)
		if (!names_add(keys, from->entries[i].key, from->entries[i].value))
			append_entry(c, node, from->entries[i]);
}

static int merge_value(struct composer *c, struct node *node, struct names *keys,
		       const struct node *value)
{
	if (value->kind == NODE_MAPPING) {
		merge_mapping(c, node, keys, value);
		return 0;
	}
	for (size_t i = 0; value->kind == NODE_SEQUENCE && i < value->n; i++) {
		if (value->items[i]->kind != NODE_MAPPING) {
			value = value->items[i];
			break;
		}
		merge_mapping(c, node, keys, value->items[i]);
	}
	if (value->kind == NODE_SEQUENCE)
		return 0;
	return refuse(c, value->pos, "'<<' takes a mapping or a list of mappings, such as *name");
}

/* A key that is there twice is reported, and reading goes on with the first. */
static void add_entry(struct composer *c, struct node *node, struct names *keys,
		      const struct node_entry *entry)
{
	struct position *pos = ARENA_NEW(c->arena, struct position);
	const struct position *first;

	*pos = entry->pos;
	first = names_add(keys, entry->key, pos);
	if (!first) {
		append_entry(c, node, *entry);
		return;
	}
	c->failed = true;
	refuse(c, entry->pos, "the key '%s' is there twice; first in line %u, column %u",
	       entry->key, first->line, first->column);
}

/* One key and its value.  RET_MERGE is set when it was "<<". */
static int compose_entry(struct composer *c, struct node *node, struct names *keys,
			 const yaml_event_t *key, struct node **ret_merge)
{
	CLEANUP(yaml_event_delete) yaml_event_t event = {.type = YAML_NO_EVENT};
	struct node_entry entry = {.key = NULL};

	if (compose_key(c, key, &entry) < 0 || next_event(c, &event) < 0)
		return -EINVAL;
	entry.value = compose_node(c, &event);
	if (!entry.value)
		return -EINVAL;
	if (!is_merge_key(key)) {
		add_entry(c, node, keys, &entry);
		return 0;
	}
	if (*ret_merge)
		return refuse(c, entry.pos,
			      "the key '<<' is there twice; use one with a list: <<: [*a, *b]");
	*ret_merge = entry.value;
	return 0;
}

static struct node *compose_mapping(struct composer *c, const yaml_event_t *start)
{
	CLEANUP(names_release) struct names keys = NAMES_INIT;
	struct node *node = new_node(c, NODE_MAPPING, (const char *)start->data.mapping_start.tag,
				     start->start_mark);
	struct node *merge = NULL;

	while (node) {
		CLEANUP(yaml_event_delete) yaml_event_t event = {.type = YAML_NO_EVENT};

		if (next_event(c, &event) < 0)
			return NULL;
		if (event.type == YAML_MAPPING_END_EVENT)
			break;
		if (compose_entry(c, node, &keys, &event, &merge) < 0)
			return NULL;
	}
	if (node && merge && merge_value(c, node, &keys, merge) < 0)
		return NULL;
	return node;
}

static struct node *compose_alias(struct composer *c, const yaml_event_t *event)
{
	const char *anchor = (const char *)event->data.alias.anchor;
	struct position pos = position_of(c, event->start_mark);
	struct node *node = names_get(&c->anchors, anchor);

	if (!node)
		return fail(c, pos, "'*%s' refers to nothing: no '&%s' is complete above this line",
			    anchor, anchor);
	if (node->weight > c->limits->expanded - c->expanded)
		return fail(c, pos, "aliases make more than %zu values out of this file",
			    c->limits->expanded);
	c->expanded += node->weight;
	return node;
}

static const char *event_anchor(const yaml_event_t *event)
{
	if (event->type == YAML_SCALAR_EVENT)
		return (const char *)event->data.scalar.anchor;
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return (const char *)event->data.sequence_start.anchor;
	return (const char *)event->data.mapping_start.anchor;
}

static struct node *compose_node(struct composer *c, const yaml_event_t *event)
{
	struct node *node = NULL;
	const char *anchor;

	if (event->type == YAML_ALIAS_EVENT)
		return compose_alias(c, event);
	if (c->depth == YAML_DEPTH_MAX)
		return fail(c, position_of(c, event->start_mark), "nested more than %d levels deep",
			    YAML_DEPTH_MAX);
	c->depth++;
	if (event->type == YAML_SCALAR_EVENT)
		node = compose_scalar(c, event);
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		node = compose_sequence(c, event);
	else if (event->type == YAML_MAPPING_START_EVENT)
		node = compose_mapping(c, event);
	c->depth--;
	anchor = event_anchor(event);
	if (node && anchor)
		names_set(&c->anchors, arena_strdup(c->arena, anchor), node);
	return node;
}

static struct node *empty_document(struct composer *c)
{
	struct node *node = ARENA_NEW(c->arena, struct node);

	node->text = "";
	node->pos = (struct position){c->file, 1, 1};
	node->weight = 1;
	return node;
}

/* Stream start, one document, stream end. */
static struct node *compose_document(struct composer *c)
{
	struct node *root = NULL;
	bool done = false;

	while (!done) {
		CLEANUP(yaml_event_delete) yaml_event_t event = {.type = YAML_NO_EVENT};

		if (next_event(c, &event) < 0)
			return NULL;
		if (event.type == YAML_STREAM_END_EVENT) {
			done = true;
		} else if (event.type == YAML_DOCUMENT_START_EVENT && root) {
			return fail(c, position_of(c, event.start_mark),
				    "a second document begins here; a stack file has one, several "
				    "files are given with -f");
		} else if (event.type != YAML_STREAM_START_EVENT &&
			   event.type != YAML_DOCUMENT_START_EVENT &&
			   event.type != YAML_DOCUMENT_END_EVENT) {
			root = compose_node(c, &event);
			if (!root)
				return NULL;
		}
	}
	return root ? root : empty_document(c);
}

static int check_size(const struct composer *c, const char *text, size_t len)
{
	struct position pos = {c->file, 1, 1};
	unsigned int directives = 0;
	const char *at = text, *end = text + len;

	if (len > c->limits->size)
		return refuse(c, pos, "the file has more than %zu MiB", c->limits->size >> 20);
	while (at && at < end) {
		directives += end - at > 4 && memcmp(at, "%TAG", 4) == 0;
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	if (directives > TAG_DIRECTIVES_MAX)
		return refuse(c, pos, "the file has more than %d lines that begin with %%TAG",
			      TAG_DIRECTIVES_MAX);
	return 0;
}

int yaml_parse(const struct yaml_limits *limits, struct arena *arena, struct arena *texts,
	       struct reporter *report, const char *file, const char *text, size_t len,
	       struct node **ret_root)
{
	CLEANUP(composer_release)
	struct composer c = {.limits = limits,
			     .arena = arena,
			     .texts = texts,
			     .report = report,
			     .file = file,
			     .anchors = NAMES_INIT};
	struct node *root;

	reporter_add_source(report, file, text, len);
	if (check_size(&c, text, len) < 0)
		return -EINVAL;
	if (!yaml_parser_initialize(&c.parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&c.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&c.parser, (const unsigned char *)text, len);
	root = compose_document(&c);
	if (!root || c.failed)
		return -EINVAL;
	*ret_root = root;
	return 0;
}
