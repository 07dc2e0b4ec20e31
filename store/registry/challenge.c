// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/challenge.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct cursor {
	const char *at, *end;
};

static bool is_token(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool at_end(const struct cursor *c)
{
	return c->at == c->end;
}

static bool skip(struct cursor *c, const char *set)
{
	const char *start = c->at;

	while (!at_end(c) && *c->at && strchr(set, *c->at))
		c->at++;
	return c->at != start;
}

static size_t take_token(struct cursor *c)
{
	const char *start = c->at;

	while (!at_end(c) && is_token(*c->at))
		c->at++;
	return (size_t)(c->at - start);
}

static int put(char value[CHALLENGE_VALUE_MAX], size_t *len, char c)
{
	if (c < ' ' || c > '~' || *len + 1 >= CHALLENGE_VALUE_MAX)
		return -EBADMSG;
	value[(*len)++] = c;
	return 0;
}

/* token or "quoted string" with \ in front of anything */
static int take_value(struct cursor *c, char value[CHALLENGE_VALUE_MAX])
{
	size_t len = 0;
	int r = 0;

	memset(value, 0, CHALLENGE_VALUE_MAX);
	if (at_end(c) || *c->at != '"') {
		while (r == 0 && !at_end(c) && is_token(*c->at))
			r = put(value, &len, *c->at++);
		return r < 0 || len == 0 ? -EBADMSG : 0;
	}
	for (c->at++; !at_end(c) && *c->at != '"'; c->at++) {
		if (*c->at == '\\' && ++c->at == c->end)
			return -EBADMSG;
		r = put(value, &len, *c->at);
		if (r < 0)
			return r;
	}
	if (at_end(c))
		return -EBADMSG;
	c->at++;
	return 0;
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* NAME = VALUE of the current challenge.  1: it was none, so a new scheme begins here. */
static int take_parameter(struct cursor *c, struct challenge *current)
{
	struct {
		const char *name;
		char *value;
	} known[] = {{"realm", current->realm},
		     {"service", current->service},
		     {"scope", current->scope}};
	char value[CHALLENGE_VALUE_MAX];
	struct cursor look = *c;
	const char *name = look.at;
	size_t len = take_token(&look);

	skip(&look, " \t");
	if (len == 0 || at_end(&look) || *look.at != '=')
		return 1;
	look.at++;
	skip(&look, " \t");
	if (take_value(&look, value) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (is_word(name, len, known[i].name))
			memcpy(known[i].value, value, CHALLENGE_VALUE_MAX);
	*c = look;
	return 0;
}

static enum challenge_scheme take_scheme(struct cursor *c)
{
	const char *name = c->at;
	size_t len = take_token(c);

	if (is_word(name, len, "Bearer"))
		return CHALLENGE_BEARER;
	return is_word(name, len, "Basic") ? CHALLENGE_BASIC : CHALLENGE_NONE;
}

int challenge_parse(const char *text, size_t len, struct challenge *challenge)
{
	struct cursor c = {text, text + len};
	struct challenge best = *challenge;

	skip(&c, " \t,");
	if (at_end(&c))
		return -EBADMSG;
	while (!at_end(&c)) {
		struct challenge current = {.scheme = CHALLENGE_NONE};
		const char *start = c.at;
		int r = 0;

		current.scheme = take_scheme(&c);
		if (c.at == start || (!at_end(&c) && !skip(&c, " \t,")))
			return -EBADMSG;
		while (r == 0 && !at_end(&c)) {
			r = take_parameter(&c, &current);
			if (r == 0 && !at_end(&c) && !skip(&c, " \t,"))
				r = -EBADMSG;
		}
		if (r < 0)
			return r;
		/* A token needs somebody to ask for it. */
		if (current.scheme > best.scheme &&
		    (current.scheme != CHALLENGE_BEARER || current.realm[0]))
			best = current;
	}
	*challenge = best;
	return 0;
}
