// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/commit.h"

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "store/image.h"
#include "store/import/bundle.h"
#include "store/import/change.h"
#include "store/import/directory.h"
#include "store/import/document.h"
#include "store/import/layers.h"
#include "store/import/register.h"
#include "store/import/spool.h"
#include "store/layout.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct commit {
	const struct commit_options *options;
	struct spool spool;
	struct layers layers;
	struct bundle bundle;
};

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}

static int find_blob(struct commit *commit, const json_t *descriptor, struct spool_file **ret_file,
		     struct err *err)
{
	const char *hex = digest_hex(json_string_value(json_object_get(descriptor, "digest")));

	return hex ? spool_adopt(&commit->spool, commit->spool.layout->blobs_fd, hex, ret_file, err)
		   : err_set(err, EINVAL, "the image store is damaged");
}

/* Below the new layer are those of the image. */
static int add_layers(struct commit *commit, const json_t *manifest, struct bundle_image *image,
		      struct err *err)
{
	const json_t *layers = json_object_get(manifest, "layers");
	int r = 0;

	for (size_t i = 0; r == 0 && i < json_array_size(layers); i++) {
		struct spool_file *file = NULL;

		r = find_blob(commit, json_array_get(layers, i), &file, err);
		if (r == 0)
			r = bundle_add_layer(image, file, NULL, err);
	}
	return r;
}

static int add_upper(struct commit *commit, struct bundle_image *image,
		     struct spool_file **ret_layer, struct err *err)
{
	const struct commit_options *options = commit->options;
	CLEANUP_FD int fd = -1;
	int r = spool_create(&commit->spool, "upper", ret_layer, &fd, err);

	if (r == 0)
		r = directory_write_upper(options->upper, options->first_id, fd, (*ret_layer)->hex,
					  &(*ret_layer)->size, err);
	return r < 0 ? r : bundle_add_layer(image, *ret_layer, MEDIA_OCI_LAYER, err);
}

static void add_history(json_t *config, const struct commit_options *options)
{
	json_t *history = json_object_get(config, "history"), *entry;
	time_t now = time(NULL);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!json_is_array(history)) {
		history = json_array();
		json_object_set_new(config, "history", history);
	}
	entry = json_pack("{s:s, s:s}", "created", text, "created_by", "stack commit");
	if (options->message)
		json_object_set_new(entry, "comment", json_string(options->message));
	json_array_append_new(history, entry);
	json_object_set_new(config, "created", json_string(text));
}

static int add_config(struct commit *commit, const json_t *manifest, const struct spool_file *layer,
		      struct bundle_image *image, struct err *err)
{
	const struct commit_options *options = commit->options;
	CLEANUP(json_cleanup) json_t *config = NULL;
	CLEANUP_FREE char *text = NULL;
	char diff_id[DIGEST_LEN + 1];
	struct spool_file *old = NULL;
	int r = find_blob(commit, json_object_get(manifest, "config"), &old, err);

	if (r == 0)
		r = bundle_json(&commit->spool, old, &config, err);
	if (r < 0)
		return r;
	snprintf(diff_id, sizeof(diff_id), "sha256:%s", layer->hex);
	json_array_append_new(json_object_get(json_object_get(config, "rootfs"), "diff_ids"),
			      json_string(diff_id));
	add_history(config, options);
	if (!json_is_object(json_object_get(config, "config")))
		json_object_set_new(config, "config", json_object());
	for (char *const *change = options->changes; r == 0 && *change; change++)
		r = change_apply(config, *change, err);
	if (r < 0)
		return r;
	text = json_dumps(config, JSON_COMPACT);
	return text ? spool_add_text(&commit->spool, "config", text, &image->config, err)
		    : err_nomem(err);
}

static int assemble(struct commit *commit, const struct image *from, struct err *err)
{
	CLEANUP(json_cleanup) json_t *manifest = NULL;
	CLEANUP(json_cleanup) json_t *descriptor = json_pack("{s:s}", "digest", from->id);
	struct bundle_image *image = bundle_add(&commit->bundle, err);
	struct spool_file *file = NULL, *layer = NULL;
	int r;

	if (!image)
		return -err->code;
	r = find_blob(commit, descriptor, &file, err);
	if (r == 0)
		r = bundle_json(&commit->spool, file, &manifest, err);
	if (r == 0)
		r = add_layers(commit, manifest, image, err);
	if (r == 0)
		r = add_upper(commit, image, &layer, err);
	return r < 0 ? r : add_config(commit, manifest, layer, image, err);
}

static int register_image(struct commit *commit, struct err *err)
{
	struct registration registration = {.source = NULL};
	int r = register_prepare(&commit->spool, &commit->layers, &commit->bundle.images[0],
				 commit->options->reference, NULL, &registration, err);

	if (r == 0)
		r = register_commit(&commit->spool, &commit->layers, &registration, 1, err);
	registration_release(&registration);
	return r;
}

int commit_run(struct layout *layout, const struct commit_options *options, struct image *ret_image,
	       struct err *err)
{
	CLEANUP(image_release) struct image from = {0};
	struct commit commit = {.options = options};
	struct err collecting = ERR_INIT;
	int r = image_find(&layout->paths, options->image, &from, err);

	if (r == 0)
		r = layers_init(&commit.layers, layout, 0, NULL, err);
	if (r < 0)
		return r;
	spool_init(&commit.spool, layout, -1, commit.layers.max_bytes);
	r = assemble(&commit, &from, err);
	if (r == 0)
		r = register_image(&commit, err);
	if (r == 0)
		r = image_find(&layout->paths, options->reference, ret_image, err);
	bundle_release(&commit.bundle);
	layers_release(&commit.layers);
	spool_release(&commit.spool);
	if (layout_collect(layout, &collecting) < 0)
		log_warn("clean up the image store: %s", collecting.msg);
	return r;
}
