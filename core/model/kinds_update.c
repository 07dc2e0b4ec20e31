// SPDX-License-Identifier: GPL-2.0-or-later
/* One of a few words; how a service is updated, and when it is started. */
#include "core/model/kinds.h"

#include "core/base/arena.h"
#include "core/base/cron.h"
#include "core/base/err.h"
#include "core/model/decode.h"
#include "core/model/node.h"
#include "core/model/project.h"
#include "core/model/writer.h"

#include <stdio.h>
#include <string.h>

#define WORDS_MAX 8

/* The words of TEXT, which blanks separate, as strings of their own. */
static size_t split(const char *text, struct arena *arena, const char *ret_words[WORDS_MAX])
{
	size_t n = 0;

	while (*text && n < WORDS_MAX) {
		size_t len = strcspn(text, " ");

		ret_words[n++] = arena_printf(arena, "%.*s", (int)len, text);
		text += len + (text[len] == ' ');
	}
	return n;
}

static int choose(struct decoder *decoder, const struct attribute *attribute,
		  const struct node *node)
{
	const char *words[WORDS_MAX];
	size_t n = split(attribute->accepts, decoder->arena, words);

	return decode_choice(decoder, node, words, n) + 1;
}

static void emit_word(struct writer *writer, const struct attribute *attribute, int number)
{
	const char *word = attribute->accepts;
	char text[32];

	for (int i = 1; i < number; i++)
		word = strchr(word, ' ') + 1;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(word, " "), word);
	writer_string(writer, text);
}

static void decode_word(struct decoder *decoder, const struct attribute *attribute,
			const struct node *node, void *object)
{
	*SCHEMA_FIELD(int, object, attribute) = choose(decoder, attribute, node);
}

static bool present_word(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(int, object, attribute) != 0;
}

static void emit_choice(struct writer *writer, const struct attribute *attribute,
			const void *object)
{
	emit_word(writer, attribute, SCHEMA_VALUE(int, object, attribute));
}

const struct kind kind_choice = {decode_word, present_word, emit_choice, "one word"};

static void decode_update(struct decoder *decoder, const struct attribute *attribute,
			  const struct node *node, void *object)
{
	struct own_update *update = SCHEMA_FIELD(struct own_update, object, attribute);

	update->choice = (enum own_update_choice)choose(decoder, attribute, node);
	update->pos = node->pos;
}

static bool present_update(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(struct own_update, object, attribute).choice != OWN_UPDATE_NONE;
}

static void emit_update(struct writer *writer, const struct attribute *attribute,
			const void *object)
{
	emit_word(writer, attribute,
		  (int)SCHEMA_VALUE(struct own_update, object, attribute).choice);
}

const struct kind kind_update = {decode_update, present_update, emit_update, "rolling or recreate"};

static void decode_schedule(struct decoder *decoder, const struct attribute *attribute,
			    const struct node *node, void *object)
{
	const char *text = decode_text(decoder, node, "a schedule such as '*/5 * * * *'");
	struct service *service = object;
	struct err err = ERR_INIT;
	struct cron cron;

	(void)attribute;
	if (text && cron_parse(text, &cron, &err) < 0)
		decode_error(decoder, node->pos, "'%s': %s", text, err.msg);
	else if (text)
		service->schedule = text;
	service->schedule_pos = node->pos;
}

static bool present_schedule(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(char *, object, attribute) != NULL;
}

static void emit_schedule(struct writer *writer, const struct attribute *attribute,
			  const void *object)
{
	writer_string(writer, SCHEMA_VALUE(char *, object, attribute));
}

const struct kind kind_schedule = {decode_schedule, present_schedule, emit_schedule,
				   "five fields as in crontab(5)"};
