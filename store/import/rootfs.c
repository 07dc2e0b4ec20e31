// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/rootfs.h"

#include "core/base/cleanup.h"
#include "store/import/bundle.h"
#include "store/import/change.h"
#include "store/import/config.h"
#include "store/import/directory.h"
#include "store/import/document.h"
#include "store/import/import.h"
#include "store/import/layers.h"
#include "store/import/spool.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

/* LAYER's digest is known: make the configuration, and of both an image. */
static int add_image(struct spool *spool, struct spool_file *layer,
		     const struct import_options *options, struct bundle *bundle, struct err *err)
{
	struct bundle_image *image = bundle_add(bundle, err);
	CLEANUP_FREE char *text = NULL;
	json_t *config;
	int r = 0;

	if (!image)
		return -err->code;
	config = config_new(layer->hex);
	for (size_t i = 0; r == 0 && options->changes && options->changes[i]; i++)
		r = change_apply(config, options->changes[i], err);
	if (r == 0)
		text = json_dumps(config, JSON_COMPACT);
	json_decref(config);
	if (r < 0)
		return r;
	if (!text)
		return err_nomem(err);
	r = spool_add_text(spool, "config", text, &image->config, err);
	return r < 0 ? r : bundle_add_layer(image, layer, MEDIA_OCI_LAYER, err);
}

int rootfs_read_stream(struct spool *spool, struct layers *layers, struct stream *stream,
		       struct spool_file *layer, const struct import_options *options,
		       struct bundle *bundle, struct err *err)
{
	int r = layers_add_stream(layers, stream, layer->hex, &layer->size, err);

	return r < 0 ? r : add_image(spool, layer, options, bundle, err);
}

int rootfs_read_directory(struct spool *spool, const struct import_options *options,
			  struct bundle *bundle, struct err *err)
{
	CLEANUP_FD int fd = -1;
	struct spool_file *layer;
	int r;

	r = spool_create(spool, "layer", &layer, &fd, err);
	if (r == 0)
		r = directory_write(options->source, fd, layer->hex, &layer->size, err);
	return r < 0 ? r : add_image(spool, layer, options, bundle, err);
}
