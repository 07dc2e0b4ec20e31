// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/bundle.h"

#include "core/base/cleanup.h"
#include "store/import/spool.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define LAYERS_MAX 500 /* overlayfs stacks no more (kernel, OVL_MAX_STACK) */
#define IMAGES_MAX 256
#define NAMES_MAX  256

int bundle_json(const struct spool *spool, const struct spool_file *file, struct json_t **ret_json,
		struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	json_error_t problem;
	size_t len = 0;
	int r;

	r = spool_read(spool, file, &text, &len, err);
	if (r < 0)
		return r;
	*ret_json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &problem);
	if (!*ret_json)
		return err_set(err, EINVAL, "'%.100s' in the image is no JSON (line %d: %s)",
			       file->name, problem.line, problem.text);
	return 0;
}

/* Room for one more in an array that grows by one: these arrays are short. */
static void *grown(void *array, size_t n, size_t size)
{
	char *grown_array = reallocarray(array, n + 1, size);

	if (grown_array)
		memset(grown_array + n * size, 0, size);
	return grown_array;
}

struct bundle_image *bundle_add(struct bundle *bundle, struct err *err)
{
	struct bundle_image *images;

	if (bundle->n_images >= IMAGES_MAX) {
		err_set(err, EFBIG, "there are more than %d images in it", IMAGES_MAX);
		return NULL;
	}
	images = grown(bundle->images, bundle->n_images, sizeof(*images));
	if (!images) {
		err_nomem(err);
		return NULL;
	}
	bundle->images = images;
	return &images[bundle->n_images++];
}

int bundle_add_reference(struct bundle_image *image, const char *reference, struct err *err)
{
	char **references;
	size_t n = 0;

	while (image->references && image->references[n])
		n++;
	if (n >= NAMES_MAX)
		return err_set(err, EFBIG, "an image has more than %d names", NAMES_MAX);
	references = grown(image->references, n + 1, sizeof(*references));
	if (!references)
		return err_nomem(err);
	image->references = references;
	references[n] = strdup(reference);
	return references[n] ? 0 : err_nomem(err);
}

int bundle_add_layer(struct bundle_image *image, struct spool_file *file, const char *media_type,
		     struct err *err)
{
	struct bundle_layer *layers;

	if (image->n_layers >= LAYERS_MAX)
		return err_set(err, EFBIG, "the image has more than %d layers", LAYERS_MAX);
	layers = grown(image->layers, image->n_layers, sizeof(*layers));
	if (!layers)
		return err_nomem(err);
	image->layers = layers;
	layers[image->n_layers++] = (struct bundle_layer){file, media_type};
	return 0;
}

void bundle_release(struct bundle *bundle)
{
	for (size_t i = 0; i < bundle->n_images; i++) {
		struct bundle_image *image = &bundle->images[i];

		for (size_t n = 0; image->references && image->references[n]; n++)
			free(image->references[n]);
		free(image->references);
		free(image->layers);
	}
	free(bundle->images);
	*bundle = (struct bundle){0};
}

int bundle_read(struct spool *spool, const char *name, struct bundle *ret_bundle, struct err *err)
{
	struct bundle bundle = {0};
	struct spool_file *index;
	int r;

	r = spool_find(spool, "index.json", &index, err);
	if (r == 0)
		r = bundle_read_oci(spool, index, name, &bundle, err);
	else if (r == -ENOENT)
		r = bundle_read_docker(spool, &bundle, err);
	if (r == 0 && bundle.n_images == 0)
		r = err_set(err, EINVAL, "there is no image in it");
	if (r < 0) {
		bundle_release(&bundle);
		return r;
	}
	*ret_bundle = bundle;
	return 0;
}
