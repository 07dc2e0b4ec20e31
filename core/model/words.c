// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/words.h"

#include "core/base/arena.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct splitter {
	const char *at;
	char *out; /* where the next character of the word goes */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* In double quotes a backslash only escapes what would mean something there (POSIX 2.2.3). */
static void take_escaped(struct splitter *s, bool quoted)
{
	s->at++;
	if (*s->at == '\n') {
		s->at++;
		return;
	}
	if (*s->at == '\0' || (quoted && !strchr("\\\"$`", *s->at)))
		*s->out++ = '\\';
	if (*s->at)
		*s->out++ = *s->at++;
}

static int take_quoted(struct splitter *s, struct err *err)
{
	char quote = *s->at++;

	while (*s->at && *s->at != quote) {
		if (*s->at == '\\' && quote == '"')
			take_escaped(s, true);
		else
			*s->out++ = *s->at++;
	}
	if (*s->at == '\0')
		return err_set(err, EINVAL, "the quote %c is opened and never closed", quote);
	s->at++;
	return 0;
}

static int take_word(struct splitter *s, struct err *err)
{
	while (*s->at && !is_blank(*s->at)) {
		if (*s->at == '\'' || *s->at == '"') {
			if (take_quoted(s, err) < 0)
				return -EINVAL;
		} else if (*s->at == '\\') {
			take_escaped(s, false);
		} else {
			*s->out++ = *s->at++;
		}
	}
	*s->out++ = '\0';
	return 0;
}

int words_split(struct arena *arena, const char *text, struct strings *ret_words, struct err *err)
{
	size_t len = strlen(text);
	/* Words are separated by at least a blank, and no word is longer than what made it. */
	struct splitter s = {.at = text, .out = arena_alloc(arena, len + 2)};
	struct strings words = {.items = ARENA_ARRAY(arena, const char *, len / 2 + 2),
				.is_set = true};

	while (true) {
		while (is_blank(*s.at))
			s.at++;
		if (*s.at == '\0')
			break;
		words.items[words.n++] = s.out;
		if (take_word(&s, err) < 0)
			return -EINVAL;
	}
	*ret_words = words;
	return 0;
}
