// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a target really is, and what to do where something is mounted on it. */
#include "core/container/tree.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/inroot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LINKS 16

int tree_open(int root, const char *path, int flags, struct err *err)
{
	int fd;

	if (root != AT_FDCWD)
		return inroot_open(root, path, flags, err);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open '%s'", path) : fd;
}

/* PATH is cut into the directory, which stays in PATH, and the name that is returned. */
static int split(char path[PATH_MAX], char ret_name[TREE_NAME_MAX + 1], struct err *err)
{
	size_t end = strlen(path), start;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/';)
		start--;
	path[end] = '\0';
	if (end - start > TREE_NAME_MAX)
		return err_set(err, ENAMETOOLONG, "'%.64s…' is too long a name", path + start);
	if (end == start || !strcmp(path + start, ".") || !strcmp(path + start, ".."))
		return err_set(err, EINVAL, "'%s' is not the name of a file", path);
	memcpy(ret_name, path + start, end - start + 1);
	path[start] = '\0';
	return 0;
}

int tree_find_parent(int root, const char *path, int *ret_parent, char ret_name[TREE_NAME_MAX + 1],
		     struct err *err)
{
	char at[PATH_MAX], link[PATH_MAX], name[TREE_NAME_MAX + 1];
	int r;

	if ((size_t)snprintf(at, sizeof(at), "%s%s", root == AT_FDCWD || *path == '/' ? "" : "/",
			     path) >= sizeof(at))
		return err_set(err, ENAMETOOLONG, "'%.64s…' is too long a path", path);
	for (int links = 0; links < MAX_LINKS; links++) {
		CLEANUP_FD int parent = -1;
		size_t room = sizeof(at);
		ssize_t len;

		r = split(at, name, err);
		if (r == 0)
			r = parent = tree_open(root, *at ? at : ".", O_PATH | O_DIRECTORY, err);
		if (r < 0)
			return r;
		len = readlinkat(parent, name, link, sizeof(link) - 1);
		if (len < 0) {
			memcpy(ret_name, name, sizeof(name));
			*ret_parent = TAKE_FD(parent);
			return 0;
		}
		link[len] = '\0';
		if (link[0] == '/')
			at[0] = '\0';
		room -= strlen(at);
		if ((size_t)len >= room)
			return err_set(err, ENAMETOOLONG, "'%s' is a link with too long a target",
				       name);
		memcpy(at + strlen(at), link, (size_t)len + 1);
	}
	return err_set(err, ELOOP, "'%s' has too many levels of symbolic links", path);
}

static int copy_content(int from, int to)
{
	unsigned char data[32768];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(from, data, sizeof(data), at)) > 0) {
		int r = fd_write_all(to, data, (size_t)n);

		if (r < 0)
			return r;
		at += n;
	}
	return n < 0 ? -errno : 0;
}

int tree_replace_content(int dir, const char *from_name, const char *name, int descriptors)
{
	CLEANUP_FD int from = openat(dir, from_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	CLEANUP_FD int found = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), to = -1;
	char number[16];
	struct stat st;

	if (from < 0 || found < 0 || fstat(found, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBUSY;
	snprintf(number, sizeof(number), "%d", found);
	to = openat(descriptors, number, O_WRONLY | O_TRUNC | O_CLOEXEC);
	return to < 0 ? -errno : copy_content(from, to);
}
