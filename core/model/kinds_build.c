// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/arena.h"
#include "core/model/build.h"
#include "core/model/decode.h"
#include "core/model/kept.h"
#include "core/model/kinds.h"
#include "core/model/node.h"
#include "core/model/platform.h"
#include "core/model/writer.h"

#include <string.h>

/*
 * services.<name>.build: how its image is made
 */

#define SHM_MAX ((int64_t)1 << 40)

// clang-format off
#define AT(field) offsetof(struct build, field)
#define KEY(name, its_kind, field, its_merge, text)                                                \
	{                                                                                          \
		.key = (name), .kind = &(its_kind), .offset = AT(field), .merge = (its_merge),     \
		.doc = (text)                                                                      \
	}

static const struct attribute build_keys[] = {
	KEY("context", kind_context, context, MERGE_REPLACE,
	    "the directory with the files, or a URL; the stack file's directory when not said"),
	KEY("dockerfile", kind_string, dockerfile, MERGE_REPLACE,
	    "its path starts in the context; Dockerfile when not said"),
	KEY("dockerfile_inline", kind_content, dockerfile_inline, MERGE_REPLACE,
	    "the Dockerfile itself"),
	KEY("args", kind_environment, args, MERGE_MAP, "values of its ARGs"),
	KEY("target", kind_string, target, MERGE_REPLACE,
	    "the stage to build; the last when not said"),
	KEY("additional_contexts", kind_places, additional_contexts, MERGE_MAP,
	    "further directories, URLs, docker-image://NAME and service:NAME, for FROM and --from"),
	{.key = "secrets", .kind = &kind_build_secrets, .offset = AT(secrets),
	 .merge = MERGE_APPEND, .schema = &schema_file_reference,
	 .doc = "secrets for RUN --mount=type=secret"},
	KEY("ssh", kind_places, ssh, MERGE_MAP,
	    "keys or agent sockets for RUN --mount=type=ssh; 'default' is your agent"),
	KEY("labels", kind_map, labels, MERGE_MAP, "labels of the image"),
	KEY("tags", kind_strings, tags, MERGE_APPEND, "further names of the image"),
	KEY("network", kind_build_network, network, MERGE_REPLACE,
	    "during RUN: host, which it is when not said, or none"),
	KEY("extra_hosts", kind_hosts, extra_hosts, MERGE_MAP, "names in /etc/hosts during RUN"),
	{.key = "shm_size", .kind = &kind_bytes, .offset = AT(shm_size), .merge = MERGE_REPLACE,
	 .max = SHM_MAX, .doc = "size of /dev/shm during RUN"},
	KEY("ulimits", kind_ulimits, ulimits, MERGE_MAP, "limits during RUN"),
	KEY("privileged", kind_bool, privileged, MERGE_REPLACE, "RUN with all capabilities"),
	KEY("no_cache", kind_bool, no_cache, MERGE_REPLACE, "build every layer anew"),
	KEY("pull", kind_bool, pull, MERGE_REPLACE, "look for newer base images in their registry"),
	KEY("cache_from", kind_build_cache, cache_from, MERGE_APPEND,
	    "type=registry,ref=REPOSITORY: where to look for what cache_to left"),
	KEY("cache_to", kind_build_cache, cache_to, MERGE_APPEND,
	    "type=registry,ref=REPOSITORY: where layers are left, each with a tag of its own"),
	KEY("platforms", kind_build_platforms, platforms, MERGE_APPEND,
	    "what it is built for: this host's is the one that is"),
	{.key = "isolation", .kind = &kind_kept, .offset = AT(kept), .accepts = "default",
	 .sentence = "this is about Windows and has no effect", .doc = "about Windows"},
	ATTRIBUTE_KEPT("provenance", AT(kept), "no attestation is made: this has no effect"),
	ATTRIBUTE_KEPT("sbom", AT(kept), "no attestation is made: this has no effect"),
	ATTRIBUTE_KEPT("entitlements", AT(kept),
		       "RUN --network and RUN --security are not there: this has no effect"),
	ATTRIBUTE_REFUSED("no_cache_filter",
			  "stages are cached all or none; use 'no_cache: true' instead"),
};
#undef AT
// clang-format on

const struct schema schema_build = SCHEMA_OF(build_keys);

static bool is_remote(const char *place)
{
	return strstr(place, "://") || strncmp(place, "git@", 4) == 0 ||
	       strncmp(place, "service:", 8) == 0;
}

static const char *place(struct decoder *decoder, const struct node *node, const char *text)
{
	return is_remote(text) ? text : decode_path(decoder, node->pos, text);
}

static bool present_text(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(char *, object, attribute) != NULL;
}

static void emit_text(struct writer *writer, const struct attribute *attribute, const void *object)
{
	writer_string(writer, SCHEMA_VALUE(char *, object, attribute));
}

static void decode_context(struct decoder *decoder, const struct attribute *attribute,
			   const struct node *node, void *object)
{
	const char *text = decode_text(decoder, node, "a directory, or a URL");

	if (text)
		*SCHEMA_FIELD(const char *, object, attribute) = place(decoder, node, text);
}

const struct kind kind_context = {decode_context, present_text, emit_text, "a directory, or a URL"};

static void decode_places(struct decoder *decoder, const struct attribute *attribute,
			  const struct node *node, void *object)
{
	struct map *map = SCHEMA_FIELD(struct map, object, attribute);

	kind_map.decode(decoder, attribute, node, object);
	for (size_t i = 0; i < map->n; i++) {
		struct key_value *item = (struct key_value *)&map->items[i];
		const struct node *value = node_get(node, item->key);

		if (*item->value)
			item->value = place(decoder, value ? value : node, item->value);
	}
}

static bool present_places(const struct attribute *attribute, const void *object)
{
	return kind_map.present(attribute, object);
}

static void emit_places(struct writer *writer, const struct attribute *attribute,
			const void *object)
{
	kind_map.emit(writer, attribute, object);
}

const struct kind kind_places = {decode_places, present_places, emit_places,
				 "a mapping of names to directories or URLs"};

static void decode_network(struct decoder *decoder, const struct attribute *attribute,
			   const struct node *node, void *object)
{
	const char *text = decode_text(decoder, node, "host or none");

	if (!text)
		return;
	if (strcmp(text, "host") == 0 || strcmp(text, "none") == 0)
		*SCHEMA_FIELD(const char *, object, attribute) = text;
	else if (strcmp(text, "default") != 0)
		decode_error(decoder, node->pos,
			     "a build has the network of the host, or none: '%s' cannot be used; "
			     "say 'host' or 'none'",
			     text);
}

const struct kind kind_build_network = {decode_network, present_text, emit_text, "host or none"};

static bool present_list(const struct attribute *attribute, const void *object)
{
	return kind_strings.present(attribute, object);
}

static void emit_list(struct writer *writer, const struct attribute *attribute, const void *object)
{
	kind_strings.emit(writer, attribute, object);
}

/* The store has images for this machine only. */
static void decode_platforms(struct decoder *decoder, const struct attribute *attribute,
			     const struct node *node, void *object)
{
	struct strings list = decode_strings(decoder, node);
	bool ours = false;

	for (size_t i = 0; i < list.n; i++)
		ours |= platform_is_native(list.items[i]);
	if (list.n > 0 && !ours)
		decode_error(decoder, node->pos,
			     "this host is linux/%s, and images are built for it; add that or "
			     "remove 'platforms'",
			     platform_architecture());
	else if (list.n > 1 && !decoder->canonical)
		decode_note(decoder, node->pos,
			    "the image is built for linux/%s only, which is this host's",
			    platform_architecture());
	*SCHEMA_FIELD(struct strings, object, attribute) = list;
}

const struct kind kind_build_platforms = {decode_platforms, present_list, emit_list,
					  "a list of platforms such as linux/amd64"};

static void decode_cache(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, void *object)
{
	struct strings list = decode_strings(decoder, node);
	size_t len;

	for (size_t i = 0; i < list.n && !decoder->canonical; i++)
		if (!build_cache_reference(list.items[i], &len))
			decode_note(decoder, node->pos,
				    "'%s' has no effect: layers are cached on this host, and in "
				    "repositories that are written type=registry,ref=REPOSITORY",
				    list.items[i]);
	*SCHEMA_FIELD(struct strings, object, attribute) = list;
}

const struct kind kind_build_cache = {decode_cache, present_list, emit_list, "a list"};

static void check_sources(struct decoder *decoder, const struct build *build)
{
	if (build->dockerfile && build->dockerfile_inline)
		decode_error(decoder, build->pos,
			     "'dockerfile' and 'dockerfile_inline' exclude each other; remove one");
}

static void decode_build(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, void *object)
{
	struct build *build = ARENA_NEW(decoder->arena, struct build);

	if (node->kind == NODE_SEQUENCE) {
		decode_mismatch(decoder, node, "a directory, or a mapping");
		return;
	}
	build->pos = node->pos;
	schema_init(&schema_build, build);
	if (node->kind == NODE_SCALAR)
		build->context = place(decoder, node, node->text);
	else
		schema_decode(decoder, &schema_build, node, build);
	if (!build->context)
		build->context = decode_path(decoder, node->pos, ".");
	check_sources(decoder, build);
	*SCHEMA_FIELD(const struct build *, object, attribute) = build;
}

static bool present_build(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(struct build *, object, attribute) != NULL;
}

static void emit_build(struct writer *writer, const struct attribute *attribute, const void *object)
{
	writer_open_map(writer);
	schema_emit(writer, &schema_build, SCHEMA_VALUE(struct build *, object, attribute));
	writer_close(writer);
}

const struct kind kind_build = {decode_build, present_build, emit_build,
				"a directory, or a mapping"};
