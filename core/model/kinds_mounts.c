// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/model/decode.h"
#include "core/model/diagnostics.h"
#include "core/model/names.h"
#include "core/model/node.h"
#include "core/model/pathname.h"
#include "core/model/shortform.h"
#include "core/model/writer.h"

static const char *const type_names[] = {
	[MOUNT_BIND] = "bind", [MOUNT_VOLUME] = "volume", [MOUNT_TMPFS] = "tmpfs"};

static void decode_type(struct decoder *decoder, const struct attribute *attribute,
			const struct node *node, void *object)
{
	int which = decode_choice(decoder, node, type_names, ARRAY_SIZE(type_names));

	if (which >= 0)
		*SCHEMA_FIELD(enum mount_type, object, attribute) = (enum mount_type)which;
}

static bool present_type(const struct attribute *attribute, const void *object)
{
	(void)attribute;
	(void)object;
	return true;
}

static void emit_type(struct writer *writer, const struct attribute *attribute, const void *object)
{
	(void)attribute;
	writer_string(writer, type_names[((const struct mount *)object)->type]);
}

const struct kind kind_mount_type = {decode_type, present_type, emit_type, "bind, volume or tmpfs"};

/* What a source means depends on the type, which may stand behind it: finish_mount() knows. */
static void decode_plain(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, void *object)
{
	const char *text = decode_text(decoder, node, "text");

	if (text)
		*SCHEMA_FIELD(const char *, object, attribute) = text;
}

static bool present_plain(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(char *, object, attribute) != NULL;
}

static void emit_plain(struct writer *writer, const struct attribute *attribute, const void *object)
{
	writer_string(writer, SCHEMA_VALUE(char *, object, attribute));
}

const struct kind kind_mount_path = {decode_plain, present_plain, emit_plain,
				     "a path, or the name of a volume"};

static void finish_mount(struct decoder *decoder, const struct node *node, struct mount *mount)
{
	if (!mount->target || mount->target[0] != '/') {
		decode_error(decoder, node->pos,
			     "the mount needs a 'target', an absolute path in the container");
		return;
	}
	mount->target = pathname_resolve(decoder->arena, "/", NULL, mount->target);
	if (mount->type == MOUNT_BIND && (!mount->source || *mount->source == '\0'))
		decode_error(decoder, node->pos,
			     "a bind mount needs a 'source', a path of the "
			     "host");
	else if (mount->type == MOUNT_BIND)
		mount->source = decode_path(decoder, node->pos, mount->source);
	else if (mount->type == MOUNT_TMPFS && mount->source)
		decode_error(decoder, node->pos, "a tmpfs has no 'source'");
	else if (mount->source && !text_is_name(mount->source, TEXT_NAME_MAX))
		decode_error(decoder, node->pos, "'%s' is not the name of a volume", mount->source);
	if (mount->subpath && (mount->type != MOUNT_VOLUME || !mount->source))
		decode_error(decoder, node->pos, "only a named volume has a 'subpath'");
}

static void decode_mount_object(struct decoder *decoder, const struct node *node, struct mount *ret)
{
	struct mount mount = {.type = MOUNT_VOLUME};

	schema_init(&schema_mount, &mount);
	schema_decode(decoder, &schema_mount, node, &mount);
	if (!node_get(node, "type"))
		decode_error(decoder, node->pos, "the mount needs a 'type': bind, volume or tmpfs");
	finish_mount(decoder, node, &mount);
	*ret = mount;
}

static bool decode_mount(struct decoder *decoder, const struct node *node, bool tmpfs,
			 struct mount *ret)
{
	struct err err = ERR_INIT;
	int r;

	if (node->kind == NODE_MAPPING && !tmpfs) {
		decode_mount_object(decoder, node, ret);
		ret->pos = node->pos;
		return ret->target != NULL;
	}
	if (!decode_text(decoder, node, "a mount such as \"./src:/app\""))
		return false;
	if (tmpfs)
		r = shortform_tmpfs(decoder->arena, node->text, ret, &err);
	else
		r = shortform_mount(decoder->arena, node->text, ret, &err);
	if (r < 0)
		decode_error(decoder, node->pos, "%s", err.msg);
	else if (ret->type == MOUNT_BIND)
		ret->source = decode_path(decoder, node->pos, ret->source);
	ret->pos = node->pos;
	return r == 0;
}

static bool same_place(const struct position *a, const struct position *b)
{
	return a->file == b->file && a->line == b->line && a->column == b->column;
}

/* A later file may give a target another mount, the same file may not. */
static void add_mount(struct decoder *decoder, struct names *targets, struct mount *mounts,
		      size_t *n, const struct mount *mount)
{
	struct mount *earlier = names_get(targets, mount->target);
	char place[POSITION_TEXT_MAX];

	if (!earlier) {
		mounts[*n] = *mount;
		names_add(targets, mount->target, &mounts[(*n)++]);
	} else if (earlier->pos.file != mount->pos.file || same_place(&earlier->pos, &mount->pos)) {
		*earlier = *mount;
	} else {
		decode_error(decoder, mount->pos,
			     "'%s' is mounted twice in this container; first in %s", mount->target,
			     position_text(earlier->pos, place));
	}
}

static void add_mounts(struct decoder *decoder, const struct node *node, bool tmpfs,
		       struct service *service)
{
	CLEANUP(names_release) struct names targets = NAMES_INIT;
	bool list = node->kind == NODE_SEQUENCE;
	size_t n_new = list ? node->n : 1, n = 0;
	struct mount *mounts = ARENA_ARRAY(decoder->arena, struct mount, service->n_mounts + n_new);

	/* `volumes` and `tmpfs` fill one list. */
	for (size_t i = 0; i < service->n_mounts; i++)
		add_mount(decoder, &targets, mounts, &n, &service->mounts[i]);
	for (size_t i = 0; i < n_new; i++) {
		struct crumb crumb = {.up = decoder->at, .index = i};
		struct mount mount;

		decoder->at = list ? &crumb : decoder->at;
		if (decode_mount(decoder, list ? node->items[i] : node, tmpfs, &mount))
			add_mount(decoder, &targets, mounts, &n, &mount);
		decoder->at = crumb.up;
	}
	service->mounts = mounts;
	service->n_mounts = n;
}

static void decode_mounts(struct decoder *decoder, const struct attribute *attribute,
			  const struct node *node, void *object)
{
	(void)attribute;
	if (node->kind == NODE_SEQUENCE)
		add_mounts(decoder, node, false, object);
	else
		decode_mismatch(decoder, node, "a list of mounts");
}

static bool present_mounts(const struct attribute *attribute, const void *object)
{
	(void)attribute;
	return ((const struct service *)object)->n_mounts > 0;
}

static void emit_mounts(struct writer *writer, const struct attribute *attribute,
			const void *object)
{
	const struct service *service = object;

	(void)attribute;
	writer_open_list(writer);
	for (size_t i = 0; i < service->n_mounts; i++) {
		writer_open_map(writer);
		schema_emit(writer, &schema_mount, &service->mounts[i]);
		writer_close(writer);
	}
	writer_close(writer);
}

const struct kind kind_mounts = {decode_mounts, present_mounts, emit_mounts,
				 "a list of [SOURCE:]TARGET[:OPTIONS], or of mappings"};

static void decode_tmpfs(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, void *object)
{
	(void)attribute;
	if (node->kind == NODE_MAPPING)
		decode_mismatch(decoder, node, "a path, or a list of paths");
	else
		add_mounts(decoder, node, true, object);
}

const struct kind kind_tmpfs = {.decode = decode_tmpfs,
				.form = "a path, or a list of TARGET[:OPTIONS]"};
