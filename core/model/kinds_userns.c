// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/decode.h"
#include "core/model/kinds.h"
#include "core/model/node.h"
#include "core/model/units.h"
#include "core/model/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* setresuid(2) takes -1 for "leave it", and programs read ids as signed numbers. */
#define ID_MAX INT32_MAX

/* "0:FIRST:COUNT", podman's and newuidmap(1)'s order. */
static bool parse_map(struct decoder *decoder, const char *text, struct userns *userns)
{
	const char *colon = strchr(text, ':');
	int64_t first, count;

	if (strncmp(text, "0:", 2) != 0 || !(colon = strchr(text + 2, ':')))
		return false;
	if (units_integer(arena_strndup(decoder->arena, text + 2, (size_t)(colon - text - 2)),
			  &first) < 0 ||
	    units_integer(colon + 1, &count) < 0)
		return false;
	if (first < 1 || first > ID_MAX || count < 1 || count > ID_MAX - first + 1)
		return false;
	userns->first = (uint32_t)first;
	userns->count = (uint32_t)count;
	return true;
}

static void decode_userns(struct decoder *decoder, const struct attribute *attribute,
			  const struct node *node, void *object)
{
	struct userns *userns = SCHEMA_FIELD(struct userns, object, attribute);
	const char *text = decode_text(decoder, node, "auto, host or map=0:FIRST:COUNT");

	if (!text)
		return;
	userns->pos = node->pos;
	if (strcmp(text, "auto") == 0)
		userns->mode = USERNS_AUTO;
	else if (strcmp(text, "host") == 0 || !*text)
		userns->mode = USERNS_HOST;
	else if (strncmp(text, "map=", 4) == 0 && parse_map(decoder, text + 4, userns))
		userns->mode = USERNS_MAP;
	else
		decode_error(decoder, node->pos,
			     "'%s' is none of auto, host and map=0:FIRST:COUNT, where FIRST is the "
			     "host's id, not 0, of the container's root, and COUNT how many ids "
			     "there are",
			     text);
}

static bool present_userns(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(struct userns, object, attribute).mode != USERNS_HOST;
}

static void emit_userns(struct writer *writer, const struct attribute *attribute,
			const void *object)
{
	struct userns userns = SCHEMA_VALUE(struct userns, object, attribute);
	char text[64] = "auto";

	if (userns.mode == USERNS_MAP)
		snprintf(text, sizeof(text), "map=0:%" PRIu32 ":%" PRIu32, userns.first,
			 userns.count);
	writer_string(writer, text);
}

const struct kind kind_userns = {decode_userns, present_userns, emit_userns,
				 "host, auto or map=0:FIRST:COUNT"};
