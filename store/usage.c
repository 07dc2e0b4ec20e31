// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/usage.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "store/digest.h"
#include "store/image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define RECORD_MAX ((size_t)4 << 20)
#define BOOT_MAX   ((size_t)64 << 20)

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

static void add_service(const struct paths *paths, const char *project, const char *service,
			const json_t *definition, json_t *users)
{
	const char *reference = json_string_value(json_object_get(definition, "image"));
	char user[2 * NAME_MAX + 2];
	struct image image;

	/* One that is not there is nobody's to remove. */
	if (!reference || image_find(paths, reference, &image, NULL) < 0)
		return;
	snprintf(user, sizeof(user), "%s/%s", project, service);
	if (!json_object_get(users, digest_hex(image.id)))
		json_object_set_new(users, digest_hex(image.id), json_string(user));
	image_release(&image);
}

/* What an enabled project takes up after a boot. */
static int read_boot(const struct paths *paths, const char *project, json_t *users, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	const char *service;
	char path[PATH_MAX];
	json_t *boot, *definition;
	size_t len = 0;
	int r = paths_join(path, sizeof(path), err, "%s/projects/%s/boot.json", paths->root,
			   project);

	if (r == 0)
		r = fd_read_file(AT_FDCWD, path, BOOT_MAX, &text, &len, err);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return r;
	boot = json_loadb(text, len, 0, NULL);
	if (!boot)
		return err_set(err, EINVAL, "'%s' is damaged", path);
	json_object_foreach (json_object_get(json_object_get(boot, "project"), "services"), service,
			     definition)
		add_service(paths, project, service, definition, users);
	json_decref(boot);
	return 0;
}

/* EACH with the name of everything in the directory PATH; none there: nothing. */
static int for_each(const struct paths *paths, const char *path, json_t *users,
		    int (*each)(const struct paths *, const char *, json_t *, struct err *),
		    struct err *err)
{
	const struct dirent *entry;
	DIR *dir = opendir(path);
	int r = 0;

	if (!dir)
		return errno == ENOENT ? 0 : err_sys(err, errno, "read '%s'", path);
	while (r == 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			r = each(paths, entry->d_name, users, err);
	closedir(dir);
	return r;
}

int usage_load(const struct paths *paths, struct json_t **ret_users, struct err *err)
{
	json_t *users = json_object();
	char path[PATH_MAX];
	int r = for_each(paths, paths->run, users, read_project, err);

	if (r == 0)
		r = paths_join(path, sizeof(path), err, "%s/projects", paths->root);
	if (r == 0)
		r = for_each(paths, path, users, read_boot, err);
	if (r < 0) {
		json_decref(users);
		return err_wrap(err, "find out which images are in use");
	}
	*ret_users = users;
	return 0;
}
