// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/decode.h"
#include "core/model/kept.h"
#include "core/model/kinds.h"
#include "core/model/writer.h"

#include <string.h>

/*
 * services.<name>.build: read and written, and kept for whoever builds
 */

#define KEY(name, text)                                                                            \
	{                                                                                          \
		.key = (name), .kind = &kind_comment, .doc = (text)                                \
	}

// clang-format off
static const struct attribute build_keys[] = {
	KEY("context", "the directory with the files; its path starts where the file lies"),
	KEY("dockerfile", "Dockerfile when not said"),
	KEY("dockerfile_inline", "the Dockerfile itself"),
	KEY("args", "values of its ARGs"),
	KEY("target", "the stage to build"),
	KEY("ssh", "agent sockets or keys"),
	KEY("labels", "labels of the image"),
	KEY("cache_from", "images to take layers from"),
	KEY("cache_to", "where layers are left"),
	KEY("no_cache", "build every layer anew"),
	KEY("additional_contexts", "further directories, by name"),
	KEY("network", "the network during RUN"),
	KEY("provenance", "attestations"),
	KEY("sbom", "attestations"),
	KEY("pull", "look for newer base images"),
	KEY("shm_size", "size of /dev/shm during RUN"),
	KEY("extra_hosts", "names in /etc/hosts during RUN"),
	KEY("isolation", "about Windows"),
	KEY("privileged", "RUN with all capabilities"),
	KEY("entitlements", "what RUN is granted"),
	KEY("secrets", "secrets during RUN"),
	KEY("tags", "further names of the image"),
	KEY("ulimits", "limits during RUN"),
	KEY("platforms", "what it is built for"),
};
// clang-format on

const struct schema schema_build = SCHEMA_OF(build_keys);

static bool is_remote(const char *context)
{
	return strstr(context, "://") || strncmp(context, "git@", 4) == 0;
}

static void put(struct arena *arena, struct node *mapping, const char *key, struct position pos,
		const char *text)
{
	struct node *value = ARENA_NEW(arena, struct node);

	value->text = text;
	value->quoted = true;
	value->pos = pos;
	mapping->entries[mapping->n++] = (struct node_entry){key, pos, value};
}

/* `build: DIRECTORY` written out. */
static struct node *long_form(struct decoder *decoder, const struct node *node)
{
	struct node *mapping = ARENA_NEW(decoder->arena, struct node);

	mapping->kind = NODE_MAPPING;
	mapping->pos = node->pos;
	mapping->entries = ARENA_ARRAY(decoder->arena, struct node_entry, 1);
	put(decoder->arena, mapping, "context", node->pos, node->text);
	return mapping;
}

static void decode_build(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, void *object)
{
	struct node *build, *context;

	if (node->kind == NODE_SEQUENCE) {
		decode_mismatch(decoder, node, "a directory, or a mapping");
		return;
	}
	if (node->kind == NODE_MAPPING)
		schema_decode(decoder, &schema_build, node, NULL);
	build = node->kind == NODE_SCALAR ? long_form(decoder, node)
					  : kept_copy(decoder->arena, node);
	context = node_get(build, "context");
	if (context && context->kind == NODE_SCALAR && !is_remote(context->text)) {
		context->text = decode_path(decoder, context->pos, context->text);
		context->quoted = true;
	}
	*SCHEMA_FIELD(const struct node *, object, attribute) = build;
}

static bool present_build(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(struct node *, object, attribute) != NULL;
}

static void emit_build(struct writer *writer, const struct attribute *attribute, const void *object)
{
	kept_emit(writer, SCHEMA_VALUE(struct node *, object, attribute));
}

const struct kind kind_build = {decode_build, present_build, emit_build,
				"a directory, or a mapping"};
