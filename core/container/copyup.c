// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/copyup.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* On the volume while it is being filled.  No container without CAP_SYS_ADMIN can see it. */
#define MARK "trusted.stack.filling"

/* Each level holds two descriptors. */
#define DEPTH_MAX 200

/* A file with more than one name, and where its first copy is. */
struct linked {
	struct linked *next;
	dev_t dev;
	ino_t ino;
	char path[];
};

struct copy {
	int volume;
	uid_t id_host; /* what the image's id 0 looks like */
	struct linked *links;
};

static int copy_dir(struct copy *copy, int from, int to, const char *path, int depth,
		    struct err *err);

/* Attributes of overlayfs describe layers, not files.  What VOLUME's disk cannot hold is lost. */
static void copy_xattrs(int from, int to)
{
	char names[4096], value[65536];
	ssize_t len = flistxattr(from, names, sizeof(names));

	for (char *name = names; len > 0 && name < names + len; name += strlen(name) + 1) {
		ssize_t size;

		if (!strncmp(name, "trusted.overlay.", 16) || !strncmp(name, "user.overlay.", 13))
			continue;
		size = fgetxattr(from, name, value, sizeof(value));
		if (size >= 0)
			(void)!fsetxattr(to, name, value, (size_t)size, 0);
	}
}

/* The id on disk of what looks like ID. */
static uid_t id_on_disk(const struct copy *copy, uid_t id)
{
	return id >= copy->id_host ? id - copy->id_host : id;
}

static int give(const struct copy *copy, int dir, const char *name, const struct stat *st)
{
	return fchownat(dir, name, id_on_disk(copy, st->st_uid), id_on_disk(copy, st->st_gid),
			AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
}

/* Owner before mode: chown takes setuid bits away. */
static int copy_metadata(const struct copy *copy, int from, int to, const struct stat *st,
			 struct err *err)
{
	struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (give(copy, to, "", st) < 0 || fchmod(to, st->st_mode & 07777) < 0)
		return err_sys(err, errno, "set owner and mode");
	copy_xattrs(from, to);
	futimens(to, times);
	return 0;
}

static int copy_content(int from, int to, struct err *err)
{
	for (;;) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, SSIZE_MAX, 0);

		/* Not between all file systems; sendfile(2) goes on where it stopped. */
		if (n < 0 &&
		    (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS))
			n = sendfile(to, from, NULL, 1 << 30);
		if (n < 0)
			return err_sys(err, errno, "copy");
		if (n == 0)
			return 0;
	}
}

static int copy_file(const struct copy *copy, int from, int to, const char *name, struct err *err)
{
	CLEANUP_FD int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	CLEANUP_FD int out = -1;
	struct stat st;
	int r;

	if (in < 0 || fstat(in, &st) < 0)
		return err_sys(err, errno, "open");
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return err_sys(err, errno, "create");
	r = copy_content(in, out, err);
	return r < 0 ? r : copy_metadata(copy, in, out, &st, err);
}

static int copy_link(const struct copy *copy, int from, int to, const char *name,
		     const struct stat *st, struct err *err)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(from, name, target, sizeof(target) - 1);

	if (len < 0)
		return err_sys(err, errno, "read the link");
	target[len] = '\0';
	if (symlinkat(target, to, name) < 0 || give(copy, to, name, st) < 0)
		return err_sys(err, errno, "create");
	return 0;
}

static int copy_node(const struct copy *copy, int to, const char *name, const struct stat *st,
		     struct err *err)
{
	if (mknodat(to, name, st->st_mode, st->st_rdev) < 0 || give(copy, to, name, st) < 0 ||
	    fchmodat(to, name, st->st_mode & 07777, 0) < 0)
		return err_sys(err, errno, "create");
	return 0;
}

static int copy_subdir(struct copy *copy, int from, int to, const char *name, const char *path,
		       int depth, struct err *err)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
	CLEANUP_FD int sub_from = openat(from, name, flags | O_CLOEXEC), sub_to = -1;

	if (depth == 0)
		return err_set(err, ELOOP, "more than %d directories deep", DEPTH_MAX);
	if (mkdirat(to, name, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "create");
	sub_to = openat(to, name, flags | O_CLOEXEC);
	if (sub_from < 0 || sub_to < 0)
		return err_sys(err, errno, "open");
	return copy_dir(copy, sub_from, sub_to, path, depth - 1, err);
}

static const struct linked *find_linked(const struct copy *copy, const struct stat *st)
{
	const struct linked *l = copy->links;

	while (l && (l->dev != st->st_dev || l->ino != st->st_ino))
		l = l->next;
	return l;
}

static int remember(struct copy *copy, const struct stat *st, const char *path, struct err *err)
{
	size_t size = strlen(path) + 1;
	struct linked *l = malloc(sizeof(*l) + size);

	if (!l)
		return err_nomem(err);
	*l = (struct linked){copy->links, st->st_dev, st->st_ino};
	memcpy(l->path, path, size);
	copy->links = l;
	return 0;
}

/* PATH is NAME as seen from the root of the volume. */
static int copy_entry(struct copy *copy, int from, int to, const char *name, const char *path,
		      int depth, struct err *err)
{
	const struct linked *linked = NULL;
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "stat");
	if (S_ISDIR(st.st_mode))
		return copy_subdir(copy, from, to, name, path, depth, err);
	/* From a copy that was interrupted; it may be half a file. */
	if (unlinkat(to, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "replace");
	if (st.st_nlink > 1)
		linked = find_linked(copy, &st);
	if (linked)
		return linkat(copy->volume, linked->path, to, name, 0) < 0
			       ? err_sys(err, errno, "link to '%s'", linked->path)
			       : 0;
	if (st.st_nlink > 1 && remember(copy, &st, path, err) < 0)
		return -ENOMEM;
	if (S_ISREG(st.st_mode))
		return copy_file(copy, from, to, name, err);
	if (S_ISLNK(st.st_mode))
		return copy_link(copy, from, to, name, &st, err);
	return S_ISSOCK(st.st_mode) ? 0 : copy_node(copy, to, name, &st, err);
}

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static int copy_dir(struct copy *copy, int from, int to, const char *path, int depth,
		    struct err *err)
{
	DIR *dir = fdopendir(fcntl(from, F_DUPFD_CLOEXEC, 3));
	struct dirent *entry;
	struct stat st;
	int r = 0;

	if (!dir)
		return err_sys(err, errno, "read directory '%s'", path);
	while (r == 0 && (entry = readdir(dir))) {
		char *sub = NULL;

		if (is_dots(entry->d_name))
			continue;
		if (asprintf(&sub, "%s%s%s", path, *path ? "/" : "", entry->d_name) < 0) {
			r = err_nomem(err);
			break;
		}
		r = copy_entry(copy, from, to, entry->d_name, sub, depth, err);
		if (r < 0 && depth == DEPTH_MAX)
			err_wrap(err, "'%s'", sub);
		free(sub);
	}
	closedir(dir);
	if (r == 0 && fstat(from, &st) < 0)
		r = err_sys(err, errno, "stat directory '%s'", path);
	return r < 0 ? r : copy_metadata(copy, from, to, &st, err);
}

static bool is_empty(int fd)
{
	DIR *dir = fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 3));
	struct dirent *entry = NULL;

	if (!dir)
		return false;
	while ((entry = readdir(dir)))
		/* mkfs makes it; a volume that is a disk of its own is empty all the same. */
		if (!is_dots(entry->d_name) && strcmp(entry->d_name, "lost+found") != 0)
			break;
	closedir(dir);
	return !entry;
}

int copyup_fill(int image, int volume, uid_t id_host, struct err *err)
{
	struct copy copy = {.volume = volume, .id_host = id_host};
	int r;

	while ((r = flock(volume, LOCK_EX)) < 0 && errno == EINTR)
		;
	if (r < 0)
		return err_sys(err, errno, "lock the volume");
	if (!is_empty(volume) && fgetxattr(volume, MARK, NULL, 0) < 0)
		return flock(volume, LOCK_UN);
	/* Where marks cannot be kept, an interrupted copy goes unnoticed; nothing else changes. */
	(void)!fsetxattr(volume, MARK, "", 0, 0);
	r = copy_dir(&copy, image, volume, "", DEPTH_MAX, err);
	while (copy.links) {
		struct linked *next = copy.links->next;

		free(copy.links);
		copy.links = next;
	}
	if (r == 0)
		(void)!fremovexattr(volume, MARK);
	flock(volume, LOCK_UN);
	return r < 0 ? err_wrap(err, "fill the volume from the image") : 0;
}
