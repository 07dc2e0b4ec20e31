// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/envfile.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/model/decode.h"
#include "core/model/dotenv.h"
#include "core/model/kinds.h"
#include "core/model/node.h"
#include "core/model/report.h"
#include "core/model/variables.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct envfile {
	const char *path;
	bool required, raw;
};

static void decode_format(struct decoder *decoder, const struct attribute *attribute,
			  const struct node *node, void *object)
{
	static const char *const formats[] = {"raw"};

	(void)attribute;
	((struct envfile *)object)->raw = decode_choice(decoder, node, formats, 1) == 0;
}

static const struct kind kind_format = {.decode = decode_format, .form = "raw"};

static const struct attribute attributes[] = {
	{"path", &kind_string, offsetof(struct envfile, path), .doc = "the file"},
	{"required", &kind_bool, offsetof(struct envfile, required), .absent = true,
	 .doc = "whether it is an error when it is missing"},
	{"format", &kind_format, .doc = "raw: no quotes, no variables"},
};

static const struct schema schema_envfile = {attributes, ARRAY_SIZE(attributes), .closed = true};

static void read_file(struct decoder *decoder, const struct node *node,
		      const struct envfile *envfile, struct variables *variables)
{
	CLEANUP_FREE char *text = NULL;
	struct dotenv dotenv = {.environment = decode_variables(decoder, node->pos),
				.raw = envfile->raw};
	struct arena *arena = decoder->report->arena;
	struct err err = ERR_INIT;
	size_t len;
	int r;

	dotenv.file = decode_path(decoder, node->pos, envfile->path);
	r = fd_read_file(AT_FDCWD, dotenv.file, DOTENV_SIZE_MAX, &text, &len, &err);
	if (r == -ENOENT && !envfile->required)
		return;
	if (r < 0)
		decode_error(decoder, node->pos, "%s", err.msg);
	else
		dotenv_parse(&dotenv, arena_strndup(arena, text, len), len, variables,
			     decoder->report);
}

static void read_entry(struct decoder *decoder, const struct node *node,
		       struct variables *variables)
{
	struct envfile envfile = {.required = true};

	if (node->kind == NODE_MAPPING) {
		schema_decode(decoder, &schema_envfile, node, &envfile);
		if (!envfile.path)
			decode_error(decoder, node->pos, "the entry has no 'path'");
	} else {
		envfile.path = decode_text(decoder, node, "the path of a file");
	}
	if (envfile.path)
		read_file(decoder, node, &envfile, variables);
}

struct map envfile_read(struct decoder *decoder, const struct node *node)
{
	CLEANUP(variables_release) struct variables variables = {.arena = decoder->arena};
	struct key_value *items;
	size_t n = 0;

	if (node->kind != NODE_SEQUENCE)
		read_entry(decoder, node, &variables);
	for (size_t i = 0; node->kind == NODE_SEQUENCE && i < node->n; i++) {
		struct crumb crumb = {.up = decoder->at, .index = i};

		decoder->at = &crumb;
		read_entry(decoder, node->items[i], &variables);
		decoder->at = crumb.up;
	}
	items = ARENA_ARRAY(decoder->arena, struct key_value, variables.n + 1);
	/* A name alone that the environment does not have says nothing. */
	for (size_t i = 0; i < variables.n; i++)
		if (variables.items[i].value)
			items[n++] = variables.items[i];
	return (struct map){items, n};
}
