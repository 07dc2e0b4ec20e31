// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/image/command.h"
#include "core/base/cleanup.h"
#include "store/image.h"
#include "store/index.h"
#include "store/layout.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}

/* The entry of the index that IMAGE was found by; its other names have the same. */
static int copy_entry(json_t *index, const struct image *image, const char *name, struct err *err)
{
	char normal[IMAGE_REFERENCE_SIZE];
	const char *media_type;
	uint64_t size;
	int r = image_reference_normalize(name, normal, sizeof(normal), err);

	if (r == 0 && strchr(normal, '@'))
		return err_set(err, EINVAL, "'%s': an image cannot be given a digest", name);
	if (r == 0)
		r = index_find(index, image->id, &media_type, &size, err);
	return r < 0 ? r : index_set(index, normal, media_type, image->id, size, err);
}

static int tag(const struct layout *layout, const char *source, char **names, struct err *err)
{
	CLEANUP(json_cleanup) json_t *index = NULL;
	CLEANUP(image_release) struct image image = {0};
	int r = image_find(&layout->paths, source, &image, err);

	if (r == 0)
		r = index_load(layout->images_fd, &index, err);
	for (; r == 0 && *names; names++)
		r = copy_entry(index, &image, *names, err);
	return r < 0 ? r : index_store(layout->images_fd, index, err);
}

static int usage(void)
{
	fprintf(stderr, "usage: stack image tag %s\n%s\n", command_tag.operands, command_tag.help);
	return COMMAND_USAGE;
}

static int run(const struct paths *paths, int argc, char **argv, struct err *err)
{
	static const struct option options[] = {{NULL, 0, NULL, 0}};
	CLEANUP(layout_release) struct layout layout = LAYOUT_INIT;
	int r;

	if (getopt_long(argc, argv, "", options, NULL) != -1 || argc - optind < 2)
		return usage();
	r = layout_open(&layout, paths, command_waiting, err);
	if (r == 0)
		r = tag(&layout, argv[optind], argv + optind + 1, err);
	/* What a name meant before may be left without one. */
	return r < 0 ? r : layout_collect(&layout, err);
}

const struct command command_tag = {
	.name = "tag",
	.operands = "NAME|ID NEW-NAME…",
	.help = "      Give an image further names.",
	.run = run,
};
