// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/dockerfile.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <string.h>
#include <strings.h>

#define NAMES_MAX    256
#define EXPANDED_MAX 4096 /* no name of an image is as long */

struct reader {
	struct arena *arena;
	const struct map *args, *contexts;
	struct key_value defaults[NAMES_MAX]; /* of the ARGs before the first FROM */
	const char *stages[NAMES_MAX], *images[NAMES_MAX];
	size_t n_defaults, n_stages, n_images;
};

static bool contains(const char *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(list[i], name) == 0)
			return true;
	return false;
}

static const char *value_of(const struct reader *rd, const char *name)
{
	const char *value = map_get(rd->args, name);

	for (size_t i = 0; !value && i < rd->n_defaults; i++)
		if (strcmp(rd->defaults[i].key, name) == 0)
			value = rd->defaults[i].value;
	return value;
}

/* "${NAME:-word}" or "$NAME" at TEXT; returns what is behind it. */
static const char *expand_one(const struct reader *rd, const char *text, struct strbuf *out)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
	const char *start = text + 1 + (text[1] == '{'), *end = start + strspn(start, letters);
	const char *name = arena_strndup(rd->arena, start, (size_t)(end - start));
	const char *value = value_of(rd, name), *word = "";

	if (text[1] == '{') {
		const char *close = strchr(end, '}');

		if (!close)
			return text + strlen(text);
		if ((end[0] == '-') || (end[0] == ':' && end[1] == '-')) {
			const char *from = end + 1 + (end[0] == ':');

			word = arena_strndup(rd->arena, from, (size_t)(close - from));
			if (end[0] == ':' && value && !*value)
				value = NULL;
		}
		end = close + 1;
	}
	strbuf_puts(out, value ? value : word);
	return end;
}

static const char *expand(const struct reader *rd, const char *text)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	while (*text && out.len < EXPANDED_MAX) {
		if (*text == '$') {
			text = expand_one(rd, text, &out);
			continue;
		}
		if (*text != '"' && *text != '\'')
			strbuf_putc(&out, *text);
		text++;
	}
	return arena_strdup(rd->arena, out.text);
}

static void add_image(struct reader *rd, const char *text)
{
	const char *name = expand(rd, text);

	if (!*name || name[strspn(name, "0123456789")] == '\0' || strcmp(name, "scratch") == 0 ||
	    contains(rd->stages, rd->n_stages, name) || contains(rd->images, rd->n_images, name))
		return;
	for (size_t i = 0; i < rd->contexts->n; i++)
		if (strcmp(rd->contexts->items[i].key, name) == 0)
			return;
	if (rd->n_images < NAMES_MAX)
		rd->images[rd->n_images++] = name;
}

/* The next word of *TEXT, in the arena, or NULL. */
static const char *next_word(struct reader *rd, const char **text)
{
	const char *start = *text + strspn(*text, " \t");
	size_t len = strcspn(start, " \t");

	*text = start + len;
	return len ? arena_strndup(rd->arena, start, len) : NULL;
}

static void read_from(struct reader *rd, const char *text)
{
	const char *word = next_word(rd, &text);

	while (word && strncmp(word, "--", 2) == 0)
		word = next_word(rd, &text);
	if (word)
		add_image(rd, word);
	word = next_word(rd, &text);
	if (word && strcasecmp(word, "AS") == 0 && (word = next_word(rd, &text)) &&
	    rd->n_stages < NAMES_MAX)
		rd->stages[rd->n_stages++] = word;
}

static void read_arg(struct reader *rd, const char *text)
{
	const char *word;

	while ((word = next_word(rd, &text)) && rd->n_defaults < NAMES_MAX) {
		const char *sign = strchr(word, '='), *value;

		if (!sign)
			continue;
		value = expand(rd, sign + 1);
		rd->defaults[rd->n_defaults++] = (struct key_value){
			arena_strndup(rd->arena, word, (size_t)(sign - word)), value};
	}
}

/* --from=NAME of COPY and ADD, and from=NAME within --mount of RUN */
static void read_options(struct reader *rd, const char *text)
{
	const char *word;

	while ((word = next_word(rd, &text)) && strncmp(word, "--", 2) == 0) {
		const char *from = strncmp(word, "--mount=", 8) == 0  ? strstr(word, "from=")
				   : strncmp(word, "--from=", 7) == 0 ? word + 2
								      : NULL;

		if (from && (from[-1] == ',' || from[-1] == '=' || from[-1] == '-'))
			add_image(rd, arena_strndup(rd->arena, from + 5, strcspn(from + 5, ",")));
	}
}

static void read_instruction(struct reader *rd, const char *text, bool *in_stage)
{
	const char *word = next_word(rd, &text);

	if (!word || *word == '#')
		return;
	if (strcasecmp(word, "FROM") == 0) {
		*in_stage = true;
		read_from(rd, text);
	} else if (strcasecmp(word, "ARG") == 0 && !*in_stage) {
		read_arg(rd, text);
	} else if (strcasecmp(word, "COPY") == 0 || strcasecmp(word, "ADD") == 0 ||
		   strcasecmp(word, "RUN") == 0) {
		read_options(rd, text);
	}
}

/* One line, or several that end in a backslash, as one; returns what is behind them. */
static const char *join_lines(const char *text, struct strbuf *line)
{
	strbuf_reset(line);
	while (*text) {
		size_t len = strcspn(text, "\n"), end = len;
		bool comment = line->len > 0 && text[strspn(text, " \t")] == '#';

		while (end > 0 && strchr(" \t\r", text[end - 1]))
			end--;
		if (comment || (end > 0 && text[end - 1] == '\\')) {
			strbuf_add(line, text, comment ? 0 : end - 1);
			strbuf_putc(line, ' ');
			text += len + (text[len] == '\n');
			continue;
		}
		strbuf_add(line, text, end);
		return text + len + (text[len] == '\n');
	}
	return text;
}

struct strings dockerfile_images(struct arena *arena, const char *text, const struct map *args,
				 const struct map *contexts)
{
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
	struct reader *rd = ARENA_NEW(arena, struct reader);
	struct strings images = {.is_set = true};
	bool in_stage = false;

	rd->arena = arena;
	rd->args = args;
	rd->contexts = contexts;
	while (*text) {
		text = join_lines(text, &line);
		read_instruction(rd, line.text, &in_stage);
	}
	images.items = ARENA_ARRAY(arena, const char *, rd->n_images + 1);
	images.n = rd->n_images;
	memcpy(images.items, rd->images, rd->n_images * sizeof(*images.items));
	return images;
}
