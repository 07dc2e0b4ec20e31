// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sending
 *
 * Each entry is opened with O_PATH first, which opens nothing behind a FIFO or
 * a device, looked at, and only then opened for reading, as what was looked
 * at: through /proc/self/fd of a /proc that no container had its hands on.
 */
#include "core/container/tree.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/sys.h"

#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

int tree_open_descriptors(struct err *err)
{
	int fd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, errno, "open '/proc/self/fd'") : fd;
}

int tree_open_found(int descriptors, int found)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", found);
	return openat(descriptors, number, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

uint32_t tree_inner_id(uint32_t first_id, uint32_t id)
{
	return id < first_id ? 0 : id - first_id;
}

static struct tree_entry entry_of(const struct tree_sender *sender, enum tree_type type,
				  const struct stat *st, const char *name)
{
	return (struct tree_entry){.type = type,
				   .mode = st->st_mode & 07777,
				   .uid = tree_inner_id(sender->first_id, st->st_uid),
				   .gid = tree_inner_id(sender->first_id, st->st_gid),
				   .mtime_s = st->st_mtim.tv_sec,
				   .mtime_ns = (uint32_t)st->st_mtim.tv_nsec,
				   .name = name};
}

static int send_xattr(struct tree_sender *sender, int fd, const char *name, struct err *err)
{
	ssize_t len = fgetxattr(fd, name, sender->value, sizeof(sender->value));

	/* Gone meanwhile. */
	if (len < 0)
		return 0;
	if (strcmp(name, "security.capability") == 0)
		len = (ssize_t)xattr_capability_inside(sender->value, (size_t)len,
						       sender->first_id);
	return tree_put_xattr(sender->out, name, sender->value, (size_t)len, err);
}

/* Those of the file or directory FD.  One whose name is a path has no place in the stream. */
static int send_xattrs(struct tree_sender *sender, int fd, struct err *err)
{
	char *names = sender->names;
	ssize_t len = flistxattr(fd, names, sizeof(sender->names));
	int r = 0;

	for (ssize_t i = 0; r == 0 && i < len; i += (ssize_t)strlen(names + i) + 1)
		if (xattr_is_portable(names + i) && !strchr(names + i, '/'))
			r = send_xattr(sender, fd, names + i, err);
	return r;
}

/* What is in FD from *AT on, but not from TO on; *AT is where it ended. */
static int send_range(struct tree_sender *sender, int fd, off_t *at, off_t to, struct err *err)
{
	unsigned char data[32768];

	while (*at < to) {
		size_t want = to - *at < (off_t)sizeof(data) ? (size_t)(to - *at) : sizeof(data);
		ssize_t n = pread(fd, data, want, *at);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "read '%s'", sender->path.text);
		if (n == 0)
			return 0;
		r = tree_put_data(sender->out, (uint64_t)*at, data, (size_t)n, err);
		if (r < 0)
			return r;
		*at += n;
	}
	return 0;
}

/* What has a size: holes are left out, and it ends where it ended when it was looked at. */
static int send_pieces(struct tree_sender *sender, int fd, off_t size, struct err *err)
{
	off_t at = 0;
	int r = 0;

	while (r == 0 && at < size) {
		off_t from = lseek(fd, at, SEEK_DATA), to = size;

		if (from < 0 && errno == ENXIO)
			return 0;
		if (from < 0)
			from = at;
		else
			to = lseek(fd, from, SEEK_HOLE);
		to = to <= from || to > size ? size : to;
		r = send_range(sender, fd, &from, to, err);
		at = to;
	}
	return r;
}

static int send_file(struct tree_sender *sender, int found, const struct stat *st, const char *name,
		     struct err *err)
{
	struct tree_entry entry = entry_of(sender, TREE_FILE, st, name);
	CLEANUP_FD int fd = tree_open_found(sender->descriptors, found);
	off_t size = st->st_size;
	int r;

	if (fd < 0)
		return err_sys(err, errno, "open '%s'", sender->path.text);
	entry.offset = (uint64_t)size;
	r = sender->everything ? send_xattrs(sender, fd, err) : 0;
	if (r == 0)
		r = tree_put(sender->out, &entry, err);
	if (r == 0)
		/* Files of /proc have content, but no size. */
		r = size ? send_pieces(sender, fd, size, err)
			 : send_range(sender, fd, &size, INT64_MAX, err);
	return r < 0 ? r : tree_put_data(sender->out, (uint64_t)size, NULL, 0, err);
}

/* 1: the file has been sent already, under another name; 0: not yet. */
static int send_hardlink(struct tree_sender *sender, const struct stat *st, const char *name,
			 struct err *err)
{
	struct tree_entry entry = entry_of(sender, TREE_HARDLINK, st, name);
	const char *path = sender->path.text + sender->top;
	int r;

	/* What was cut off is another path. */
	if (!sender->everything || st->st_nlink < 2 || S_ISSOCK(st->st_mode) ||
	    sender->path.len == sizeof(sender->path.text) - 1)
		return 0;
	r = tree_links_find(&sender->links, st, path + (*path == '/'), &entry.link, err);
	if (r < 0 || !entry.link)
		return r;
	r = tree_put(sender->out, &entry, err);
	return r < 0 ? r : 1;
}

static int send_link(struct tree_sender *sender, int found, const struct stat *st, const char *name,
		     struct err *err)
{
	struct tree_entry entry = entry_of(sender, TREE_LINK, st, name);
	char link[TREE_LINK_MAX + 1];
	ssize_t len = readlinkat(found, "", link, sizeof(link) - 1);

	if (len < 0)
		return err_sys(err, errno, "read the link '%s'", sender->path.text);
	link[len] = '\0';
	entry.link = link;
	return tree_put(sender->out, &entry, err);
}

static int send_node(struct tree_sender *sender, const struct stat *st, const char *name,
		     struct err *err)
{
	struct tree_entry entry = entry_of(sender, TREE_NODE, st, name);

	entry.mode = st->st_mode;
	entry.offset = st->st_rdev;
	return tree_put(sender->out, &entry, err);
}

/* What is in /proc and /sys is nobody's to copy. */
static bool is_of_kernel(int dir)
{
	struct statfs fs;

	return fstatfs(dir, &fs) == 0 &&
	       (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC ||
		fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC);
}

static int send_children(struct tree_sender *sender, int found, struct err *err)
{
	int fd = openat(found, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		r = err_sys(err, errno, "open directory '%s'", sender->path.text);
		cleanup_close(&fd);
		return r;
	}
	errno = 0;
	while (r == 0 && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			r = tree_send_entry(sender, fd, entry->d_name, err);
		errno = 0;
	}
	if (r == 0 && errno)
		r = err_sys(err, errno, "read directory '%s'", sender->path.text);
	closedir(dir);
	return r;
}

static int send_dir_xattrs(struct tree_sender *sender, int found, struct err *err)
{
	CLEANUP_FD int fd = openat(found, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, errno, "open directory '%s'", sender->path.text)
		      : send_xattrs(sender, fd, err);
}

static int send_dir(struct tree_sender *sender, int found, const struct stat *st, const char *name,
		    struct err *err)
{
	struct tree_entry entry = entry_of(sender, TREE_DIR, st, name);
	const struct tree_entry leave = {.type = TREE_LEAVE};
	int r;

	if (sender->depth == TREE_DEPTH_MAX)
		return err_set(err, ELOOP, "'%.64s…' is deeper than %d directories",
			       sender->path.text, TREE_DEPTH_MAX);
	r = sender->everything ? send_dir_xattrs(sender, found, err) : 0;
	if (r == 0)
		r = tree_put(sender->out, &entry, err);
	sender->depth++;
	if (r == 0 && sender->depth > 1 && is_of_kernel(found))
		sender->skipped(sender->data, sender->path.text, "the kernel's");
	else if (r == 0)
		r = send_children(sender, found, err);
	sender->depth--;
	return r < 0 ? r : tree_put(sender->out, &leave, err);
}

static const char *kind_of(mode_t mode)
{
	return S_ISFIFO(mode) ? "a FIFO" : S_ISSOCK(mode) ? "a socket" : "a device";
}

static int send_found(struct tree_sender *sender, int found, const char *name, struct err *err)
{
	struct stat st;
	int r;

	if (fstat(found, &st) < 0)
		return err_sys(err, errno, "look at '%s'", sender->path.text);
	if (sender->wanted && !sender->wanted(sender->data, sender->path.text, S_ISDIR(st.st_mode)))
		return 0;
	if (S_ISDIR(st.st_mode))
		return send_dir(sender, found, &st, name, err);
	r = send_hardlink(sender, &st, name, err);
	if (r != 0)
		return r < 0 ? r : 0;
	if (S_ISREG(st.st_mode))
		return send_file(sender, found, &st, name, err);
	if (S_ISLNK(st.st_mode))
		return send_link(sender, found, &st, name, err);
	if (sender->everything && !S_ISSOCK(st.st_mode))
		return send_node(sender, &st, name, err);
	sender->skipped(sender->data, sender->path.text, kind_of(st.st_mode));
	return 0;
}

int tree_send_entry(struct tree_sender *sender, int parent, const char *name, struct err *err)
{
	CLEANUP_FD int found = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	size_t before;
	int r;

	if (found < 0 && errno == ENOENT)
		return 0;
	before = tree_path_enter(&sender->path, name);
	r = found < 0 ? err_sys(err, errno, "open '%s'", sender->path.text)
		      : send_found(sender, found, name, err);
	tree_path_leave(&sender->path, before);
	return r;
}

/* The last component of PATH, or "" where that is no name. */
static void base_name(const char *path, char ret_name[TREE_NAME_MAX + 1])
{
	size_t end = strlen(path), start;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/';)
		start--;
	snprintf(ret_name, TREE_NAME_MAX + 1, "%.*s", (int)(end - start), path + start);
	if (!strcmp(ret_name, ".") || !strcmp(ret_name, ".."))
		*ret_name = '\0';
}

int tree_send(struct tree_sender *sender, int root, const char *path, bool follow, struct err *err)
{
	char name[TREE_NAME_MAX + 1];
	struct tree_entry start = {.type = TREE_START, .name = name};
	const struct tree_entry end = {.type = TREE_END};
	CLEANUP_FD int found = -1;
	struct stat st;
	int r;

	base_name(path, name);
	start.flags = *name ? 0 : TREE_CONTENTS;
	found = tree_open(root, path, O_PATH | (follow ? 0 : O_NOFOLLOW), err);
	if (found < 0)
		return found;
	if (fstat(found, &st) < 0)
		return err_sys(err, errno, "look at '%s'", path);
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode) && !S_ISDIR(st.st_mode))
		return err_set(err, EINVAL, "'%s' is %s, which cannot be copied", path,
			       kind_of(st.st_mode));
	tree_path_leave(&sender->path, 0);
	tree_path_enter(&sender->path, path);
	sender->top = sender->path.len;
	r = tree_put(sender->out, &start, err);
	if (r == 0)
		r = send_found(sender, found, *name ? name : "root", err);
	if (r == 0)
		r = tree_put(sender->out, &end, err);
	tree_links_release(&sender->links);
	return r < 0 ? r : tree_flush(sender->out, err);
}
