// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/interpolate.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/variables.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NESTING_MAX  32
#define VARIABLE_MAX 255

struct cursor {
	struct interpolation *in;
	const char *at, *end;
	unsigned int depth;
	struct err *err;
};

static bool is_name_start(char c)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t name_length(const char *at, const char *end)
{
	const char *p = at;

	if (p == end || !is_name_start(*p))
		return 0;
	while (p < end && (is_name_start(*p) || (*p >= '0' && *p <= '9')))
		p++;
	return (size_t)(p - at);
}

static int emit(struct cursor *c, struct strbuf *out, const char *text, size_t len)
{
	if (!out)
		return 0;
	if (len > c->in->budget)
		return err_set(c->err, E2BIG, "its variables make the text too long");
	c->in->budget -= len;
	strbuf_add(out, text, len);
	return 0;
}

static const char *lookup(const struct interpolation *in, const char *name)
{
	const char *value = variables_get(in->first, name);

	return value ? value : variables_get(in->second, name);
}

/* What follows the name in ${V…}. */
struct operation {
	char sign;  /* '-', '?', '+', or 0: none */
	bool colon; /* an empty value counts as none */
};

static int expand_word(struct cursor *c, struct strbuf *out, bool braced);

/* ${V?word} with nothing in V. */
static int complain(struct cursor *c, const char *name)
{
	CLEANUP(strbuf_release) struct strbuf word = STRBUF_INIT;
	int r = expand_word(c, &word, true);

	if (r < 0)
		return r;
	return err_set(c->err, EINVAL, "the variable '%s' has to be set%s%.200s", name,
		       word.len ? ": " : "", word.text);
}

static int apply(struct cursor *c, struct strbuf *out, const char *name, struct operation op)
{
	const char *value = lookup(c->in, name);
	bool has = value && !(op.colon && *value == '\0');
	bool word = op.sign == '+' ? has : !has;
	const char *start = c->at;
	int r;

	/* Where nothing is to come out, the word is only read over. */
	if (op.sign == '?' && word && out && !c->in->used)
		return complain(c, name);
	r = expand_word(c, op.sign != '?' && word ? out : NULL, true);
	if (r == 0 && c->in->used)
		c->in->used(c->in->data, name, op.sign, start, (size_t)(c->at - 1 - start));
	if (r == 0 && op.sign != '+' && has)
		r = emit(c, out, value, strlen(value));
	return r;
}

static int substitute(struct cursor *c, struct strbuf *out, const char *name)
{
	const char *value = lookup(c->in, name);

	if (c->in->used)
		c->in->used(c->in->data, name, 0, "", 0);
	if (!out)
		return 0;
	if (value)
		return emit(c, out, value, strlen(value));
	if (c->in->unset)
		c->in->unset(c->in->data, name);
	return 0;
}

static int take_name(struct cursor *c, char ret_name[VARIABLE_MAX + 1])
{
	size_t len = name_length(c->at, c->end);

	if (len == 0)
		return err_set(c->err, EINVAL, "'${' needs the name of a variable behind it");
	if (len > VARIABLE_MAX)
		return err_set(c->err, EINVAL, "a variable's name has at most %d characters",
			       VARIABLE_MAX);
	memcpy(ret_name, c->at, len);
	ret_name[len] = '\0';
	c->at += len;
	return 0;
}

static int expand_braces(struct cursor *c, struct strbuf *out)
{
	struct operation op = {.sign = 0};
	char name[VARIABLE_MAX + 1];
	int r = take_name(c, name);

	if (r < 0)
		return r;
	if (c->at < c->end && *c->at == '}') {
		c->at++;
		return substitute(c, out, name);
	}
	if (c->at < c->end && *c->at == ':') {
		op.colon = true;
		c->at++;
	}
	if (c->at == c->end)
		return err_set(c->err, EINVAL, "'${%s' has no closing brace", name);
	if (!strchr("-?+", *c->at) || *c->at == '\0')
		return err_set(c->err, EINVAL,
			       "'${%s' may be followed by '}', ':-', '-', ':?', '?', ':+' or '+'",
			       name);
	op.sign = *c->at++;
	return apply(c, out, name, op);
}

static int expand_dollar(struct cursor *c, struct strbuf *out)
{
	char name[VARIABLE_MAX + 1];
	int r;

	c->at++;
	if (c->at < c->end && *c->at == '$') {
		c->at++;
		return emit(c, out, "$", 1);
	}
	if (c->at < c->end && *c->at == '{') {
		c->at++;
		return expand_braces(c, out);
	}
	if (name_length(c->at, c->end) > 0) {
		r = take_name(c, name);
		return r < 0 ? r : substitute(c, out, name);
	}
	if (c->in->keep_dollar)
		return emit(c, out, "$", 1);
	return err_set(c->err, EINVAL, "a single '$' begins a variable; write '$$' for the sign");
}

/* Up to the end, or with BRACED up to the brace that closes what was opened before. */
static int expand_word(struct cursor *c, struct strbuf *out, bool braced)
{
	unsigned int open = 0;
	int r = 0;

	if (c->depth == NESTING_MAX)
		return err_set(c->err, EINVAL, "variables are nested more than %d deep",
			       NESTING_MAX);
	c->depth++;
	while (r == 0 && c->at < c->end) {
		const char *start = c->at;

		if (*c->at == '$') {
			r = expand_dollar(c, out);
			continue;
		}
		if (braced && *c->at == '}' && open-- == 0)
			break;
		if (braced && *c->at == '{')
			open++;
		do
			c->at++;
		while (c->at < c->end && !strchr("${}", *c->at));
		r = emit(c, out, start, (size_t)(c->at - start));
	}
	c->depth--;
	if (r == 0 && braced && c->at++ >= c->end)
		return err_set(c->err, EINVAL, "'${' has no closing brace");
	return r;
}

int interpolate(struct interpolation *in, const char *text, size_t len, struct strbuf *out,
		struct err *err)
{
	struct cursor c = {.in = in, .at = text, .end = text + len, .err = err};

	return expand_word(&c, out, false);
}
