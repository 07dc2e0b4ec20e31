// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/place.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* openat2(2): EAGAIN means that a rename somewhere on the system came between; so try again. */
#define RETRIES 128

void place_init(struct place *place, int root_fd)
{
	place->root_fd = root_fd;
	place->dir_fd = -1;
	place->dir[0] = '\0';
}

void place_forget(struct place *place)
{
	cleanup_close(&place->dir_fd);
	place->dir_fd = -1;
}

void place_release(struct place *place)
{
	place_forget(place);
}

static int refuse(const char *name, const char *why, struct err *err)
{
	return err_set(err, EPERM, "the archive has an unsafe entry '%.200s' (%s)", name, why);
}

int place_clean(const char *name, char ret_path[PATH_MAX], struct err *err)
{
	const char *p = name;
	size_t used = 0;
	int depth = 0;

	while (*p) {
		size_t len = strcspn(p, "/");

		if (len == 2 && p[0] == '.' && p[1] == '.')
			return refuse(name, "it leads out of the tree", err);
		if (len > NAME_MAX || used + len + 2 > PATH_MAX || depth >= PLACE_DEPTH_MAX)
			return refuse(name, "it is too long or too deep", err);
		if (len > 0 && !(len == 1 && p[0] == '.')) {
			if (used)
				ret_path[used++] = '/';
			memcpy(ret_path + used, p, len);
			used += len;
			depth++;
		}
		p += len + (p[len] == '/');
	}
	ret_path[used] = '\0';
	return 0;
}

int place_open_dir(const struct place *place, const char *path)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	for (int i = 0; i < RETRIES; i++) {
		long fd = syscall(SYS_openat2, place->root_fd, path[0] ? path : ".", &how,
				  sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

/* Like place_open_dir(), but the last component of DIR may be a symlink in the tree. */
static int follow_dir(const struct place *place, const char *dir)
{
	char path[PATH_MAX + 2];
	size_t len = strlen(dir);

	memcpy(path, dir, len);
	memcpy(path + len, "/.", 3);
	return place_open_dir(place, len ? path : ".");
}

/* Make the missing ones of DIR's components, from the top. */
static int make_dirs(const struct place *place, const char *dir, struct err *err)
{
	CLEANUP_FD int parent = follow_dir(place, "");
	char part[PATH_MAX];

	for (size_t end = 0, start = 0; parent >= 0; start = end + 1) {
		int fd;

		end = start + strcspn(dir + start, "/");
		memcpy(part, dir, end);
		part[end] = '\0';
		fd = follow_dir(place, part);
		if (fd == -ENOENT && mkdirat(parent, part + start, 0755) == 0)
			fd = follow_dir(place, part);
		if (fd < 0)
			return refuse(dir, "a part of its path is no directory", err);
		close(parent);
		parent = fd;
		if (dir[end] == '\0')
			return 0;
	}
	return err_sys(err, -parent, "open the layer's directory");
}

int place_parent(struct place *place, const char *path, bool make, int *ret_fd,
		 const char **ret_base, struct err *err)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	int r = 0;

	if (place->dir_fd < 0 || strlen(place->dir) != len || memcmp(place->dir, path, len) != 0) {
		place_forget(place);
		memcpy(place->dir, path, len);
		place->dir[len] = '\0';
		place->dir_fd = follow_dir(place, place->dir);
		if (place->dir_fd == -ENOENT && make) {
			r = make_dirs(place, place->dir, err);
			place->dir_fd = r < 0 ? -1 : follow_dir(place, place->dir);
		}
	}
	if (r < 0)
		return r;
	if (place->dir_fd == -ENOENT)
		return err_set(err, ENOENT, "'%s' is not in the archive", place->dir);
	if (place->dir_fd == -ENOTDIR || place->dir_fd == -ELOOP)
		return refuse(path, "a part of its path is no directory", err);
	if (place->dir_fd < 0)
		return err_sys(err, -place->dir_fd, "open '%s' in the layer", place->dir);
	*ret_fd = place->dir_fd;
	*ret_base = slash ? slash + 1 : path;
	return 0;
}
