// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/writer.h"

#include "core/base/strbuf.h"
#include "core/model/utf8.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

static bool is_yaml(const struct writer *writer)
{
	return writer->format == WRITER_YAML;
}

static void newline(struct writer *writer)
{
	unsigned int depth = writer->depth;

	/* YAML's outermost level has no brackets, so nothing in it is indented. */
	if (is_yaml(writer) && depth > 0)
		depth--;
	if (writer->out->len > 0)
		strbuf_putc(writer->out, '\n');
	for (unsigned int i = 0; i < depth; i++)
		strbuf_puts(writer->out, "  ");
}

/* What stands between the last thing written and a new element of a map or list. */
static void next_element(struct writer *writer)
{
	unsigned int top = writer->depth - 1;
	bool filled = writer->levels[top].filled;

	writer->levels[top].filled = true;
	if (!is_yaml(writer)) {
		if (filled)
			strbuf_putc(writer->out, ',');
		newline(writer);
		return;
	}
	/* The first key of a map in a list stands on the line of its "- ". */
	if (!filled && top > 0 && writer->levels[top - 1].list && !writer->levels[top].list)
		return;
	newline(writer);
}

static void begin_value(struct writer *writer, bool scalar)
{
	if (writer->after_key) {
		writer->after_key = false;
		if (!is_yaml(writer) || scalar)
			strbuf_putc(writer->out, ' ');
		return;
	}
	if (writer->depth == 0)
		return;
	next_element(writer);
	if (is_yaml(writer))
		strbuf_puts(writer->out, "- ");
}

static void open_level(struct writer *writer, bool list)
{
	begin_value(writer, false);
	if (!is_yaml(writer))
		strbuf_putc(writer->out, list ? '[' : '{');
	writer->levels[writer->depth].list = list;
	writer->levels[writer->depth].filled = false;
	writer->depth++;
}

void writer_open_map(struct writer *writer)
{
	open_level(writer, false);
}

void writer_open_list(struct writer *writer)
{
	open_level(writer, true);
}

void writer_close(struct writer *writer)
{
	unsigned int top = --writer->depth;
	bool list = writer->levels[top].list, filled = writer->levels[top].filled;

	if (is_yaml(writer)) {
		bool in_map = top > 0 && !writer->levels[top - 1].list;

		if (!filled)
			strbuf_printf(writer->out, "%s%s", in_map ? " " : "", list ? "[]" : "{}");
		return;
	}
	if (filled)
		newline(writer);
	strbuf_putc(writer->out, list ? ']' : '}');
}

/* What libyaml refuses to read, or reads as a line break, when it stands there as it is. */
static bool needs_escape(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
	       c == 0xfffe || c == 0xffff;
}

static void write_character(struct strbuf *out, const char *at, size_t n, uint32_t c)
{
	if (n == 0)
		strbuf_puts(out, "\xef\xbf\xbd");
	else if (c == '"' || c == '\\')
		strbuf_printf(out, "\\%c", (char)c);
	else if (c == '\n')
		strbuf_puts(out, "\\n");
	else if (c == '\t')
		strbuf_puts(out, "\\t");
	else if (needs_escape(c))
		strbuf_printf(out, "\\u%04x", (unsigned int)c);
	else
		strbuf_add(out, at, n);
}

static void write_quoted(struct writer *writer, const char *text, bool double_dollar)
{
	strbuf_putc(writer->out, '"');
	while (*text) {
		uint32_t c = 0;
		size_t n = utf8_decode(text, &c);

		if (c == '$' && double_dollar)
			strbuf_putc(writer->out, '$');
		write_character(writer->out, text, n, c);
		text += n ? n : 1;
	}
	strbuf_putc(writer->out, '"');
}

/* Is TEXT the same text to every YAML reader when it stands there without quotes? */
static bool is_plain(const char *text)
{
	static const char *const words[] = {"true", "false", "null", "yes", "no",
					    "on",   "off",   "y",    "n"};
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_/.:=@+-";
	size_t len = strlen(text);

	if (len == 0 || strspn(text, allowed) != len || strchr("0123456789.:=@+-", text[0]) ||
	    text[len - 1] == ':')
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return false;
	return true;
}

static void write_text(struct writer *writer, const char *text, bool double_dollar)
{
	if (is_yaml(writer) && is_plain(text))
		strbuf_puts(writer->out, text);
	else
		write_quoted(writer, text, double_dollar);
}

void writer_key(struct writer *writer, const char *key)
{
	next_element(writer);
	write_text(writer, key, false);
	strbuf_putc(writer->out, ':');
	writer->after_key = true;
}

void writer_number(struct writer *writer, const char *text)
{
	begin_value(writer, true);
	strbuf_puts(writer->out, text);
}

void writer_string(struct writer *writer, const char *text)
{
	if (!text) {
		writer_number(writer, "null");
		return;
	}
	begin_value(writer, true);
	write_text(writer, text, writer->escape_dollar);
}

void writer_integer(struct writer *writer, int64_t value)
{
	begin_value(writer, true);
	strbuf_printf(writer->out, "%" PRId64, value);
}

void writer_bool(struct writer *writer, bool value)
{
	writer_number(writer, value ? "true" : "false");
}
