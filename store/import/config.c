// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/config.h"

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/model/platform.h"
#include "store/digest.h"
#include "store/image.h"
#include "store/image_file.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define LIST_MAX   4096
#define STRING_MAX ((size_t)128 << 10) /* MAX_ARG_STRLEN, execve(2) */
#define NAME_LEN   4096
#define NS_PER_MS  1000000

static int bad(const char *key, struct err *err)
{
	return err_set(err, EINVAL, "the image's configuration has an invalid '%s'", key);
}

static int get_string(const json_t *object, const char *key, char **ret, struct err *err)
{
	const json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value) || json_string_length(value) == 0)
		return value && !json_is_null(value) && !json_is_string(value) ? bad(key, err) : 0;
	if (json_string_length(value) > NAME_LEN)
		return bad(key, err);
	*ret = strdup(json_string_value(value));
	return *ret ? 0 : err_nomem(err);
}

/* An array of strings; an absent or empty one leaves RET alone. */
static int get_list(const json_t *object, const char *key, char ***ret, struct err *err)
{
	const json_t *value = json_object_get(object, key);
	size_t n = json_array_size(value);
	char **list;

	if (value && !json_is_null(value) && !json_is_array(value))
		return bad(key, err);
	if (n == 0)
		return 0;
	if (n > LIST_MAX)
		return bad(key, err);
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(value, i);

		if (json_is_string(item) && json_string_length(item) <= STRING_MAX)
			list[i] = strdup(json_string_value(item));
		if (!list[i]) {
			image_file_list_free(list);
			return bad(key, err);
		}
	}
	*ret = list;
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The keys of an object, which is how the format writes a set. */
static int get_set(const json_t *object, const char *key, char ***ret, struct err *err)
{
	json_t *value = json_object_get(object, key), *ignored;
	const char *name;
	size_t n = 0;

	if (value && !json_is_null(value) && !json_is_object(value))
		return bad(key, err);
	if (json_object_size(value) > LIST_MAX)
		return bad(key, err);
	*ret = calloc(json_object_size(value) + 1, sizeof(**ret));
	if (!*ret)
		return err_nomem(err);
	json_object_foreach (value, name, ignored) {
		if (strlen(name) > NAME_LEN)
			return bad(key, err);
		(*ret)[n] = strdup(name);
		if (!(*ret)[n++])
			return err_nomem(err);
	}
	qsort(*ret, n, sizeof(**ret), by_text);
	return 0;
}

static int get_env(const json_t *config, struct image *image, struct err *err)
{
	int r = get_list(config, "Env", &image->env, err);

	for (size_t i = 0; r == 0 && image->env && image->env[i]; i++)
		if (image->env[i][0] == '=' || !strchr(image->env[i], '='))
			return bad("Env", err);
	if (r == 0 && !image->env)
		image->env = calloc(1, sizeof(*image->env));
	return r < 0 ? r : image->env ? 0 : err_nomem(err);
}

/* "80" and "80/tcp" are the same port; ranges "8000-8010/udp" stay. */
static int get_ports(const json_t *config, struct image *image, struct err *err)
{
	int r = get_set(config, "ExposedPorts", &image->exposed_ports, err);

	for (size_t i = 0; r == 0 && image->exposed_ports[i]; i++) {
		char *port = image->exposed_ports[i], *grown;
		size_t digits = strspn(port, "0123456789-");

		if (digits == 0 || digits > strlen("65535-65535"))
			return bad("ExposedPorts", err);
		if (!strcmp(port + digits, "/tcp") || !strcmp(port + digits, "/udp") ||
		    !strcmp(port + digits, "/sctp"))
			continue;
		if (port[digits] != '\0')
			return bad("ExposedPorts", err);
		if (asprintf(&grown, "%s/tcp", port) < 0)
			return err_nomem(err);
		free(port);
		image->exposed_ports[i] = grown;
	}
	return r;
}

/* Nanoseconds, of which 0 means "the default"; we say -1 for that. */
static int get_ms(const json_t *health, const char *key, int64_t *ret, struct err *err)
{
	const json_t *value = json_object_get(health, key);
	json_int_t ns = json_integer_value(value);

	*ret = -1;
	if (value && (!json_is_integer(value) || ns < 0))
		return bad(key, err);
	if (ns > 0)
		*ret = ns < NS_PER_MS ? 1 : ns / NS_PER_MS;
	return 0;
}

static int get_health(const json_t *config, struct image *image, struct err *err)
{
	const json_t *health = json_object_get(config, "Healthcheck");
	const json_t *retries = json_object_get(health, "Retries");
	int r;

	image->health_retries = -1;
	r = get_list(health, "Test", &image->health_test, err);
	if (r == 0)
		r = get_ms(health, "Interval", &image->health_interval_ms, err);
	if (r == 0)
		r = get_ms(health, "Timeout", &image->health_timeout_ms, err);
	if (r == 0)
		r = get_ms(health, "StartPeriod", &image->health_start_period_ms, err);
	if (r == 0)
		r = get_ms(health, "StartInterval", &image->health_start_interval_ms, err);
	if (r == 0 && retries && (!json_is_integer(retries) || json_integer_value(retries) < 0))
		return bad("Retries", err);
	if (json_integer_value(retries) > 0)
		image->health_retries = json_integer_value(retries);
	return r;
}

static int get_layers(const json_t *root, struct image *image, char ***ret_diff_ids,
		      struct err *err)
{
	char **ids = NULL;
	size_t n = 0;
	int r;

	r = get_list(json_object_get(root, "rootfs"), "diff_ids", &ids, err);
	if (r < 0)
		return r;
	while (ids && ids[n])
		n++;
	image->layers = calloc(n + 1, sizeof(*image->layers));
	if (!image->layers)
		r = err_nomem(err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (!digest_hex(ids[i]))
			r = bad("diff_ids", err);
		else
			memmove(ids[i], digest_hex(ids[i]), DIGEST_HEX_LEN + 1);
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		size_t above = i + 1;

		while (above < n && strcmp(ids[i], ids[above]) != 0)
			above++;
		if (above < n)
			continue;
		image->layers[image->n_layers] = strdup(ids[i]);
		if (!image->layers[image->n_layers++])
			r = err_nomem(err);
	}
	if (r < 0) {
		image_file_list_free(ids);
		return r;
	}
	*ret_diff_ids = ids;
	return 0;
}

static int check_platform(const json_t *root, struct err *err)
{
	const char *os = json_string_value(json_object_get(root, "os"));
	const char *arch = json_string_value(json_object_get(root, "architecture"));
	const char *ours = platform_architecture();

	if (!json_is_object(root))
		return err_set(err, EINVAL, "the image's configuration is not a JSON object");
	if (os && os[0] && strcmp(os, "linux") != 0)
		return err_set(err, EINVAL, "the image is for %.32s, not for Linux", os);
	if (arch && arch[0] && strcmp(arch, ours) != 0)
		log_warn("the image is for %.32s and this machine is %s; its programs may not run",
			 arch, ours);
	return 0;
}

int config_flatten(const char *text, size_t len, struct image *image, char ***ret_diff_ids,
		   struct err *err)
{
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *config = json_object_get(root, "config");
	int r;

	r = check_platform(root, err);
	if (r == 0 && config && !json_is_null(config) && !json_is_object(config))
		r = bad("config", err);
	if (r == 0)
		r = get_list(config, "Entrypoint", &image->entrypoint, err);
	if (r == 0)
		r = get_list(config, "Cmd", &image->cmd, err);
	if (r == 0)
		r = get_env(config, image, err);
	if (r == 0)
		r = get_string(config, "WorkingDir", &image->working_dir, err);
	if (r == 0)
		r = get_string(config, "User", &image->user, err);
	if (r == 0)
		r = get_string(config, "StopSignal", &image->stop_signal, err);
	if (r == 0)
		r = get_set(config, "Volumes", &image->volumes, err);
	if (r == 0)
		r = get_ports(config, image, err);
	if (r == 0)
		r = get_health(config, image, err);
	if (r == 0)
		r = get_layers(root, image, ret_diff_ids, err);
	json_decref(root);
	return r;
}

struct json_t *config_new(const char *diff_hex)
{
	char diff_id[DIGEST_LEN + 1];

	snprintf(diff_id, sizeof(diff_id), "sha256:%s", diff_hex);
	/*
	 * No date: the same files are to be the same image.  buildah takes an image for
	 * the base of another one only when its history tells of every layer.
	 */
	return json_pack("{s:s, s:s, s:{}, s:{s:s, s:[s]}, s:[{s:s}]}", "architecture",
			 platform_architecture(), "os", "linux", "config", "rootfs", "type",
			 "layers", "diff_ids", diff_id, "history", "created_by",
			 "stack image import");
}
