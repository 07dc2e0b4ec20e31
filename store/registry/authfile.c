// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/authfile.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/paths.h"
#include "core/base/strbuf.h"
#include "store/registry/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <nettle/base64.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DOCKER_KEY "https://index.docker.io/v1/"

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}

const char *credentials_key(const char *host)
{
	return strcmp(host, "docker.io") == 0 ? DOCKER_KEY : host;
}

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

static bool docker_path(char ret_path[PATH_MAX])
{
	const char *config = environment("DOCKER_CONFIG"), *home = environment("HOME");

	if (config)
		return paths_join(ret_path, PATH_MAX, NULL, "%s/config.json", config) == 0;
	return home && paths_join(ret_path, PATH_MAX, NULL, "%s/.docker/config.json", home) == 0;
}

size_t authfile_paths(char ret_paths[AUTHFILE_PATHS_MAX][PATH_MAX])
{
	const char *file = environment("REGISTRY_AUTH_FILE"),
		   *runtime = environment("XDG_RUNTIME_DIR"),
		   *config = environment("XDG_CONFIG_HOME"), *home = environment("HOME");
	size_t n = 0;
	int r;

	if (file)
		return paths_join(ret_paths[0], PATH_MAX, NULL, "%s", file) == 0;
	if (runtime)
		r = paths_join(ret_paths[n], PATH_MAX, NULL, "%s/containers/auth.json", runtime);
	else
		r = paths_join(ret_paths[n], PATH_MAX, NULL, "/run/containers/%u/auth.json",
			       (unsigned int)getuid());
	n += r == 0;
	if ((config || home) &&
	    paths_join(ret_paths[n], PATH_MAX, NULL, "%s%s/containers/auth.json",
		       config ? config : home, config ? "" : "/.config") == 0)
		n++;
	n += docker_path(ret_paths[n]);
	return n;
}

int authfile_to_change(char ret_path[PATH_MAX], struct err *err)
{
	const char *file = environment("REGISTRY_AUTH_FILE");

	if (file ? file[0] == '/' && paths_join(ret_path, PATH_MAX, NULL, "%s", file) == 0
		 : docker_path(ret_path) && ret_path[0] == '/')
		return 0;
	return err_set(err, ENOENT,
		       "there is no place for the password: set HOME, or REGISTRY_AUTH_FILE to the "
		       "absolute path of a file");
}

int authfile_read(const char *path, char **ret_text, size_t *ret_len, struct err *err)
{
	return fd_read_file(AT_FDCWD, path, AUTHFILE_MAX, ret_text, ret_len, err);
}

/* --- keys --- */

/* KEY without what old versions put around the host: "https://host/v1/" → "host". */
static void plain_key(const char *key, char *ret, size_t size)
{
	const char *start = key;
	bool url = false;

	if (strncmp(key, "https://", 8) == 0 || strncmp(key, "http://", 7) == 0) {
		start = strstr(key, "://") + 3;
		url = true;
	}
	snprintf(ret, size, "%.*s", (int)(url ? strcspn(start, "/") : strlen(start)), start);
	if (strcmp(ret, "index.docker.io") == 0 || strcmp(ret, "registry-1.docker.io") == 0)
		snprintf(ret, size, "docker.io");
}

/* How many bytes of WANTED, "host/a/b", the key covers: 0 unless whole components do. */
static size_t key_covers(const char *key, const char *wanted)
{
	char plain[PATH_MAX];
	size_t len;

	plain_key(key, plain, sizeof(plain));
	len = strlen(plain);
	if (len == 0 || strncmp(plain, wanted, len) != 0)
		return 0;
	return wanted[len] == '\0' || wanted[len] == '/' ? len : 0;
}

/* The member of OBJECT whose key covers most of WANTED; RET_KEY (may be NULL) belongs to it. */
static json_t *best_member(const json_t *object, const char *wanted, const char **ret_key)
{
	json_t *value, *best = NULL;
	size_t covered = 0;
	const char *key;

	json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
		size_t covers = key_covers(key, wanted);

		if (covers <= covered)
			continue;
		covered = covers;
		best = value;
		if (ret_key)
			*ret_key = key;
	}
	return best;
}

static const char *helper_of(const json_t *file, const char *host)
{
	const char *helper =
		json_string_value(best_member(json_object_get(file, "credHelpers"), host, NULL));

	if (!helper)
		helper = json_string_value(json_object_get(file, "credsStore"));
	return helper && helper[0] ? helper : NULL;
}

/* --- reading --- */

static int load(const char *text, size_t len, json_t **ret_file, struct err *err)
{
	json_error_t problem;
	json_t *file = json_loadb(text, len, 0, &problem);

	if (!json_is_object(file)) {
		json_decref(file);
		return err_set(err, EINVAL, "it is no JSON object (line %d)", problem.line);
	}
	*ret_file = file;
	return 0;
}

static int split_auth(const char *encoded, struct credentials *ret, struct err *err)
{
	CLEANUP_FREE uint8_t *plain = malloc(BASE64_DECODE_LENGTH(strlen(encoded)) + 1);
	struct base64_decode_ctx decoder;
	size_t len = BASE64_DECODE_LENGTH(strlen(encoded));
	char *colon;

	if (!plain)
		return err_nomem(err);
	base64_decode_init(&decoder);
	if (!base64_decode_update(&decoder, &len, plain, strlen(encoded), encoded) ||
	    !base64_decode_final(&decoder))
		return err_set(err, EINVAL, "an 'auth' in it is no base64");
	plain[len] = '\0';
	colon = strchr((char *)plain, ':');
	if (!colon || strlen((char *)plain) != len)
		return err_set(err, EINVAL, "an 'auth' in it is not user:password");
	*colon = '\0';
	ret->user = strdup((char *)plain);
	ret->password = strdup(colon + 1);
	explicit_bzero(plain, len);
	return ret->user && ret->password ? 0 : err_nomem(err);
}

static int read_entry(const json_t *entry, struct credentials *ret, struct err *err)
{
	const char *auth = json_string_value(json_object_get(entry, "auth"));
	const char *token = json_string_value(json_object_get(entry, "identitytoken"));
	const char *user = json_string_value(json_object_get(entry, "username"));
	const char *password = json_string_value(json_object_get(entry, "password"));

	if (token && token[0]) {
		ret->identity_token = strdup(token);
		return ret->identity_token ? 0 : err_nomem(err);
	}
	if (auth && auth[0])
		return split_auth(auth, ret, err);
	if (!user || !password)
		return 0;
	ret->user = strdup(user);
	ret->password = strdup(password);
	return ret->user && ret->password ? 0 : err_nomem(err);
}

int credentials_parse(const char *text, size_t len, const char *host, const char *repository,
		      struct credentials_entry *ret_entry, struct err *err)
{
	CLEANUP(json_cleanup) json_t *file = NULL;
	CLEANUP(strbuf_release) struct strbuf wanted = STRBUF_INIT;
	struct credentials_entry entry = {.helper = NULL};
	const char *helper;
	int r = load(text, len, &file, err);

	if (r < 0)
		return r;
	strbuf_printf(&wanted, "%s%s%s", host, repository[0] ? "/" : "", repository);
	r = read_entry(best_member(json_object_get(file, "auths"), wanted.text, NULL),
		       &entry.credentials, err);
	helper = helper_of(file, host);
	if (r == 0 && helper) {
		entry.helper = strdup(helper);
		r = entry.helper ? 0 : err_nomem(err);
	}
	if (r < 0) {
		credentials_entry_release(&entry);
		return r;
	}
	*ret_entry = entry;
	return 0;
}

/* --- changing --- */

static int encode_auth(const char *user, const char *password, char **ret_text, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf plain = STRBUF_INIT;
	char *encoded;

	strbuf_printf(&plain, "%s:%s", user, password);
	encoded = calloc(1, BASE64_ENCODE_RAW_LENGTH(plain.len) + 1);
	if (!encoded)
		return err_nomem(err);
	base64_encode_raw(encoded, plain.len, (const uint8_t *)plain.text);
	explicit_bzero(plain.text, plain.len);
	*ret_text = encoded;
	return 0;
}

static int set_entry(json_t *file, const char *host, const char *user, const char *password,
		     struct err *err)
{
	json_t *auths = json_object_get(file, "auths");
	CLEANUP_FREE char *auth = NULL;
	int r = encode_auth(user, password, &auth, err);

	if (r < 0)
		return r;
	if (!json_is_object(auths)) {
		auths = json_object();
		json_object_set_new(file, "auths", auths);
	}
	return json_object_set_new(auths, credentials_key(host), json_pack("{s:s}", "auth", auth)) <
			       0
		       ? err_nomem(err)
		       : 0;
}

/* All keys that mean HOST itself go, however old versions wrote them. */
static int remove_entries(json_t *file, const char *host, struct err *err)
{
	json_t *auths = json_object_get(file, "auths");
	const char *key = NULL;
	size_t removed = 0;

	while (best_member(auths, host, &key)) {
		json_object_del(auths, key);
		removed++;
	}
	return removed > 0 ? 0 : err_set(err, ENOENT, "nobody is logged in to '%s'", host);
}

int authfile_change(const char *text, size_t len, const char *host, const char *user,
		    const char *password, char **ret_helper, char **ret_text, struct err *err)
{
	CLEANUP(json_cleanup) json_t *file = NULL;
	const char *helper;
	int r = load(text, len, &file, err);

	if (r < 0)
		return r;
	helper = helper_of(file, host);
	if (helper) {
		*ret_helper = strdup(helper);
		return *ret_helper ? 0 : err_nomem(err);
	}
	r = user ? set_entry(file, host, user, password, err) : remove_entries(file, host, err);
	if (r < 0)
		return r;
	*ret_text = json_dumps(file, JSON_INDENT(2));
	return *ret_text ? 0 : err_nomem(err);
}
