// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/cgroup_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A cgroup.procs of a million processes is about this long. */
#define FILE_MAX ((size_t)8 << 20)

const struct cgroup_tree *cgroup_tree_at(const struct cgroup_host *host, size_t index)
{
	if (index < host->n_v1)
		return &host->v1[index];
	return index == host->n_v1 && host->has_unified ? &host->unified : NULL;
}

const struct cgroup_tree *cgroup_tree_with(const struct cgroup_host *host,
					   enum cgroup_controller controller)
{
	const struct cgroup_tree *tree;

	for (size_t i = 0; (tree = cgroup_tree_at(host, i)); i++)
		if (tree->controllers & 1u << controller)
			return tree;
	return NULL;
}

int cgroup_directory(const struct cgroup_tree *tree, const char *path, char ret[CGROUP_PATH_MAX],
		     struct err *err)
{
	int n = snprintf(ret, CGROUP_PATH_MAX, "%s/%s", tree->base, path);

	for (const char *part = path;; part++) {
		size_t len = strcspn(part, "/");

		if (len == 0 || (part[0] == '.' && (len == 1 || (len == 2 && part[1] == '.'))))
			return err_set(err, EINVAL, "'%s' is not the name of a cgroup", path);
		part += len;
		if (!*part)
			break;
	}
	if (n < 0 || n >= CGROUP_PATH_MAX)
		return err_set(err, ENAMETOOLONG, "cgroup '%s' has too long a name", path);
	return 0;
}

int cgroup_open(const struct cgroup_tree *tree, const char *path, int *ret_fd, struct err *err)
{
	char directory[CGROUP_PATH_MAX];
	int fd, r;

	r = cgroup_directory(tree, path, directory, err);
	if (r < 0)
		return r;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open cgroup '%s'", directory);
	*ret_fd = fd;
	return 0;
}

int cgroup_open_if_any(const struct cgroup_tree *tree, const char *path, int *ret_fd,
		       struct err *err)
{
	char directory[CGROUP_PATH_MAX];
	int r = cgroup_directory(tree, path, directory, err);

	if (r < 0)
		return r;
	r = cgroup_open(tree, path, ret_fd, NULL);
	return r == -ENOENT || r == 0 ? 0 : err_sys(err, -r, "open cgroup '%s'", directory);
}

int cgroup_read_if_any(int dirfd, const char *file, char **ret_text, struct err *err)
{
	int r = fd_read_file(dirfd, file, FILE_MAX, ret_text, NULL, NULL);

	/* ENODEV: the cgroup was removed after the file was opened. */
	return r == -ENOENT || r == -ENODEV || r == 0 ? 0 : err_sys(err, -r, "read '%s'", file);
}

int cgroup_each_child(int dirfd, int (*each)(int dirfd, const char *name, void *data, struct err *),
		      void *data, struct err *err)
{
	/* An open of its own: a duplicate would share, and move, the position. */
	int own = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = errno;
		if (own >= 0)
			close(own);
		return r == ENOENT ? 0 : err_sys(err, r, "read a cgroup directory");
	}
	while (r >= 0 && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			r = each(dirfd, entry->d_name, data, err);
	closedir(dir);
	return r < 0 ? r : 0;
}

static int rmdir_failed(const char *name, struct err *err)
{
	if (errno == ENOENT)
		return 0;
	/* Expected for a moment, and perhaps gone at the next attempt: no sentence yet. */
	return errno == EBUSY ? -EBUSY : err_sys(err, errno, "remove cgroup '%s'", name);
}

/* Remove NAME and what is below it.  -EBUSY, without a sentence: it has processes. */
static int remove_at(int dirfd, const char *name, void *data, struct err *err)
{
	CLEANUP_FD int fd = -1;
	int r;

	/* Nearly always there is nothing below. */
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return rmdir_failed(name, err);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "open cgroup '%s'", name);
	r = cgroup_each_child(fd, remove_at, data, err);
	if (r < 0)
		return r;
	return unlinkat(dirfd, name, AT_REMOVEDIR) == 0 ? 0 : rmdir_failed(name, err);
}

static int remove_once(const struct cgroup_host *host, const char *path, struct err *err)
{
	const struct cgroup_tree *tree;
	int busy = 0;

	for (size_t i = 0; (tree = cgroup_tree_at(host, i)); i++) {
		char directory[CGROUP_PATH_MAX];
		int r = cgroup_directory(tree, path, directory, err);

		if (r == 0)
			r = remove_at(AT_FDCWD, directory, NULL, err);
		if (r < 0 && r != -EBUSY)
			return r;
		busy = r < 0 ? r : busy;
	}
	return busy;
}

int cgroup_remove(const struct cgroup_host *host, const char *path, unsigned int timeout_ms,
		  struct err *err)
{
	int64_t deadline = clock_ms() + timeout_ms;

	for (;;) {
		int r = remove_once(host, path, err);

		if (r != -EBUSY)
			return r;
		if (clock_ms() >= deadline)
			return err_set(err, EBUSY, "cgroup '%s' still has processes in it", path);
		/* On v1 nothing tells when the last one has gone. */
		poll(NULL, 0, 1);
	}
}

struct names {
	char **items;
	size_t n;
};

static void names_release(struct names *names)
{
	cgroup_names_free(names->items);
}

void cgroup_names_free(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}

static int add_name(int dirfd, const char *name, void *data, struct err *err)
{
	struct names *names = data;
	char **grown;

	(void)dirfd;
	for (size_t i = 0; i < names->n; i++)
		if (!strcmp(names->items[i], name))
			return 0;
	grown = realloc(names->items, (names->n + 2) * sizeof(*grown));
	if (!grown)
		return err_nomem(err);
	names->items = grown;
	grown[names->n + 1] = NULL;
	grown[names->n] = strdup(name);
	if (!grown[names->n++])
		return err_nomem(err);
	return 0;
}

int cgroup_list(const struct cgroup_host *host, const char *path, char ***ret_names,
		struct err *err)
{
	CLEANUP(names_release) struct names names = {.items = calloc(1, sizeof(char *))};
	const struct cgroup_tree *tree;

	if (!names.items)
		return err_nomem(err);
	for (size_t i = 0; (tree = cgroup_tree_at(host, i)); i++) {
		CLEANUP_FD int dirfd = -1;
		int r = cgroup_open_if_any(tree, path, &dirfd, err);

		if (r == 0 && dirfd >= 0)
			r = cgroup_each_child(dirfd, add_name, &names, err);
		if (r < 0)
			return r;
	}
	*ret_names = TAKE_PTR(names.items);
	return 0;
}
