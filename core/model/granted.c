// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/granted.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/hash.h"
#include "core/model/build.h"
#include "core/model/decode.h"
#include "core/model/names.h"
#include "core/model/utf8.h"
#include "core/model/variables.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static void set_value(struct decoder *decoder, struct file_object *object, const char *value)
{
	char digest[HASH_HEX_LEN + 1];

	hash_bytes(digest, value, strlen(value));
	object->value = value;
	object->digest = arena_strdup(decoder->arena, digest);
}

static void read_variable(struct decoder *decoder, struct file_object *object)
{
	const char *value =
		variables_get(decode_variables(decoder, object->pos), object->environment);

	if (!value)
		decode_error(decoder, object->pos, "the variable '%s' is not set",
			     object->environment);
	else if (!utf8_is_valid(value))
		decode_error(decoder, object->pos, "the variable '%s' is no UTF-8 text",
			     object->environment);
	else
		set_value(decoder, object, arena_strdup(decoder->arena, value));
}

static void read_digest(struct decoder *decoder, struct file_object *object)
{
	char digest[HASH_HEX_LEN + 1];
	CLEANUP_FREE char *text = NULL;
	struct err err = ERR_INIT;
	size_t len;
	int r = fd_read_file(AT_FDCWD, object->path, GRANTED_SIZE_MAX, &text, &len, &err);

	if (r == -ENOENT || r == -EACCES) {
		decode_warning(decoder, object->pos, "%s; the services that use it need it",
			       err.msg);
		return;
	}
	if (r < 0) {
		decode_error(decoder, object->pos, "%s", err.msg);
		return;
	}
	hash_bytes(digest, text, len);
	object->digest = arena_strdup(decoder->arena, digest);
}

void granted_finish(struct decoder *decoder, struct file_object *object, const char *directory)
{
	int sources = !!object->file + !!object->environment + !!object->content + object->external;

	if (sources != 1) {
		decode_error(decoder, object->pos,
			     sources == 0 ? "say where it comes from: file, environment, content "
					    "or external"
					  : "it comes from one place only: file, environment, "
					    "content or external");
		return;
	}
	if (object->external)
		object->path = arena_printf(decoder->arena, "%s/%s", directory,
					    object->name ? object->name : object->key);
	else
		object->path = object->file;
	if (decoder->canonical)
		return;
	if (object->content)
		set_value(decoder, object, object->content);
	else if (object->environment)
		read_variable(decoder, object);
	else
		read_digest(decoder, object);
}

static void index_objects(struct names *index, const struct file_object *objects, size_t n)
{
	for (size_t i = 0; i < n; i++)
		names_add(index, objects[i].key, (void *)&objects[i]);
}

/* The model is not const for anybody yet. */
static void give_digests(const struct file_references *references, const struct names *objects,
			 struct names *used)
{
	for (size_t i = 0; i < references->n; i++) {
		struct file_reference *reference = (struct file_reference *)&references->items[i];
		const struct file_object *object = names_get(objects, reference->source);

		if (!object)
			continue;
		if (object->digest)
			reference->digest = object->digest;
		names_add(used, object->key, (void *)object);
	}
}

static size_t keep_used(const struct file_object *objects, size_t n, const struct names *used)
{
	struct file_object *items = (struct file_object *)objects;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (names_get(used, items[i].key))
			items[kept++] = items[i];
	return kept;
}

void granted_normalise(struct project *project)
{
	CLEANUP(names_release) struct names secrets = NAMES_INIT;
	CLEANUP(names_release) struct names configs = NAMES_INIT;
	CLEANUP(names_release) struct names used_secrets = NAMES_INIT;
	CLEANUP(names_release) struct names used_configs = NAMES_INIT;

	index_objects(&secrets, project->secrets, project->n_secrets);
	index_objects(&configs, project->configs, project->n_configs);
	for (size_t i = 0; i < project->n_services; i++) {
		const struct build *build = project->services[i].build;

		give_digests(&project->services[i].secrets, &secrets, &used_secrets);
		if (build)
			give_digests(&build->secrets, &secrets, &used_secrets);
		give_digests(&project->services[i].configs, &configs, &used_configs);
	}
	project->n_secrets = keep_used(project->secrets, project->n_secrets, &used_secrets);
	project->n_configs = keep_used(project->configs, project->n_configs, &used_configs);
}
