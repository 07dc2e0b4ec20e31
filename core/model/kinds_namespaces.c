// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/model/decode.h"
#include "core/model/node.h"
#include "core/model/sharing.h"
#include "core/model/writer.h"

#include <string.h>

/*
 * services.<name>.pid, .ipc, .uts, .cgroup and .network_mode: whose namespace
 * the container is in.  The field is NULL for one of its own, else the words of
 * the file.
 */

static bool is_word_of(const char *words, const char *text)
{
	size_t len = strlen(text);

	for (const char *at = words; *at; at += strcspn(at, " "), at += *at == ' ')
		if (strcspn(at, " ") == len && strncmp(at, text, len) == 0)
			return true;
	return false;
}

/* row->accepts has the words; "service" among them stands for service: and container:. */
static void decode_namespace(struct decoder *decoder, const struct attribute *attribute,
			     const struct node *node, void *object)
{
	const char *text = decode_text(decoder, node, attribute->kind->form);
	bool shares;

	if (!text)
		return;
	shares = sharing_names_other(text);
	if (shares && is_word_of(attribute->accepts, "service"))
		*SCHEMA_FIELD(const char *, object, attribute) = text;
	else if (shares)
		decode_error(decoder, node->pos, "%s", attribute->sentence);
	else if (!is_word_of(attribute->accepts, text) || strcmp(text, "service") == 0)
		decode_error(decoder, node->pos, "'%s' is not known here; it takes: %s", text,
			     attribute->accepts);
	else if (sharing_is_host(text) || attribute->kind == &kind_network_mode)
		*SCHEMA_FIELD(const char *, object, attribute) = text;
}

static bool present_namespace(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(char *, object, attribute) != NULL;
}

static void emit_namespace(struct writer *writer, const struct attribute *attribute,
			   const void *object)
{
	writer_string(writer, SCHEMA_VALUE(char *, object, attribute));
}

const struct kind kind_namespace = {decode_namespace, present_namespace, emit_namespace,
				    "host, private or what else it accepts"};
const struct kind kind_network_mode = {decode_namespace, present_namespace, emit_namespace,
				       "none, host, bridge, service:NAME or container:NAME"};
