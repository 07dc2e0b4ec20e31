// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/ignore.h"

#include <stdio.h>
#include <string.h>

#define PATH_LEN 4096

/* Is C in the set behind P's "["?  P is moved behind its "]"; one without is no set. */
static bool in_set(const char **p, char c)
{
	const char *at = *p + 1;
	bool negated = *at == '^' || *at == '!', found = false;

	at += negated;
	do {
		char low, high;

		if (*at == '\\' && at[1])
			at++;
		if (!*at)
			return false;
		low = high = *at++;
		if (at[0] == '-' && at[1] && at[1] != ']') {
			high = at[1];
			at += 2;
		}
		found |= low <= c && c <= high;
	} while (*at != ']');
	*p = at + 1;
	return found != negated;
}

/* Does one character C match what is at P, which is moved behind it? */
static bool one_matches(const char **p, char c)
{
	switch (**p) {
	case '\0':
		return false;
	case '?':
		(*p)++;
		return c != '/';
	case '[':
		return c != '/' && in_set(p, c);
	case '\\':
		*p += (*p)[1] != '\0';
		break;
	default:
		break;
	}
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* A place to go back to: what is behind a star, and how much that has taken. */
struct star {
	const char *pattern, *text;
	bool directories; /* it takes whole components */
};

/* Let STAR take more; false: there is no more that it may take. */
static bool take_more(struct star *star)
{
	if (!star->directories)
		return *star->text++ != '\0';
	star->text = strchr(star->text, '/');
	return star->text && star->text++;
}

/*
 * The last * and the last ** are enough to go back to: an earlier one could only
 * take more of what the later one can take as well.
 */
static bool glob(const char *p, const char *text)
{
	struct star star = {NULL, NULL, false}, deep = {NULL, NULL, false};

	for (;;) {
		if (p[0] == '*' && p[1] == '*') {
			deep = (struct star){p + 2, text, p[2] == '/'};
			deep.pattern += deep.directories;
			p = deep.pattern;
			star.pattern = NULL;
		} else if (*p == '*') {
			star = (struct star){++p, text, false};
		} else if (!*p && !*text) {
			return true;
		} else if (*text && one_matches(&p, *text)) {
			text++;
		} else if (star.pattern && *star.text != '/' && take_more(&star)) {
			p = star.pattern;
			text = star.text;
		} else if (deep.pattern && take_more(&deep)) {
			p = deep.pattern;
			text = deep.text;
			star.pattern = NULL;
		} else {
			return false;
		}
	}
}

bool ignore_match(const char *pattern, const char *path)
{
	char cleaned[PATH_LEN], prefix[PATH_LEN];
	size_t len;

	while (pattern[0] == '/' || (pattern[0] == '.' && pattern[1] == '/'))
		pattern++;
	len = strlen(pattern);
	while (len > 0 && pattern[len - 1] == '/')
		len--;
	if (len == 0 || len >= sizeof(cleaned) || strlen(path) >= sizeof(prefix))
		return false;
	snprintf(cleaned, sizeof(cleaned), "%.*s", (int)len, pattern);
	for (const char *end = path; *end; end += *end == '/') {
		end += strcspn(end, "/");
		snprintf(prefix, sizeof(prefix), "%.*s", (int)(end - path), path);
		if (glob(cleaned, prefix))
			return true;
	}
	return false;
}

bool ignore_matches(const char *const *patterns, size_t n, const char *path)
{
	bool ignored = false;

	for (size_t i = 0; i < n; i++) {
		bool out = patterns[i][0] == '!';

		if (ignored == out && ignore_match(patterns[i] + out, path))
			ignored = !out;
	}
	return ignored;
}
