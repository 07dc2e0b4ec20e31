// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/known.h"

#include "store/digest.h"
#include "store/image.h"
#include "store/image_file.h"
#include "store/layout.h"

#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

static void add_pair(struct known *known, const struct layout *layout, const char *blob,
		     const char *diff)
{
	if (faccessat(layout->blobs_fd, blob, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !layout_has_layer(layout, diff))
		return;
	json_object_set_new(known->diffs, blob, json_string(diff));
	json_object_set_new(known->blobs, diff, json_string(blob));
}

static int add_image(struct known *known, const struct layout *layout, const struct image *image,
		     struct err *err)
{
	char **blobs = NULL;
	size_t n = 0;
	int r = image_file_blobs(layout->images_fd, digest_hex(image->id), &blobs, err);

	if (r < 0)
		return r;
	while (blobs[n])
		n++;
	/* Manifest, configuration, layers; a layer that occurs twice is in `layers` once. */
	for (size_t i = 0; n == image->n_layers + 2 && i < image->n_layers; i++)
		add_pair(known, layout, blobs[i + 2], image->layers[i]);
	image_file_list_free(blobs);
	return 0;
}

int known_load(struct known *known, const struct layout *layout, struct err *err)
{
	struct image *images;
	size_t n;
	int r = image_list(&layout->paths, &images, &n, err);

	if (r < 0)
		return r;
	known->diffs = json_object();
	known->blobs = json_object();
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_image(known, layout, &images[i], err);
	images_free(images, n);
	return r;
}

void known_release(struct known *known)
{
	json_decref(known->diffs);
	json_decref(known->blobs);
	*known = (struct known)KNOWN_INIT;
}

const char *known_diff(const struct known *known, const char *hex)
{
	return json_string_value(json_object_get(known->diffs, hex));
}

const char *known_blob(const struct known *known, const char *hex)
{
	return json_string_value(json_object_get(known->blobs, hex));
}
