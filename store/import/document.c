// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/document.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/platform.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 12 /* platforms in a sentence */

static const struct media_type media_types[] = {
	{MEDIA_OCI_INDEX, MEDIA_INDEX},
	{MEDIA_DOCKER_INDEX, MEDIA_INDEX},
	{MEDIA_OCI_MANIFEST, MEDIA_MANIFEST},
	{MEDIA_DOCKER_MANIFEST, MEDIA_MANIFEST},
	{MEDIA_OCI_CONFIG, MEDIA_CONFIG},
	{"application/vnd.docker.container.image.v1+json", MEDIA_CONFIG},
	{MEDIA_OCI_LAYER, MEDIA_LAYER},
	{MEDIA_OCI_LAYER "+gzip", MEDIA_LAYER},
	{MEDIA_OCI_LAYER "+zstd", MEDIA_LAYER},
	{"application/vnd.docker.image.rootfs.diff.tar", MEDIA_LAYER},
	{"application/vnd.docker.image.rootfs.diff.tar.gzip", MEDIA_LAYER},
	{"application/vnd.docker.image.rootfs.diff.tar.zstd", MEDIA_LAYER},
};

const struct media_type *media_type_find(const char *name)
{
	static const struct media_type other = {"", MEDIA_OTHER};

	for (size_t i = 0; name && i < ARRAY_SIZE(media_types); i++)
		if (strcmp(media_types[i].name, name) == 0)
			return &media_types[i];
	return &other;
}

const struct media_type *media_type_of(const struct json_t *object)
{
	return media_type_find(json_string_value(json_object_get(object, "mediaType")));
}

static int check(const json_t *document, enum media_kind kind, const char *name, struct err *err)
{
	const char *array = kind == MEDIA_INDEX ? "manifests" : "layers";

	if (json_object_get(document, "mediaType") && media_type_of(document)->kind != kind)
		return err_set(err, EINVAL, "'%.100s' in the image is of another type than said",
			       name);
	/* CVE-2021-41190: what is both an index and a manifest means two things. */
	if (json_object_get(document, "manifests") && json_object_get(document, "layers"))
		return err_set(err, EINVAL, "'%.100s' in the image has both manifests and layers",
			       name);
	if (!json_is_array(json_object_get(document, array)))
		return err_set(err, EINVAL, "'%.100s' in the image has no list of %s", name, array);
	return 0;
}

int document_parse(const char *text, size_t len, enum media_kind kind, const char *name,
		   struct json_t **ret_document, struct err *err)
{
	json_error_t problem;
	json_t *document = json_loadb(text, len, JSON_REJECT_DUPLICATES, &problem);
	int r;

	if (!document)
		return err_set(err, EINVAL, "'%.100s' in the image is no JSON (line %d: %s)", name,
			       problem.line, problem.text);
	r = check(document, kind, name, err);
	if (r < 0) {
		json_decref(document);
		return r;
	}
	*ret_document = document;
	return 0;
}

int descriptor_read(const struct json_t *object, struct descriptor *ret_descriptor, struct err *err)
{
	const char *hex = digest_hex(json_string_value(json_object_get(object, "digest")));
	const json_t *size = json_object_get(object, "size");

	if (!hex)
		return err_set(err, EINVAL, "the image has a digest that is not sha256:<64 hex>");
	if (!json_is_integer(size) || json_integer_value(size) < 0)
		return err_set(err, EINVAL, "the image does not say how large sha256:%.12s… is",
			       hex);
	ret_descriptor->type = media_type_of(object);
	memcpy(ret_descriptor->hex, hex, sizeof(ret_descriptor->hex));
	ret_descriptor->size = (uint64_t)json_integer_value(size);
	return 0;
}

static struct platform platform_of(const json_t *descriptor)
{
	const json_t *object = json_object_get(descriptor, "platform");

	return (struct platform){
		.os = json_string_value(json_object_get(object, "os")),
		.architecture = json_string_value(json_object_get(object, "architecture")),
		.variant = json_string_value(json_object_get(object, "variant")),
	};
}

/* 3: made for it, to the letter, 2: for it, 1: does not say, 0: for another one, or no image. */
static int fitness(const json_t *descriptor, const struct platform *wanted)
{
	struct platform platform = platform_of(descriptor);
	enum media_kind kind = media_type_of(descriptor)->kind;

	if (kind != MEDIA_INDEX && kind != MEDIA_MANIFEST)
		return 0;
	if (!platform.os && !platform.architecture)
		return 1;
	if (!platform.os || !platform.architecture || !wanted->os || !wanted->architecture ||
	    strcmp(platform.os, wanted->os) != 0 ||
	    strcmp(platform.architecture, wanted->architecture) != 0)
		return 0;
	if (!wanted->variant)
		return platform.variant ? 2 : 3;
	return platform.variant ? (strcmp(platform.variant, wanted->variant) == 0 ? 3 : 0) : 2;
}

const struct json_t *document_choose(const struct json_t *list, const struct platform *wanted)
{
	const json_t *best = NULL;
	int best_fitness = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *descriptor = json_array_get(list, i);
		int fits = fitness(descriptor, wanted);

		if (fits > best_fitness) {
			best = descriptor;
			best_fitness = fits;
		}
	}
	return best;
}

static void add_platform(struct strbuf *out, const struct platform *platform)
{
	strbuf_printf(out, "%.20s/%.20s%s%.20s", platform->os ? platform->os : "?",
		      platform->architecture ? platform->architecture : "?",
		      platform->variant ? "/" : "", platform->variant ? platform->variant : "");
}

int document_no_choice(const struct json_t *list, const struct platform *wanted, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf there = STRBUF_INIT, want = STRBUF_INIT;
	size_t shown = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		struct platform platform = platform_of(json_array_get(list, i));

		/* What a build says about itself is filed under a platform of its own. */
		if (!platform.os || strcmp(platform.os, "unknown") == 0)
			continue;
		if (shown == SHOWN_MAX)
			strbuf_puts(&there, ", …");
		if (shown++ >= SHOWN_MAX)
			continue;
		strbuf_puts(&there, shown > 1 ? ", " : "");
		add_platform(&there, &platform);
	}
	add_platform(&want, wanted);
	return err_set(err, EINVAL, "the image is not for %s%s%s%s", want.text,
		       shown > 0 ? " (there is " : "", there.text, shown > 0 ? ")" : "");
}

int platform_parse(const char *text, char buf[PLATFORM_TEXT_MAX], struct platform *ret_platform,
		   struct err *err)
{
	struct platform platform = {.os = "linux", .architecture = platform_architecture()};
	char *parts[3] = {NULL}, *rest = buf;
	size_t n = 0;

	if (text && strlen(text) >= PLATFORM_TEXT_MAX)
		return err_set(err, EINVAL, "'%.40s…' is no platform", text);
	snprintf(buf, PLATFORM_TEXT_MAX, "%s", text ? text : "linux");
	while (rest && n < ARRAY_SIZE(parts))
		parts[n++] = strsep(&rest, "/");
	for (size_t i = 0; i < n; i++)
		if (rest || !parts[i][0])
			return err_set(err, EINVAL,
				       "'%s' is no platform; it looks like linux/arm64 or "
				       "linux/arm/v7",
				       text);
	if (n > 1) {
		platform = (struct platform){parts[0], parts[1], parts[2]};
	} else if (strcmp(parts[0], "linux") != 0) {
		platform.architecture = parts[0];
	}
	*ret_platform = platform;
	return 0;
}
