// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/pattern.h"

#include "core/base/err.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* So many characters may a pattern be when its repetitions are written out. */
#define UNFOLDED_MAX 2000
#define DEPTH_MAX    16

/* What was read so far: `sum` of the open groups, the last item apart for what may repeat it. */
struct unfold {
	unsigned long sums[DEPTH_MAX + 1];
	unsigned long last;
	size_t depth;
};

/* Behind the bracket expression that begins at TEXT; its end when it has none. */
static const char *skip_bracket(const char *text)
{
	text += text[1] == '^' ? 2 : 1;
	if (*text == ']')
		text++;
	while (*text && *text != ']') {
		const char *end = NULL;

		if (text[0] == '[' && text[1] && strchr(".:=", text[1])) {
			const char close[] = {text[1], ']', '\0'};

			end = strstr(text + 2, close);
		}
		text = end ? end + 2 : text + 1;
	}
	return *text ? text + 1 : text;
}

static void add_item(struct unfold *unfold, unsigned long size)
{
	unfold->sums[unfold->depth] += unfold->last;
	unfold->last = size;
}

/* Behind {M,N}, whose item is repeated as often. */
static const char *repeat(struct unfold *unfold, const char *text)
{
	char *end;
	unsigned long most = strtoul(text + 1, &end, 10);

	if (*end == ',')
		most = isdigit((unsigned char)end[1]) ? strtoul(end + 1, &end, 10) : most + 1;
	most = most > UNFOLDED_MAX ? UNFOLDED_MAX + 1 : most;
	unfold->last *= most + 1;
	while (*end && *end != '}')
		end++;
	return *end ? end + 1 : end;
}

static const char *read_group(struct unfold *unfold, const char *text)
{
	if (*text == '(') {
		add_item(unfold, 0);
		unfold->sums[++unfold->depth] = 1;
	} else if (unfold->depth > 0) {
		unsigned long inner = unfold->sums[unfold->depth--] + unfold->last;

		unfold->last = inner;
	}
	return text + 1;
}

/* Read one item or repetition at TEXT.  Returns what is behind it. */
static const char *read_item(struct unfold *unfold, const char *text)
{
	switch (*text) {
	case '(':
	case ')':
		return read_group(unfold, text);
	case '+':
		unfold->last *= 2;
		return text + 1;
	case '{':
		if (isdigit((unsigned char)text[1]))
			return repeat(unfold, text);
		break;
	case '[':
		add_item(unfold, 1);
		return skip_bracket(text);
	default:
		break;
	}
	add_item(unfold, 1);
	return text + (*text == '\\' && text[1] ? 2 : 1);
}

static bool is_large(const char *text)
{
	struct unfold unfold = {.depth = 0};

	while (*text) {
		if (unfold.depth == DEPTH_MAX)
			return true;
		text = read_item(&unfold, text);
		if (unfold.last > UNFOLDED_MAX || unfold.sums[unfold.depth] > UNFOLDED_MAX)
			return true;
	}
	return unfold.sums[0] + unfold.last > UNFOLDED_MAX;
}

static bool refers_back(const char *text)
{
	for (; *text; text++) {
		if (*text != '\\')
			continue;
		if (isdigit((unsigned char)text[1]))
			return true;
		text += text[1] != '\0';
	}
	return false;
}

int pattern_compile(const char *text, regex_t *ret_regex, struct err *err)
{
	char why[128];
	int r;

	if (*text == '\0')
		return err_set(err, EINVAL, "the pattern is empty, and so would match any line");
	if (strlen(text) > PATTERN_MAX)
		return err_set(err, EINVAL, "the pattern is longer than %d characters",
			       PATTERN_MAX);
	if (refers_back(text))
		return err_set(err, EINVAL,
			       "back references such as \\1 are not taken: looking for them may "
			       "take forever");
	if (is_large(text))
		return err_set(err, EINVAL,
			       "the pattern is too large with its repetitions written out; repeat "
			       "less, or nest less");
	r = regcomp(ret_regex, text, REG_EXTENDED | REG_NOSUB);
	if (r == 0)
		return 0;
	regerror(r, ret_regex, why, sizeof(why));
	return err_set(err, EINVAL, "no extended regular expression: %s", why);
}

int pattern_check(const char *text, struct err *err)
{
	regex_t regex;
	int r = pattern_compile(text, &regex, err);

	if (r == 0)
		regfree(&regex);
	return r;
}
