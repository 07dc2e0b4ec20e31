// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/manifest.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define LAYERS_MAX 500 /* as store/import/bundle.c */

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}

void manifest_release(struct manifest *manifest)
{
	free(manifest->layers);
	*manifest = (struct manifest){.n_layers = 0};
}

int manifest_type(const char *content_type, const char *text, size_t len,
		  const struct media_type **ret_type, struct err *err)
{
	CLEANUP(json_cleanup) json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	size_t n = strcspn(content_type, "; \t");
	char name[128];

	snprintf(name, sizeof(name), "%.*s", (int)(n < sizeof(name) ? n : 0), content_type);
	if (!name[0])
		*ret_type = media_type_of(json);
	else
		*ret_type = media_type_find(name);
	if ((*ret_type)->kind == MEDIA_INDEX || (*ret_type)->kind == MEDIA_MANIFEST)
		return 0;
	if (strncmp(name, "application/vnd.docker.distribution.manifest.v1+", 48) == 0 ||
	    json_integer_value(json_object_get(json, "schemaVersion")) == 1)
		return err_set(
			err, EINVAL,
			"the image is in a format of before 2016 (schema 1), in which nothing "
			"can be verified; push it once more with a current tool");
	return err_set(err, EINVAL, "it is no image, but of the type '%.100s'", name);
}

static int read_layers(const json_t *list, struct manifest *manifest, struct err *err)
{
	int r = 0;

	if (json_array_size(list) > LAYERS_MAX)
		return err_set(err, EINVAL, "the image has more than %d layers", LAYERS_MAX);
	manifest->layers = calloc(json_array_size(list) + 1, sizeof(*manifest->layers));
	if (!manifest->layers)
		return err_nomem(err);
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		struct descriptor *layer = &manifest->layers[manifest->n_layers++];

		r = descriptor_read(json_array_get(list, i), layer, err);
		if (r == 0 && layer->type->kind != MEDIA_LAYER)
			r = err_set(err, EINVAL, "the image has a layer of unknown type");
	}
	return r;
}

int manifest_parse(const char *text, size_t len, const struct descriptor *self,
		   struct manifest *ret_manifest, struct err *err)
{
	CLEANUP(json_cleanup) json_t *json = NULL;
	struct manifest manifest = {.self = *self};
	int r;

	r = document_parse(text, len, MEDIA_MANIFEST, "manifest", &json, err);
	if (r == 0)
		r = descriptor_read(json_object_get(json, "config"), &manifest.config, err);
	if (r < 0)
		return r;
	if (manifest.config.type->kind != MEDIA_CONFIG)
		return err_set(err, EINVAL, "it is no container image but some other artifact");
	if (manifest.config.size > MANIFEST_MAX)
		return err_set(err, EINVAL, "the image's configuration is larger than %zu MiB",
			       MANIFEST_MAX >> 20);
	r = read_layers(json_object_get(json, "layers"), &manifest, err);
	if (r < 0) {
		manifest_release(&manifest);
		return r;
	}
	*ret_manifest = manifest;
	return 0;
}

int manifest_choose(const char *text, size_t len, const struct platform *platform,
		    struct descriptor *ret_descriptor, struct err *err)
{
	CLEANUP(json_cleanup) json_t *json = NULL;
	const json_t *list, *chosen;
	int r;

	r = document_parse(text, len, MEDIA_INDEX, "index", &json, err);
	if (r < 0)
		return r;
	list = json_object_get(json, "manifests");
	chosen = document_choose(list, platform);
	if (!chosen)
		return document_no_choice(list, platform, err);
	return descriptor_read(chosen, ret_descriptor, err);
}
