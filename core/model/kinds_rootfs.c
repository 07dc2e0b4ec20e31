// SPDX-License-Identifier: GPL-2.0-or-later
/* x-stack.rootfs: a root file system that is there already, instead of an image. */
#include "core/model/kinds.h"

#include "core/base/arena.h"
#include "core/model/decode.h"
#include "core/model/node.h"
#include "core/model/project.h"
#include "core/model/writer.h"

#include <string.h>

#define HOST "host"

static void decode_rootfs(struct decoder *decoder, const struct attribute *attribute,
			  const struct node *node, void *object)
{
	struct rootfs *rootfs = SCHEMA_FIELD(struct rootfs, object, attribute);
	const char *text = decode_text(decoder, node, "a directory, or " HOST);

	if (!text)
		return;
	if (!*text) {
		decode_error(decoder, node->pos, "the value is empty");
		return;
	}
	rootfs->pos = node->pos;
	rootfs->host = strcmp(text, HOST) == 0;
	rootfs->path = rootfs->host ? "/" : decode_path(decoder, node->pos, text);
	if (rootfs->path && !rootfs->host && strspn(rootfs->path, "/") == strlen(rootfs->path))
		decode_error(decoder, node->pos,
			     "'/' is the host's own root: write 'rootfs: host', which leaves out "
			     "what is stack's own");
	if (rootfs->path)
		rootfs->name =
			arena_printf(decoder->arena, "%s%s", ROOTFS_NAME_PREFIX, rootfs->path);
}

static bool present_rootfs(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(struct rootfs, object, attribute).path != NULL;
}

static void emit_rootfs(struct writer *writer, const struct attribute *attribute,
			const void *object)
{
	struct rootfs rootfs = SCHEMA_VALUE(struct rootfs, object, attribute);

	writer_string(writer, rootfs.host ? HOST : rootfs.path);
}

const struct kind kind_rootfs = {decode_rootfs, present_rootfs, emit_rootfs,
				 "a directory, or host"};
