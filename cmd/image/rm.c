// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/image/command.h"
#include "core/base/cleanup.h"
#include "store/digest.h"
#include "store/image.h"
#include "store/index.h"
#include "store/layout.h"
#include "store/usage.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct removal {
	struct layout *layout;
	json_t *index, *users;
	bool force;
};

static void removal_release(struct removal *removal)
{
	json_decref(removal->index);
	json_decref(removal->users);
}

/* Is IMAGE in the index under another name too? */
static bool has_other_name(const json_t *index, const struct image *image)
{
	for (size_t i = 0; i < index_size(index); i++) {
		const char *reference, *digest;

		index_entry(index, i, &reference, &digest);
		if (reference && digest && strcmp(digest, image->id) == 0 &&
		    strcmp(reference, image->reference) != 0)
			return true;
	}
	return false;
}

static int forget(const struct removal *removal, const struct image *image, struct err *err)
{
	const char *user =
		json_string_value(json_object_get(removal->users, digest_hex(image->id)));

	if (user && !removal->force && !has_other_name(removal->index, image))
		return err_set(
			err, EBUSY,
			"the container '%s' uses the image; 'stack down' removes it, -f takes "
			"only the image's name away",
			user);
	return index_remove(removal->index, image->reference, err);
}

static int remove_one(const struct removal *removal, const char *reference, struct err *err)
{
	struct image image;
	int r;

	r = image_find(&removal->layout->paths, reference, &image, err);
	if (r < 0)
		return r;
	r = forget(removal, &image, err);
	if (r == 0)
		printf("%s\n", image_reference_familiar(image.reference));
	image_release(&image);
	return r < 0 ? err_wrap(err, "remove '%s'", reference) : 0;
}

/* All that can be removed is; the first failure is told. */
static int remove_all(struct removal *removal, char **references, struct err *err)
{
	struct err later = ERR_INIT;
	int first = 0, r;

	for (; *references; references++) {
		r = remove_one(removal, *references, first < 0 ? &later : err);
		if (first == 0)
			first = r;
	}
	r = index_store(removal->layout->images_fd, removal->index, first < 0 ? &later : err);
	if (r == 0)
		r = layout_collect(removal->layout, first < 0 ? &later : err);
	return first < 0 ? first : r;
}

static int usage(void)
{
	fprintf(stderr, "usage: stack image rm %s\n%s\n", command_rm.operands, command_rm.help);
	return COMMAND_USAGE;
}

static int run(const struct paths *paths, int argc, char **argv, struct err *err)
{
	static const struct option options[] = {{"force", no_argument, NULL, 'f'},
						{NULL, 0, NULL, 0}};
	CLEANUP(layout_release) struct layout layout = LAYOUT_INIT;
	CLEANUP(removal_release) struct removal removal = {.layout = &layout};
	int c, r;

	while ((c = getopt_long(argc, argv, "f", options, NULL)) != -1) {
		if (c != 'f')
			return usage();
		removal.force = true;
	}
	if (optind == argc)
		return usage();
	r = layout_open(&layout, paths, command_waiting, err);
	if (r == 0)
		r = index_load(layout.images_fd, &removal.index, err);
	if (r == 0)
		r = usage_load(paths, &removal.users, err);
	return r < 0 ? r : remove_all(&removal, argv + optind, err);
}

const struct command command_rm = {
	.name = "rm",
	.operands = "[-f] NAME|ID…",
	.help = "      Remove images, and the layers no other image needs.\n"
		"        -f, --force               take the name away even from an image in use",
	.run = run,
};
