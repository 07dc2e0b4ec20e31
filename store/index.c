// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/index.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "store/digest.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define INDEX_MAX ((size_t)4 << 20)
#define REF_NAME  "org.opencontainers.image.ref.name"

int index_load(int images_fd, struct json_t **ret_index, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	json_t *index = NULL;
	size_t len = 0;
	struct err ignored = ERR_INIT;
	int r;

	r = fd_read_file(images_fd, "index.json", INDEX_MAX, &text, &len, &ignored);
	if (r == -ENOENT)
		index = json_pack("{s:i, s:[]}", "schemaVersion", 2, "manifests");
	else if (r < 0)
		return err_set(err, -r, "the image store: %s", ignored.msg);
	else
		index = json_loadb(text, len, 0, NULL);
	if (!json_is_array(json_object_get(index, "manifests"))) {
		json_decref(index);
		return err_set(err, EINVAL, "the image store's index.json is damaged");
	}
	*ret_index = index;
	return 0;
}

int index_store(int images_fd, struct json_t *index, struct err *err)
{
	CLEANUP_FREE char *text = json_dumps(index, JSON_COMPACT);

	if (!text)
		return err_nomem(err);
	return fd_replace_file(images_fd, "index.json", text, strlen(text), 0644, err);
}

static json_t *entries(const json_t *index)
{
	return json_object_get(index, "manifests");
}

size_t index_size(const struct json_t *index)
{
	return json_array_size(entries(index));
}

void index_entry(const struct json_t *index, size_t i, const char **ret_reference,
		 const char **ret_digest)
{
	const json_t *entry = json_array_get(entries(index), i);
	const json_t *annotations = json_object_get(entry, "annotations");
	const char *digest = json_string_value(json_object_get(entry, "digest"));

	*ret_reference = json_string_value(json_object_get(annotations, REF_NAME));
	*ret_digest = digest_hex(digest) ? digest : NULL;
}

int index_find(const struct json_t *index, const char *digest, const char **ret_media_type,
	       uint64_t *ret_size, struct err *err)
{
	for (size_t i = 0; i < index_size(index); i++) {
		const json_t *entry = json_array_get(entries(index), i);
		const char *found = json_string_value(json_object_get(entry, "digest"));
		const char *type = json_string_value(json_object_get(entry, "mediaType"));

		if (!found || !type || strcmp(found, digest) != 0)
			continue;
		*ret_media_type = type;
		*ret_size = (uint64_t)json_integer_value(json_object_get(entry, "size"));
		return 0;
	}
	return err_set(err, ENOENT, "the image %.19s has no name any more", digest);
}

int index_remove(struct json_t *index, const char *reference, struct err *err)
{
	for (size_t i = 0; i < index_size(index); i++) {
		const char *name, *digest;

		index_entry(index, i, &name, &digest);
		if (!name || strcmp(name, reference) != 0)
			continue;
		json_array_remove(entries(index), i);
		return 0;
	}
	return err_set(err, ENOENT, "no image '%s'", reference);
}

int index_set(struct json_t *index, const char *reference, const char *media_type,
	      const char *digest, uint64_t size, struct err *err)
{
	json_t *entry;

	entry = json_pack("{s:s, s:s, s:I, s:{s:s}}", "mediaType", media_type, "digest", digest,
			  "size", (json_int_t)size, "annotations", REF_NAME, reference);
	index_remove(index, reference, NULL);
	if (!entry || json_array_append_new(entries(index), entry) < 0)
		return err_nomem(err);
	return 0;
}
