// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/usage.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "store/digest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define RECORD_MAX ((size_t)4 << 20)

static int read_record(const char *path, const char *project, const char *container, json_t *users,
		       struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	char user[2 * NAME_MAX + 2];
	const char *id;
	json_t *record;
	size_t len = 0;
	int r;

	r = fd_read_file(AT_FDCWD, path, RECORD_MAX, &text, &len, err);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return r;
	record = json_loadb(text, len, 0, NULL);
	if (!record)
		return err_set(err, EINVAL, "'%s' is damaged", path);
	id = json_string_value(json_object_get(record, "image_id"));
	snprintf(user, sizeof(user), "%s/%s", project, container);
	if (digest_hex(id))
		json_object_set_new(users, digest_hex(id), json_string(user));
	json_decref(record);
	return 0;
}

/* A project without containers, or one that goes away meanwhile, uses nothing. */
static int read_project(const struct paths *paths, const char *project, json_t *users,
			struct err *err)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;
	int r;

	r = paths_join(path, sizeof(path), err, "%s/%s/containers", paths->run, project);
	if (r < 0)
		return r;
	dir = opendir(path);
	if (!dir && errno != ENOENT && errno != ENOTDIR)
		return err_sys(err, errno, "read '%s'", path);
	while (dir && r == 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		r = paths_join(path, sizeof(path), err, "%s/%s/containers/%s/record.json",
			       paths->run, project, entry->d_name);
		if (r == 0)
			r = read_record(path, project, entry->d_name, users, err);
	}
	if (dir)
		closedir(dir);
	return r;
}

int usage_load(const struct paths *paths, struct json_t **ret_users, struct err *err)
{
	json_t *users = json_object();
	struct dirent *entry;
	DIR *dir = opendir(paths->run);
	int r = 0;

	if (!dir && errno != ENOENT)
		r = err_sys(err, errno, "read '%s'", paths->run);
	while (dir && r == 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			r = read_project(paths, entry->d_name, users, err);
	if (dir)
		closedir(dir);
	if (r < 0) {
		json_decref(users);
		return err_wrap(err, "find out which images are in use");
	}
	*ret_users = users;
	return 0;
}
