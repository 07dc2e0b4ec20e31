// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * manifest.json of `docker save` (moby, image/tarexport): an array of
 * {"Config": file, "RepoTags": [name], "Layers": [file, lowest first]}.
 */
#include "core/base/cleanup.h"
#include "store/import/bundle.h"
#include "store/import/spool.h"

#include <errno.h>
#include <jansson.h>

static int find_named(struct spool *spool, const json_t *name, const char *what,
		      struct spool_file **ret_file, struct err *err)
{
	if (!json_is_string(name))
		return err_set(err, EINVAL, "manifest.json in the image names no %s", what);
	return spool_find(spool, json_string_value(name), ret_file, err);
}

static int read_image(struct spool *spool, const json_t *entry, struct bundle *bundle,
		      struct err *err)
{
	const json_t *tags = json_object_get(entry, "RepoTags");
	const json_t *layers = json_object_get(entry, "Layers");
	struct bundle_image *image = bundle_add(bundle, err);
	int r;

	if (!image)
		return -err->code;
	r = find_named(spool, json_object_get(entry, "Config"), "configuration", &image->config,
		       err);
	for (size_t i = 0; r == 0 && i < json_array_size(tags); i++) {
		const char *tag = json_string_value(json_array_get(tags, i));

		r = tag ? bundle_add_reference(image, tag, err) : 0;
	}
	for (size_t i = 0; r == 0 && i < json_array_size(layers); i++) {
		struct spool_file *file = NULL;

		r = find_named(spool, json_array_get(layers, i), "layer", &file, err);
		/* What compression it has, if any, is for the importer to see. */
		if (r == 0)
			r = bundle_add_layer(image, file, NULL, err);
	}
	return r;
}

int bundle_read_docker(struct spool *spool, struct bundle *bundle, struct err *err)
{
	struct spool_file *file;
	json_t *manifest = NULL;
	int r;

	r = spool_find(spool, "manifest.json", &file, err);
	if (r == -ENOENT)
		return err_set(err, EINVAL,
			       "it has neither index.json nor manifest.json: no image, or only a "
			       "part of one");
	if (r == 0)
		r = bundle_json(spool, file, &manifest, err);
	if (r < 0)
		return r;
	if (!json_is_array(manifest))
		r = err_set(err, EINVAL,
			    "manifest.json in the image is not what docker save makes");
	for (size_t i = 0; r == 0 && i < json_array_size(manifest); i++)
		r = read_image(spool, json_array_get(manifest, i), bundle, err);
	json_decref(manifest);
	return r;
}
