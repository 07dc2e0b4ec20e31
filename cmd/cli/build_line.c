// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/build_line.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <stdbool.h>
#include <string.h>

/* How what it prints of its own begins; each ends with the brace that closes the one in it. */
static const char *const dumps[] = {" &imagebuilder.Step{", " {Env:["};

static const char *end_of_dump(const char *at)
{
	size_t depth = 0;

	for (at = strchr(at, '{'); *at; at++) {
		depth += *at == '{';
		depth -= *at == '}';
		if (depth == 0)
			return at + 1;
	}
	return at;
}

static void add_without_dumps(struct strbuf *out, const char *text)
{
	while (*text) {
		bool found = false;

		for (size_t i = 0; i < ARRAY_SIZE(dumps) && !found; i++)
			found = strncmp(text, dumps[i], strlen(dumps[i])) == 0;
		if (found)
			text = end_of_dump(text);
		else
			strbuf_putc(out, *text++);
	}
}

/* What is in the quotes that TEXT follows, with its \" and \\ as they were. */
static void add_quoted(struct strbuf *out, const char *text)
{
	for (; *text && *text != '"'; text++) {
		if (*text == '\\' && (text[1] == '"' || text[1] == '\\'))
			text++;
		strbuf_putc(out, *text);
	}
}

/* TEXT as the logger wrote it?  Then it is added to OUT in few words. */
static bool add_logged(struct strbuf *out, const char *text)
{
	static const char time[] = "time=\"", level[] = "level=", message[] = " msg=\"";
	const char *from = strstr(text, level), *said = strstr(text, message);

	if (strncmp(text, time, strlen(time)) != 0 || !from || !said || from > said)
		return false;
	from += strlen(level);
	strbuf_add(out, from, (size_t)(said - from));
	strbuf_puts(out, ": ");
	add_quoted(out, said + strlen(message));
	return true;
}

void build_line_add(struct strbuf *out, const char *text, size_t len)
{
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT, plain = STRBUF_INIT;

	/* No text, and none of buildah's. */
	if (memchr(text, '\0', len)) {
		strbuf_add(out, text, len);
		return;
	}
	strbuf_add(&line, text, len);
	if (!add_logged(&plain, line.text))
		strbuf_puts(&plain, line.text);
	add_without_dumps(out, plain.text);
}
