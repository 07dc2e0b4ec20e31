// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON for people: "key: value" lines, indented, without what is empty. */
#include "cmd/cli/output.h"

#include "cmd/cli/cli.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <stdlib.h>
#include <string.h>

#define INDENT 2

static void print_value(struct strbuf *out, const json_t *value, size_t indent);

static void pad(struct strbuf *out, size_t n)
{
	for (; n > 0; n--)
		strbuf_putc(out, ' ');
}

static void print_scalar(struct strbuf *out, const json_t *value)
{
	CLEANUP_FREE char *text = NULL;

	if (json_is_string(value)) {
		text_escape(out, json_string_value(value), json_string_length(value));
	} else {
		text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
		strbuf_puts(out, text ? text : "");
	}
	strbuf_putc(out, '\n');
}

static bool is_empty(const json_t *value)
{
	return (json_is_string(value) && json_string_length(value) == 0) ||
	       (json_is_array(value) && json_array_size(value) == 0) ||
	       (json_is_object(value) && json_object_size(value) == 0);
}

static void print_object(struct strbuf *out, json_t *object, size_t indent)
{
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		if (is_empty(value))
			continue;
		pad(out, indent);
		text_escape(out, key, strlen(key));
		strbuf_putc(out, ':');
		print_value(out, value, indent + INDENT);
	}
}

/* Behind "key:", on the same line or below it. */
static void print_value(struct strbuf *out, const json_t *value, size_t indent)
{
	const json_t *item;
	size_t i;

	if (json_is_object(value)) {
		strbuf_putc(out, '\n');
		print_object(out, (json_t *)value, indent);
	} else if (json_is_array(value)) {
		strbuf_putc(out, '\n');
		json_array_foreach (value, i, item) {
			pad(out, indent);
			strbuf_puts(out, "-");
			print_value(out, item, indent + INDENT);
		}
	} else {
		strbuf_putc(out, ' ');
		print_scalar(out, value);
	}
}

int output_pretty(const json_t *list, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	json_t *object;
	size_t i;

	json_array_foreach (list, i, object) {
		if (i > 0)
			strbuf_putc(&out, '\n');
		print_object(&out, object, 0);
	}
	return cli_output(&out, err);
}
