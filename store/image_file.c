// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/image_file.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "store/digest.h"
#include "store/image.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX ((size_t)8 << 20)

/* Reading, writing and freeing an image all go by this table. */
enum field_kind { FIELD_STRING, FIELD_LIST, FIELD_INT };

static const struct field {
	const char *key;
	enum field_kind kind;
	size_t offset;
	bool required;
} fields[] = {
	{"id", FIELD_STRING, offsetof(struct image, id), true},
	{"layers", FIELD_LIST, offsetof(struct image, layers), true},
	{"entrypoint", FIELD_LIST, offsetof(struct image, entrypoint), false},
	{"cmd", FIELD_LIST, offsetof(struct image, cmd), false},
	{"env", FIELD_LIST, offsetof(struct image, env), true},
	{"working_dir", FIELD_STRING, offsetof(struct image, working_dir), false},
	{"user", FIELD_STRING, offsetof(struct image, user), false},
	{"stop_signal", FIELD_STRING, offsetof(struct image, stop_signal), false},
	{"volumes", FIELD_LIST, offsetof(struct image, volumes), true},
	{"exposed_ports", FIELD_LIST, offsetof(struct image, exposed_ports), true},
	{"health_test", FIELD_LIST, offsetof(struct image, health_test), false},
	{"health_interval_ms", FIELD_INT, offsetof(struct image, health_interval_ms), true},
	{"health_timeout_ms", FIELD_INT, offsetof(struct image, health_timeout_ms), true},
	{"health_start_period_ms", FIELD_INT, offsetof(struct image, health_start_period_ms), true},
	{"health_start_interval_ms", FIELD_INT, offsetof(struct image, health_start_interval_ms),
	 true},
	{"health_retries", FIELD_INT, offsetof(struct image, health_retries), true},
	{"size", FIELD_INT, offsetof(struct image, size), true},
	{"created_s", FIELD_INT, offsetof(struct image, created_s), true},
};

static char **string_field(const struct image *image, const struct field *field)
{
	return (char **)((char *)image + field->offset);
}

static char ***list_field(const struct image *image, const struct field *field)
{
	return (char ***)((char *)image + field->offset);
}

static int64_t *int_field(const struct image *image, const struct field *field)
{
	return (int64_t *)((char *)image + field->offset);
}

void image_file_list_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

void image_release(struct image *image)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (fields[i].kind == FIELD_STRING)
			free(*string_field(image, &fields[i]));
		else if (fields[i].kind == FIELD_LIST)
			image_file_list_free(*list_field(image, &fields[i]));
	}
	free(image->reference);
	memset(image, 0, sizeof(*image));
}

static int list_from_json(const json_t *json, char ***ret_list)
{
	size_t n = json_array_size(json);
	char **list;

	if (!json_is_array(json))
		return -EINVAL;
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(json, i));

		list[i] = text ? strdup(text) : NULL;
		if (!list[i]) {
			image_file_list_free(list);
			return text ? -ENOMEM : -EINVAL;
		}
	}
	*ret_list = list;
	return 0;
}

static json_t *list_to_json(char *const *list)
{
	json_t *json = json_array();

	for (size_t i = 0; list[i]; i++)
		if (json_array_append_new(json, json_string(list[i])) < 0) {
			json_decref(json);
			return NULL;
		}
	return json;
}

static int field_from_json(struct image *image, const struct field *field, const json_t *value)
{
	if (!value || json_is_null(value))
		return field->required ? -EINVAL : 0;
	switch (field->kind) {
	case FIELD_LIST:
		return list_from_json(value, list_field(image, field));
	case FIELD_INT:
		*int_field(image, field) = json_integer_value(value);
		return json_is_integer(value) ? 0 : -EINVAL;
	case FIELD_STRING:
		if (!json_is_string(value))
			return -EINVAL;
		*string_field(image, field) = strdup(json_string_value(value));
		return *string_field(image, field) ? 0 : -ENOMEM;
	}
	return -EINVAL;
}

static json_t *field_to_json(const struct image *image, const struct field *field)
{
	switch (field->kind) {
	case FIELD_LIST:
		return *list_field(image, field) ? list_to_json(*list_field(image, field))
						 : json_null();
	case FIELD_INT:
		return json_integer(*int_field(image, field));
	case FIELD_STRING:
		return *string_field(image, field) ? json_string(*string_field(image, field))
						   : json_null();
	}
	return NULL;
}

static void file_path(char *ret, size_t size, const char *hex)
{
	snprintf(ret, size, IMAGE_FILE_DIR "/%.*s.json", DIGEST_HEX_LEN, hex);
}

static int load_json(int images_fd, const char *hex, json_t **ret_json, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	char path[128];
	size_t len = 0;
	int r;

	file_path(path, sizeof(path), hex);
	r = fd_read_file(images_fd, path, FILE_MAX, &text, &len, err);
	if (r < 0)
		return r;
	*ret_json = json_loadb(text, len, 0, NULL);
	if (!*ret_json)
		return err_set(err, EINVAL, "'%s' in the image store is damaged; import again",
			       path);
	return 0;
}

static int image_from_json(struct image *ret_image, const json_t *json)
{
	struct image image = {0};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		int r = field_from_json(&image, &fields[i], json_object_get(json, fields[i].key));

		if (r < 0) {
			image_release(&image);
			return r;
		}
	}
	while (image.layers[image.n_layers])
		image.n_layers++;
	*ret_image = image;
	return 0;
}

int image_file_load(int images_fd, const char *hex, struct image *ret_image, struct err *err)
{
	json_t *json = NULL;
	int r;

	r = load_json(images_fd, hex, &json, err);
	if (r < 0)
		return r;
	r = image_from_json(ret_image, json);
	json_decref(json);
	if (r < 0)
		return err_set(err, -r, "the image %.12s in the store is damaged; import it again",
			       hex);
	return 0;
}

int image_file_blobs(int images_fd, const char *hex, char ***ret_blobs, struct err *err)
{
	json_t *json = NULL;
	int r;

	r = load_json(images_fd, hex, &json, err);
	if (r < 0)
		return r;
	r = list_from_json(json_object_get(json, "blobs"), ret_blobs);
	json_decref(json);
	if (r < 0)
		return err_set(err, -r, "the image %.12s in the store is damaged; import it again",
			       hex);
	return 0;
}

int image_to_json(const struct image *image, struct json_t **ret_json, struct err *err)
{
	json_t *json = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (json_object_set_new(json, fields[i].key, field_to_json(image, &fields[i])) <
		    0) {
			json_decref(json);
			return err_set(err, EINVAL, "the image's '%s' is not valid UTF-8",
				       fields[i].key);
		}
	if (image->reference)
		json_object_set_new(json, "reference", json_string(image->reference));
	*ret_json = json;
	return 0;
}

int image_file_store(int images_fd, const struct image *image, char *const *blobs, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	json_t *json = NULL;
	char path[128];
	int r;

	r = image_to_json(image, &json, err);
	if (r < 0)
		return r;
	json_object_del(json, "reference");
	json_object_set_new(json, "blobs", list_to_json(blobs));
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (!text)
		return err_nomem(err);
	if (mkdirat(images_fd, IMAGE_FILE_DIR, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "create directory '" IMAGE_FILE_DIR "'");
	file_path(path, sizeof(path), digest_hex(image->id));
	return fd_replace_file(images_fd, path, text, strlen(text), 0600, err);
}
