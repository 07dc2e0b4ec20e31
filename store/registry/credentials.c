// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/credentials.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "store/registry/authfile.h"
#include "store/registry/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}

/* A password does not stay behind in freed memory. */
static void wipe(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void credentials_release(struct credentials *credentials)
{
	wipe(&credentials->user);
	wipe(&credentials->password);
	wipe(&credentials->identity_token);
}

void credentials_entry_release(struct credentials_entry *entry)
{
	credentials_release(&entry->credentials);
	free(entry->helper);
	entry->helper = NULL;
}

/* The answer to `get`: {"ServerURL":…,"Username":…,"Secret":…} */
static int read_answer(const char *answer, struct credentials *ret, struct err *err)
{
	CLEANUP(json_cleanup) json_t *json = json_loads(answer, 0, NULL);
	const char *user = json_string_value(json_object_get(json, "Username"));
	const char *secret = json_string_value(json_object_get(json, "Secret"));

	if (!user || !secret)
		return err_set(err, EIO, "its answer has no Username or no Secret");
	if (strcmp(user, "<token>") == 0) {
		ret->identity_token = strdup(secret);
		return ret->identity_token ? 0 : err_nomem(err);
	}
	ret->user = strdup(user);
	ret->password = strdup(secret);
	if (ret->user && ret->password)
		return 0;
	credentials_release(ret);
	return err_nomem(err);
}

static int ask_helper(const char *helper, const char *host, struct credentials *ret,
		      struct err *err)
{
	CLEANUP(wipe) char *answer = NULL;
	int r = helper_run(helper, "get", credentials_key(host), &answer, err);

	if (r == 0 && read_answer(answer, ret, err) < 0)
		return err_wrap(err, "credential helper 'docker-credential-%s'", helper);
	return r;
}

static bool is_empty(const struct credentials *credentials)
{
	return !credentials->user && !credentials->identity_token;
}

/* 1: PATH knows the host, 0: it does not. */
static int look_into(const char *path, const char *host, const char *repository,
		     struct credentials *ret, struct err *err)
{
	CLEANUP(credentials_entry_release) struct credentials_entry entry = {.helper = NULL};
	CLEANUP(wipe) char *text = NULL;
	size_t len = 0;
	int r = authfile_read(path, &text, &len, err);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = credentials_parse(text, len, host, repository, &entry, err);
	if (r < 0)
		return err_wrap(err, "'%s'", path);
	if (entry.helper)
		r = ask_helper(entry.helper, host, ret, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (is_empty(ret) && !is_empty(&entry.credentials)) {
		*ret = entry.credentials;
		entry.credentials = (struct credentials){.user = NULL};
	}
	return !is_empty(ret);
}

int credentials_find(const char *host, const char *repository, struct credentials *ret_credentials,
		     struct err *err)
{
	char paths[AUTHFILE_PATHS_MAX][PATH_MAX];
	size_t n = authfile_paths(paths);
	struct credentials found = {.user = NULL};
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = look_into(paths[i], host, repository, &found, err);
	if (r < 0)
		return r;
	*ret_credentials = found;
	return 0;
}

/* In the helper: {"ServerURL":…,"Username":…,"Secret":…} for `store`, the key alone for `erase`. */
static int store_in_helper(const char *helper, const char *host, const char *user,
			   const char *password, struct err *err)
{
	CLEANUP(wipe) char *question = NULL;
	CLEANUP(wipe) char *answer = NULL;
	json_t *json;

	if (!user)
		return helper_run(helper, "erase", credentials_key(host), &answer, err);
	json = json_pack("{s:s, s:s, s:s}", "ServerURL", credentials_key(host), "Username", user,
			 "Secret", password);
	question = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (!question)
		return err_nomem(err);
	return helper_run(helper, "store", question, &answer, err);
}

static int change_file(int dirfd, const char *name, const char *host, const char *user,
		       const char *password, char **ret_helper, struct err *err)
{
	CLEANUP(wipe) char *text = NULL;
	CLEANUP(wipe) char *changed = NULL;
	size_t len = 0;
	int r = fd_read_file(dirfd, name, AUTHFILE_MAX, &text, &len, err);

	if (r == -ENOENT)
		text = strdup("{}");
	else if (r < 0)
		return r;
	if (!text)
		return err_nomem(err);
	r = authfile_change(text, strlen(text), host, user, password, ret_helper, &changed, err);
	if (r < 0 || *ret_helper)
		return r;
	return fd_replace_file(dirfd, name, changed, strlen(changed), 0600, err);
}

int credentials_store(const char *host, const char *user, const char *password, char **ret_place,
		      struct err *err)
{
	CLEANUP_FREE char *helper = NULL;
	CLEANUP_FD int dirfd = -1;
	char path[PATH_MAX], directory[PATH_MAX];
	char *slash;
	int r = authfile_to_change(path, err);

	if (r < 0)
		return r;
	memcpy(directory, path, sizeof(directory));
	slash = strrchr(directory, '/');
	*slash = '\0';
	r = fd_mkdir_p(directory[0] ? directory : "/", 0700, err);
	if (r < 0)
		return r;
	dirfd = open(directory[0] ? directory : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return err_sys(err, errno, "open '%s'", directory);
	if (flock(dirfd, LOCK_EX) < 0)
		return err_sys(err, errno, "lock '%s'", directory);
	r = change_file(dirfd, slash + 1, host, user, password, &helper, err);
	if (r == 0 && helper)
		r = store_in_helper(helper, host, user, password, err);
	if (r < 0)
		return helper ? r : err_wrap(err, "'%s'", path);
	*ret_place = strdup(helper ? helper : path);
	return *ret_place ? 0 : err_nomem(err);
}
