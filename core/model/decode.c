// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/decode.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/base/text.h"
#include "core/model/names.h"
#include "core/model/node.h"
#include "core/model/origin.h"
#include "core/model/pathname.h"
#include "core/model/report.h"
#include "core/model/variables.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define KEY_MAX 255 /* as in yaml.c, for keys that come as "K=V" */

static void write_path(struct strbuf *out, const struct crumb *at)
{
	if (!at)
		return;
	write_path(out, at->up);
	if (!at->key)
		strbuf_printf(out, "[%zu]", at->index);
	else
		strbuf_printf(out, "%s%s", out->len ? "." : "", at->key);
}

__attribute__((format(printf, 4, 0))) static void say(struct decoder *decoder,
						      enum severity severity, struct position pos,
						      const char *fmt, va_list args)
{
	CLEANUP(strbuf_release) struct strbuf path = STRBUF_INIT;
	CLEANUP_FREE char *text = NULL;

	write_path(&path, decoder->at);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	report(decoder->report, severity, pos, "%s%s%s", path.text, path.len ? ": " : "",
	       text ? text : fmt);
}

void decode_error(struct decoder *decoder, struct position pos, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(decoder, SEVERITY_ERROR, pos, fmt, args);
	va_end(args);
}

void decode_warning(struct decoder *decoder, struct position pos, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(decoder, SEVERITY_WARNING, pos, fmt, args);
	va_end(args);
}

void decode_note(struct decoder *decoder, struct position pos, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(decoder, SEVERITY_NOTE, pos, fmt, args);
	va_end(args);
}

void decode_mismatch(struct decoder *decoder, const struct node *node, const char *expected)
{
	decode_error(decoder, node->pos, "expected %s, found %s", expected, node_kind_name(node));
}

const char *decode_text(struct decoder *decoder, const struct node *node, const char *expected)
{
	if (node->kind == NODE_SCALAR && node->broken)
		return NULL;
	if (node->kind == NODE_SCALAR && !node_is_null(node))
		return node->text;
	decode_mismatch(decoder, node, expected);
	return NULL;
}

int decode_choice(struct decoder *decoder, const struct node *node, const char *const *names,
		  size_t n)
{
	CLEANUP(strbuf_release) struct strbuf all = STRBUF_INIT;
	const char *text, *meant;

	for (size_t i = 0; i < n; i++)
		strbuf_printf(&all, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " or ", names[i]);
	text = decode_text(decoder, node, all.text);
	if (!text)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (strcmp(text, names[i]) == 0)
			return (int)i;
	meant = text_suggest(text, names, n);
	if (meant)
		decode_error(decoder, node->pos, "'%s' is not known here; did you mean '%s'?", text,
			     meant);
	else
		decode_error(decoder, node->pos, "expected %s, found '%s'", all.text, text);
	return -1;
}

struct strings decode_strings(struct decoder *decoder, const struct node *node)
{
	struct strings strings = {.is_set = true};

	if (node_is_null(node))
		return (struct strings){.is_set = false};
	if (node->kind == NODE_MAPPING) {
		decode_mismatch(decoder, node, "a list");
		return (struct strings){.is_set = false};
	}
	strings.items = ARENA_ARRAY(decoder->arena, const char *, node->n + 2);
	if (node->kind == NODE_SCALAR)
		strings.items[strings.n++] = node->text;
	for (size_t i = 0; node->kind == NODE_SEQUENCE && i < node->n; i++) {
		struct crumb crumb = {.up = decoder->at, .index = i};
		const char *text;

		decoder->at = &crumb;
		text = decode_text(decoder, node->items[i], "text");
		if (text)
			strings.items[strings.n++] = text;
		decoder->at = crumb.up;
	}
	return strings;
}

/* "K=V" or "K" as an entry; false when it is neither. */
static bool split_pair(struct decoder *decoder, const struct node *item, struct key_value *ret)
{
	const char *text = decode_text(decoder, item, "text such as KEY=value"), *sign;

	if (!text)
		return false;
	sign = strchr(text, '=');
	ret->key = sign ? arena_strndup(decoder->arena, text, (size_t)(sign - text)) : text;
	ret->value = sign ? sign + 1 : NULL;
	if (*ret->key == '\0' || strlen(ret->key) > KEY_MAX) {
		decode_error(decoder, item->pos,
			     "expected text such as KEY=value, with a key of at most %d bytes",
			     KEY_MAX);
		return false;
	}
	return true;
}

static size_t map_from_list(struct decoder *decoder, const struct node *node,
			    struct key_value *items)
{
	CLEANUP(names_release) struct names seen = NAMES_INIT;
	size_t n = 0;

	for (size_t i = 0; i < node->n; i++) {
		struct crumb crumb = {.up = decoder->at, .index = i};
		struct key_value *earlier, pair;

		decoder->at = &crumb;
		if (split_pair(decoder, node->items[i], &pair)) {
			/* As in an environment: the later one counts, in the earlier's place. */
			earlier = names_get(&seen, pair.key);
			if (earlier) {
				earlier->value = pair.value;
			} else {
				items[n] = pair;
				names_add(&seen, pair.key, &items[n++]);
			}
		}
		decoder->at = crumb.up;
	}
	return n;
}

struct map decode_map(struct decoder *decoder, const struct node *node)
{
	struct key_value *items = ARENA_ARRAY(decoder->arena, struct key_value, node->n + 1);
	struct map map = {.items = items};

	if (node->kind == NODE_SEQUENCE)
		map.n = map_from_list(decoder, node, items);
	else if (node->kind != NODE_MAPPING && !node_is_null(node))
		decode_mismatch(decoder, node, "a mapping, or a list of KEY=value");
	for (size_t i = 0; node->kind == NODE_MAPPING && i < node->n; i++) {
		const struct node *value = node->entries[i].value;
		struct crumb crumb = {.up = decoder->at, .key = node->entries[i].key};

		decoder->at = &crumb;
		items[map.n].key = crumb.key;
		if (!node_is_null(value))
			items[map.n].value = decode_text(decoder, value, "text");
		map.n++;
		decoder->at = crumb.up;
	}
	return map;
}

const struct variables *decode_variables(const struct decoder *decoder, struct position pos)
{
	return origin_find(decoder->origins, pos)->environment;
}

const char *decode_path(struct decoder *decoder, struct position pos, const char *path)
{
	const struct origin *origin = origin_find(decoder->origins, pos);

	return pathname_resolve(decoder->arena, origin->directory,
				variables_get(origin->environment, "HOME"), path);
}
