// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/inroot.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/sys.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A container that renames as fast as it can loses this race within a few rounds. */
#define MAX_TRIES 128

#define MAX_LINKS 16

static int open_resolved(int root, const char *path, int flags, uint64_t resolve)
{
	for (int tries = 0;; tries++) {
		int fd = sys_openat2(root, path, flags,
				     resolve | RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

		if (fd >= 0)
			return fd;
		if ((errno != EAGAIN && errno != EINTR) || tries == MAX_TRIES)
			return -errno;
	}
}

int inroot_open(int root, const char *path, int flags, struct err *err)
{
	int fd = open_resolved(root, path, flags, 0);

	return fd < 0 ? err_sys(err, -fd, "open '%s' in the container", path) : fd;
}

int inroot_open_nolinks(int root, const char *path, int flags, struct err *err)
{
	int fd = open_resolved(root, path, flags, RESOLVE_NO_SYMLINKS);

	if (fd == -ELOOP)
		return err_set(err, ELOOP, "'%s' must not be a symbolic link in the image", path);
	return fd < 0 ? err_sys(err, -fd, "open '%s' in the container", path) : fd;
}

/* Make NAME in PARENT, unless somebody was quicker. */
static int make_entry(int parent, const char *name, bool dir)
{
	CLEANUP_FD int fd = -1;

	if (dir)
		return mkdirat(parent, name, 0755) < 0 && errno != EEXIST ? -errno : 0;
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 && errno != EEXIST ? -errno : 0;
}

static int make_path(int root, const char *path, bool dir, int depth, struct err *err);

/*
 * PREFIX, whose last component starts at NAME, is a link to something that does
 * not exist; what the link names is made, and then REST in it.  Images bring
 * such links in good faith: /etc/resolv.conf -> ../run/systemd/resolve/….
 */
static int make_behind_link(int root, int parent, const char *prefix, size_t name, const char *rest,
			    bool dir, int depth, struct err *err)
{
	char link[PATH_MAX], path[PATH_MAX];
	ssize_t len = readlinkat(parent, prefix + name, link, sizeof(link) - 1);
	int n;

	if (len < 0)
		return err_sys(err, errno, "create '%s' in the container", prefix);
	if (depth == MAX_LINKS)
		return err_set(err, ELOOP, "'%s' has too many levels of symbolic links", prefix);
	link[len] = '\0';
	n = snprintf(path, sizeof(path), "%.*s%s%s", link[0] == '/' ? 0 : (int)name, prefix, link,
		     rest);
	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(err, ENAMETOOLONG, "'%s' is a link with too long a target", prefix);
	return make_path(root, path, dir, depth + 1, err);
}

/*
 * Walk PATH a component at a time, always from the root, so that a link in the
 * middle means what it means to the container; make what is missing.
 */
static int make_path(int root, const char *path, bool dir, int depth, struct err *err)
{
	CLEANUP_FD int parent = fcntl(root, F_DUPFD_CLOEXEC, 3);
	char prefix[PATH_MAX];
	size_t start = strspn(path, "/");

	if (parent < 0)
		return err_sys(err, errno, "duplicate a descriptor");
	if (strlen(path) >= sizeof(prefix))
		return err_set(err, ENAMETOOLONG, "'%.64s…' is too long a path", path);
	while (path[start]) {
		size_t end = start + strcspn(path + start, "/"),
		       next = end + strspn(path + end, "/");
		bool want_dir = dir || path[next];
		int flags = O_PATH | (want_dir ? O_DIRECTORY : 0), fd;

		memcpy(prefix, path, end);
		prefix[end] = '\0';
		fd = open_resolved(root, prefix, flags, 0);
		if (fd == -ENOENT) {
			int r = make_entry(parent, prefix + start, want_dir);

			if (r < 0)
				return err_sys(err, -r, "create '%s' in the container", prefix);
			fd = open_resolved(root, prefix, flags, 0);
		}
		if (fd == -ENOENT)
			return make_behind_link(root, parent, prefix, start, path + end, dir, depth,
						err);
		if (fd < 0)
			return err_sys(err, -fd, "open '%s' in the container", prefix);
		close(parent);
		parent = fd;
		start = next;
	}
	return TAKE_FD(parent);
}

int inroot_make_dir(int root, const char *path, struct err *err)
{
	int fd = open_resolved(root, path, O_PATH | O_DIRECTORY, 0);

	return fd == -ENOENT ? make_path(root, path, true, 0, err)
	       : fd < 0	     ? err_sys(err, -fd, "open '%s' in the container", path)
			     : fd;
}

int inroot_make_file(int root, const char *path, struct err *err)
{
	int fd = open_resolved(root, path, O_PATH, 0);
	struct stat st;

	if (fd == -ENOENT)
		fd = make_path(root, path, false, 0, err);
	else if (fd < 0)
		return err_sys(err, -fd, "open '%s' in the container", path);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		return err_set(err, EISDIR, "'%s' is a directory in the image", path);
	}
	return fd;
}
