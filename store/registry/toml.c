// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/toml.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 8 /* of arrays in arrays */

struct parser {
	const char *at, *end;
	int line;
	char table[TOML_PATH_MAX];
	const struct toml_reader *reader;
};

static bool more(const struct parser *p)
{
	return p->at < p->end;
}

static char peek(const struct parser *p)
{
	return p->at < p->end ? *p->at : '\0';
}

static bool take(struct parser *p, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(p->end - p->at) < len || memcmp(p->at, text, len) != 0)
		return false;
	p->at += len;
	return true;
}

static void skip_blanks(struct parser *p)
{
	while (peek(p) == ' ' || peek(p) == '\t')
		p->at++;
}

static void skip_comment(struct parser *p)
{
	skip_blanks(p);
	if (peek(p) == '#')
		while (more(p) && *p->at != '\n')
			p->at++;
}

/* Blanks, comments and ends of lines. */
static void skip_lines(struct parser *p)
{
	for (;;) {
		skip_comment(p);
		if (!take(p, "\r\n") && !take(p, "\n"))
			return;
		p->line++;
	}
}

static int line_end(struct parser *p, struct err *err)
{
	skip_comment(p);
	if (!more(p))
		return 0;
	if (!take(p, "\r\n") && !take(p, "\n"))
		return err_set(err, EINVAL, "something stands behind the value");
	p->line++;
	return 0;
}

static bool is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/* --- strings --- */

static void add_utf8(struct strbuf *out, uint32_t c)
{
	if (c < 0x80) {
		strbuf_putc(out, (char)c);
	} else if (c < 0x800) {
		strbuf_putc(out, (char)(0xc0 | c >> 6));
		strbuf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		if (c >= 0x10000)
			strbuf_putc(out, (char)(0xf0 | c >> 18));
		strbuf_putc(out, (char)(c >= 0x10000 ? 0x80 | (c >> 12 & 0x3f) : 0xe0 | c >> 12));
		strbuf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		strbuf_putc(out, (char)(0x80 | (c & 0x3f)));
	}
}

static int take_unicode(struct parser *p, int digits, struct strbuf *out, struct err *err)
{
	static const char hex[] = "0123456789abcdef";
	uint32_t value = 0;

	for (int i = 0; i < digits; i++, p->at++) {
		const char *digit = peek(p) ? strchr(hex, peek(p) | 0x20) : NULL;

		if (!digit || !*digit)
			return err_set(err, EINVAL, "a \\u in a string takes %d hex digits",
				       digits);
		value = value << 4 | (uint32_t)(digit - hex);
	}
	if (value == 0 || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return err_set(err, EINVAL, "a \\u in a string is no character");
	add_utf8(out, value);
	return 0;
}

static int take_escape(struct parser *p, struct strbuf *out, struct err *err)
{
	static const char escapes[][2] = {{'b', '\b'}, {'t', '\t'}, {'n', '\n'}, {'f', '\f'},
					  {'r', '\r'}, {'"', '"'},  {'\\', '\\'}};
	char c = peek(p);

	p->at += more(p);
	if (c == 'u' || c == 'U')
		return take_unicode(p, c == 'u' ? 4 : 8, out, err);
	for (size_t i = 0; i < ARRAY_SIZE(escapes); i++) {
		if (escapes[i][0] == c) {
			strbuf_putc(out, escapes[i][1]);
			return 0;
		}
	}
	return err_set(err, EINVAL, "a string has an unknown escape after \\");
}

/* "basic" or 'literal' */
static int take_string(struct parser *p, struct strbuf *out, struct err *err)
{
	char quote = *p->at++;
	int r = 0;

	if (take(p, quote == '"' ? "\"\"" : "''"))
		return err_set(err, EINVAL, "strings of several lines are not read here");
	while (r == 0 && more(p) && *p->at != quote) {
		char c = *p->at++;

		if ((unsigned char)c < ' ' && c != '\t')
			return err_set(err, EINVAL, "a string is not closed");
		if (c == '\\' && quote == '"')
			r = take_escape(p, out, err);
		else
			strbuf_putc(out, c);
	}
	if (r == 0 && !more(p))
		r = err_set(err, EINVAL, "a string is not closed");
	p->at += r == 0;
	return r;
}

/* --- keys --- */

/* One or more simple keys, joined by dots, to "a.b". */
static int take_key(struct parser *p, char ret[TOML_PATH_MAX], struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf key = STRBUF_INIT;
	int r = 0;

	do {
		size_t before = key.len;

		skip_blanks(p);
		if (peek(p) == '"' || peek(p) == '\'')
			r = take_string(p, &key, err);
		else
			while (is_bare(peek(p)))
				strbuf_putc(&key, *p->at++);
		if (r < 0)
			return r;
		if (key.len == before)
			return err_set(err, EINVAL, "there is no key where one has to be");
		skip_blanks(p);
		if (peek(p) == '.')
			strbuf_putc(&key, '.');
	} while (take(p, "."));
	if (key.len >= TOML_PATH_MAX)
		return err_set(err, EINVAL, "a key is too long");
	memcpy(ret, key.text, key.len + 1);
	return 0;
}

static int take_table(struct parser *p, struct err *err)
{
	bool is_array = take(p, "[[");
	int r;

	if (!is_array)
		p->at++;
	r = take_key(p, p->table, err);
	if (r < 0)
		return r;
	if (!take(p, is_array ? "]]" : "]"))
		return err_set(err, EINVAL, "the name of a table is not closed");
	r = p->reader->table(p->reader->data, p->table, is_array, err);
	return r < 0 ? r : line_end(p, err);
}

/* --- values --- */

static int take_value(struct parser *p, const char *key, int depth, struct err *err);

static int take_array(struct parser *p, const char *key, int depth, struct err *err)
{
	int r = 0;

	if (depth >= DEPTH_MAX)
		return err_set(err, EINVAL, "arrays are nested too deep");
	p->at++;
	for (;;) {
		skip_lines(p);
		if (take(p, "]"))
			return 0;
		r = take_value(p, key, depth + 1, err);
		if (r < 0)
			return r;
		skip_lines(p);
		if (!take(p, ",") && peek(p) != ']')
			return err_set(err, EINVAL, "an array is not closed");
	}
}

static int take_integer(struct parser *p, struct toml_value *value, struct err *err)
{
	bool negative = take(p, "-");
	uint64_t number = 0;
	size_t digits = 0;

	if (!negative)
		take(p, "+");
	for (; peek(p) >= '0' && peek(p) <= '9'; p->at++, digits++) {
		if (number > (uint64_t)INT64_MAX / 10 - 1)
			return err_set(err, EINVAL, "a number is too large");
		number = number * 10 + (uint64_t)(peek(p) - '0');
	}
	if (digits == 0 || is_bare(peek(p)) || peek(p) == '.' || peek(p) == ':')
		return err_set(err, EINVAL,
			       "the value is no string, boolean, whole number or array");
	value->kind = TOML_INTEGER;
	value->integer = negative ? -(int64_t)number : (int64_t)number;
	return 0;
}

static int take_value(struct parser *p, const char *key, int depth, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct toml_value value = {.kind = TOML_BOOL};
	int r = 0;

	if (peek(p) == '"' || peek(p) == '\'') {
		r = take_string(p, &text, err);
		value.kind = TOML_STRING;
		value.string = text.text;
		if (r == 0 && strlen(text.text) != text.len)
			r = err_set(err, EINVAL, "a string has a NUL in it");
	} else if (peek(p) == '[') {
		r = take_array(p, key, depth, err);
		value.kind = TOML_ARRAY;
	} else if (take(p, "true") || take(p, "false")) {
		value.boolean = p->at[-2] == 'u'; /* tr-u-e, fal-s-e */
		if (is_bare(peek(p)))
			r = err_set(err, EINVAL, "the value is neither true nor false");
	} else {
		r = take_integer(p, &value, err);
	}
	/* Of an array nothing but its being there is told. */
	return r < 0 || depth > 0 ? r
				  : p->reader->value(p->reader->data, p->table, key, &value, err);
}

static int take_assignment(struct parser *p, struct err *err)
{
	char key[TOML_PATH_MAX];
	int r = take_key(p, key, err);

	if (r < 0)
		return r;
	if (!take(p, "="))
		return err_set(err, EINVAL, "there is no = behind '%.64s'", key);
	skip_blanks(p);
	r = take_value(p, key, 0, err);
	return r < 0 ? r : line_end(p, err);
}

int toml_read(const char *text, size_t len, const struct toml_reader *reader, struct err *err)
{
	struct parser p = {.at = text, .end = text + len, .line = 1, .reader = reader};
	int r = 0;

	for (;;) {
		skip_lines(&p);
		if (!more(&p))
			return 0;
		r = peek(&p) == '[' ? take_table(&p, err) : take_assignment(&p, err);
		if (r < 0)
			return err ? err_wrap(err, "line %d", p.line) : r;
	}
}
