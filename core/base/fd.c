// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/fd.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t fd_read_full(int fd, void *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, (char *)data + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int fd_read_file(int dirfd, const char *path, size_t max, char **ret_text, size_t *ret_len,
		 struct err *err)
{
	CLEANUP_FD int fd = -1;
	CLEANUP_FREE char *text = NULL;
	size_t len = 0, size = 0;
	struct stat st;

	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_sys(err, errno, "open '%s'", path);
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "'%s' is not a regular file", path);
	for (;;) {
		ssize_t n;

		/* st_size is 0 in /proc and may change under us: read until the end says so. */
		if (size - len < 2) {
			size_t wanted = size ? size * 2 : (size_t)st.st_size + 4096;
			char *grown = realloc(text, wanted);

			if (!grown)
				return err_nomem(err);
			text = grown;
			size = wanted;
		}
		n = fd_read_full(fd, text + len, size - len - 1);
		if (n < 0)
			return err_sys(err, (int)-n, "read '%s'", path);
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return err_set(err, EFBIG, "'%s' is larger than %zu bytes", path, max);
	}
	text[len] = '\0';
	*ret_text = TAKE_PTR(text);
	if (ret_len)
		*ret_len = len;
	return 0;
}

int fd_write_control(int dirfd, const char *path, const char *text, struct err *err)
{
	CLEANUP_FD int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(text);

	if (fd < 0)
		return err_sys(err, errno, "open '%s'", path);
	if (write(fd, text, len) != (ssize_t)len)
		return err_sys(err, errno, "write '%.*s' to '%s'", (int)strcspn(text, "\n"), text,
			       path);
	return 0;
}

int fd_replace_file(int dirfd, const char *path, const void *data, size_t len, mode_t mode,
		    struct err *err)
{
	CLEANUP_FD int fd = -1;
	char temp[4096];
	int r;

	r = snprintf(temp, sizeof(temp), "%s.tmp%d", path, (int)getpid());
	if (r < 0 || (size_t)r >= sizeof(temp))
		return err_set(err, ENAMETOOLONG, "'%s' is too long a name", path);
	fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return err_sys(err, errno, "create '%s'", temp);
	r = fd_write_all(fd, data, len);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat(dirfd, temp, dirfd, path) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(dirfd, temp, 0);
		return err_sys(err, -r, "write '%s'", path);
	}
	return 0;
}

int fd_mkdir_p(const char *path, mode_t mode, struct err *err)
{
	char part[4096];
	size_t len = strlen(path);

	if (len >= sizeof(part))
		return err_set(err, ENAMETOOLONG, "'%s' is too long a name", path);
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, mode) < 0 && errno != EEXIST)
			return err_sys(err, errno, "create directory '%s'", part);
		part[i] = path[i];
	}
	return 0;
}

static int remove_entries(int fd, dev_t dev, const char *path, struct err *err);

/* Remove one name in DIRFD; NAMED is what the user calls it. */
static int remove_at(int dirfd, const char *name, dev_t dev, const char *named, struct err *err)
{
	CLEANUP_FD int fd = -1;
	struct stat st;
	int r;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(err, errno, "remove '%s'", named);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open '%s'", named);
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat '%s'", named);
	if (st.st_dev != dev)
		return err_set(err, EXDEV, "'%s' is a mount point; not removed", named);
	r = remove_entries(fd, dev, named, err);
	if (r < 0)
		return r;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '%s'", named);
	return 0;
}

static int remove_entries(int fd, dev_t dev, const char *path, struct err *err)
{
	DIR *dir = fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 3));
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return err_sys(err, errno, "read directory '%s'", path);
	while (r == 0 && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		r = remove_at(fd, entry->d_name, dev, entry->d_name, err);
		if (r < 0)
			err_wrap(err, "in '%s'", path);
	}
	closedir(dir);
	return r;
}

int fd_remove_tree(int dirfd, const char *path, struct err *err)
{
	struct stat st;

	if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "stat '%s'", path);
	return remove_at(dirfd, path, st.st_dev, path, err);
}
