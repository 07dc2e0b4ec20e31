// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Receiving
 *
 * Open directories are a stack, the uppermost is where the next entry goes.  A
 * file is written under a name of its own and renamed when all of it is there,
 * so that whatever happens nobody finds half a file; only where something is
 * mounted on the file itself its content is replaced in place.
 */
#include "core/container/tree.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/inroot.h"
#include "core/container/sys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PERMISSIONS 01777 /* set-ID bits would be of another owner's than they were */

struct level {
	int fd;
	bool made; /* by us: its time is set when it is left */
	struct timespec times[2];
	size_t path; /* length of the path above it */
};

struct receiver {
	const struct tree_target *target;
	struct tree_stream *in;
	struct level levels[TREE_DEPTH_MAX + 1];
	unsigned int n;
	unsigned int temporary; /* number of the next name */
	struct tree_path path;
};

static int top(const struct receiver *receiver)
{
	return receiver->levels[receiver->n - 1].fd;
}

/* What went wrong with the entry in work. */
static int failed(const struct receiver *receiver, int code, struct err *err)
{
	const char *path = receiver->path.text;

	switch (code) {
	case EROFS:
		return err_set(err, EROFS,
			       "write '%s': it is read-only there; copy into a volume or another "
			       "mount that is not",
			       path);
	case EISDIR:
		return err_set(err, EISDIR,
			       "'%s' is a directory, which nothing but a directory can be copied "
			       "onto",
			       path);
	case ENOTDIR:
	case ELOOP:
		return err_set(err, ENOTDIR,
			       "'%s' exists and is no directory: a directory cannot be copied onto "
			       "it",
			       path);
	default:
		return err_sys(err, code, "write '%s'", path);
	}
}

static void times_of(const struct tree_entry *entry, struct timespec ret_times[2])
{
	ret_times[0] = (struct timespec){.tv_nsec = UTIME_OMIT};
	ret_times[1] = (struct timespec){(time_t)entry->mtime_s, (long)entry->mtime_ns};
}

/* Owner and mode, in this order: a new owner takes set-ID bits away. */
static int set_attributes(const struct receiver *receiver, int fd, const struct tree_entry *entry)
{
	bool archive = receiver->target->archive;

	if (archive && fchown(fd, entry->uid, entry->gid) < 0)
		return -errno;
	return fchmod(fd, entry->mode & (archive ? 07777 : PERMISSIONS)) < 0 ? -errno : 0;
}

/* Another one at each call; one that is taken all the same is tried no more. */
static void temporary_name(struct receiver *receiver, char ret_name[64])
{
	snprintf(ret_name, 64, ".stack-cp-%ld-%u", (long)getpid(), receiver->temporary++);
}

/* --- files --- */

static int receive_data(struct receiver *receiver, int fd, struct err *err)
{
	unsigned char data[32768];
	struct tree_entry entry;
	int r;

	for (;;) {
		uint64_t at;

		r = tree_get(receiver->in, &entry, err);
		if (r < 0)
			return r;
		if (entry.type != TREE_DATA)
			return err_set(err, EBADMSG, "the other end of the copy sends nonsense");
		if (entry.length == 0)
			break;
		at = entry.offset;
		for (uint32_t left = entry.length; left > 0;) {
			size_t n = left < sizeof(data) ? left : sizeof(data);
			size_t done = 0;

			r = tree_get_data(receiver->in, data, n, err);
			if (r < 0)
				return r;
			while (done < n) {
				ssize_t w = pwrite(fd, data + done, n - done, (off_t)(at + done));

				if (w < 0 && errno != EINTR)
					return failed(receiver, errno, err);
				done += w > 0 ? (size_t)w : 0;
			}
			at += n;
			left -= (uint32_t)n;
		}
	}
	return ftruncate(fd, (off_t)entry.offset) < 0 ? failed(receiver, errno, err) : 0;
}

static int put_in_place(struct receiver *receiver, const char *temporary, const char *name)
{
	int r;

	if (renameat(top(receiver), temporary, top(receiver), name) == 0)
		return 0;
	if (errno != EBUSY)
		return -errno;
	r = tree_replace_content(top(receiver), temporary, name, receiver->target->descriptors);
	return r < 0 ? r : unlinkat(top(receiver), temporary, 0);
}

static int receive_file(struct receiver *receiver, const struct tree_entry *entry, struct err *err)
{
	CLEANUP_FD int fd = -1;
	struct timespec times[2];
	struct tree_entry made = *entry;
	char temporary[64], name[TREE_NAME_MAX + 1];
	int r;

	/* The entry's strings are the stream's, and data comes next. */
	memcpy(name, entry->name, strlen(entry->name) + 1);
	do {
		temporary_name(receiver, temporary);
		fd = openat(top(receiver), temporary,
			    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	} while (fd < 0 && errno == EEXIST);
	if (fd < 0)
		return failed(receiver, errno, err);
	r = receive_data(receiver, fd, err);
	if (r == 0) {
		times_of(&made, times);
		r = set_attributes(receiver, fd, &made);
		if (r == 0 && futimens(fd, times) < 0)
			r = -errno;
		if (r == 0)
			r = put_in_place(receiver, temporary, name);
		r = r < 0 ? failed(receiver, -r, err) : 0;
	}
	if (r < 0)
		(void)unlinkat(top(receiver), temporary, 0);
	return r;
}

/* --- links --- */

static int receive_link(struct receiver *receiver, const struct tree_entry *entry, struct err *err)
{
	struct timespec times[2];
	char temporary[64];
	int r = 0;

	do {
		temporary_name(receiver, temporary);
		r = symlinkat(entry->link, top(receiver), temporary) < 0 ? -errno : 0;
	} while (r == -EEXIST);
	if (r < 0)
		return failed(receiver, -r, err);
	times_of(entry, times);
	if (receiver->target->archive &&
	    fchownat(top(receiver), temporary, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	(void)utimensat(top(receiver), temporary, times, AT_SYMLINK_NOFOLLOW);
	if (r == 0 && renameat(top(receiver), temporary, top(receiver), entry->name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(top(receiver), temporary, 0);
	return r < 0 ? failed(receiver, -r, err) : 0;
}

/* Both names are below the first directory, and no link is on the way to either. */
static int receive_hardlink(struct receiver *receiver, const struct tree_entry *entry,
			    struct err *err)
{
	char directory[TREE_LINK_MAX + 3], temporary[64], *base;
	CLEANUP_FD int dir = -1;
	int r = 0;

	snprintf(directory, sizeof(directory), "./%s", entry->link);
	base = strrchr(directory, '/');
	*base++ = '\0';
	dir = sys_openat2(receiver->levels[0].fd, directory, O_PATH | O_DIRECTORY,
			  RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (dir < 0)
		return failed(receiver, errno, err);
	do {
		temporary_name(receiver, temporary);
		r = linkat(dir, base, top(receiver), temporary, 0) < 0 ? -errno : 0;
	} while (r == -EEXIST);
	if (r == 0 && renameat(top(receiver), temporary, top(receiver), entry->name) < 0)
		r = -errno;
	/* Renaming a file onto itself leaves both names. */
	(void)unlinkat(top(receiver), temporary, 0);
	return r < 0 ? failed(receiver, -r, err) : 0;
}

/* --- directories --- */

static int push(struct receiver *receiver, int fd, size_t path, struct err *err)
{
	if (receiver->n > TREE_DEPTH_MAX) {
		close(fd);
		return err_set(err, ELOOP, "'%.64s…' is deeper than %d directories",
			       receiver->path.text, TREE_DEPTH_MAX);
	}
	receiver->levels[receiver->n++] = (struct level){.fd = fd, .path = path};
	return 0;
}

static void pop(struct receiver *receiver)
{
	struct level *level = &receiver->levels[--receiver->n];

	if (level->made)
		(void)futimens(level->fd, level->times);
	close(level->fd);
	tree_path_leave(&receiver->path, level->path);
}

/* One that is there already stays as it is, one that is not gets all that was sent. */
static int receive_dir(struct receiver *receiver, const struct tree_entry *entry, size_t before,
		       struct err *err)
{
	bool made = mkdirat(top(receiver), entry->name, 0700) == 0;
	int fd, r;

	if (!made && errno != EEXIST)
		return failed(receiver, errno, err);
	fd = openat(top(receiver), entry->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return failed(receiver, errno, err);
	r = made ? set_attributes(receiver, fd, entry) : 0;
	if (r < 0) {
		close(fd);
		return failed(receiver, -r, err);
	}
	r = push(receiver, fd, before, err);
	if (r == 0 && made) {
		receiver->levels[receiver->n - 1].made = true;
		times_of(entry, receiver->levels[receiver->n - 1].times);
	}
	return r;
}

/* --- the target, and all of it --- */

/* The root entry under NAME in the directory FD, which becomes the first level. */
static int start_in(struct receiver *receiver, int fd, const char *name, struct tree_entry *entry,
		    char ret_name[TREE_NAME_MAX + 1], struct err *err)
{
	memmove(ret_name, name, strlen(name) + 1);
	entry->name = ret_name;
	return push(receiver, fd, 0, err);
}

/* What is at the target, by docker cp's rules, decides where the root ENTRY goes. */
static int find_target(struct receiver *receiver, const struct tree_entry *start, const char *base,
		       struct tree_entry *entry, char ret_name[TREE_NAME_MAX + 1],
		       bool *ret_entered, struct err *err)
{
	const char *path = receiver->target->path;
	int root = receiver->target->root, fd, r;
	bool is_dir = entry->type == TREE_DIR, contents = start->flags & TREE_CONTENTS;
	struct stat st;

	*ret_entered = false;
	if (start->flags & TREE_MAKE_PARENTS) {
		fd = inroot_make_dir(root, path, err);
		if (fd < 0)
			return fd;
		close(fd);
	}
	fd = tree_open(root, path, O_RDONLY | O_DIRECTORY, err);
	if (fd >= 0 && is_dir && contents) {
		*ret_entered = true;
		return push(receiver, fd, 0, err);
	}
	if (fd >= 0)
		return start_in(receiver, fd, base, entry, ret_name, err);
	if (fd != -ENOENT && fd != -ENOTDIR)
		return fd;
	if ((start->flags & TREE_INTO_EXISTING) ||
	    (!is_dir && *path && path[strlen(path) - 1] == '/'))
		return err_set(err, -fd, "there is no directory '%s'", path);
	r = tree_find_parent(root, path, &fd, ret_name, err);
	if (r < 0)
		return r;
	if (is_dir && fstatat(fd, ret_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		close(fd);
		return err_set(err, ENOTDIR,
			       "'%s' exists and is no directory: a directory cannot be copied onto "
			       "it",
			       path);
	}
	/* As a directory, for fchmod(2) and the like of what O_PATH does not allow. */
	r = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(fd);
	return r < 0 ? err_sys(err, errno, "open the directory of '%s'", path)
		     : start_in(receiver, r, ret_name, entry, ret_name, err);
}

static int receive_entry(struct receiver *receiver, const struct tree_entry *entry, struct err *err)
{
	size_t before = tree_path_enter(&receiver->path, entry->name);
	int r;

	switch (entry->type) {
	case TREE_FILE:
		r = receive_file(receiver, entry, err);
		break;
	case TREE_LINK:
		r = receive_link(receiver, entry, err);
		break;
	case TREE_HARDLINK:
		r = receive_hardlink(receiver, entry, err);
		break;
	case TREE_REMOVE:
		r = fd_remove_tree(top(receiver), entry->name, err);
		break;
	case TREE_DIR:
		return receive_dir(receiver, entry, before, err);
	default:
		return err_set(err, EBADMSG, "the other end of the copy sends nonsense");
	}
	tree_path_leave(&receiver->path, before);
	return r;
}

/* What follows the root entry, up to the END. */
static int receive_rest(struct receiver *receiver, unsigned int floor, struct err *err)
{
	struct tree_entry entry;
	int r;

	while ((r = tree_get(receiver->in, &entry, err)) == 0 && entry.type != TREE_END) {
		if (entry.type != TREE_LEAVE)
			r = receiver->n <= floor ? err_set(err, EBADMSG,
							   "the other end of the copy sends "
							   "nonsense")
						 : receive_entry(receiver, &entry, err);
		else if (receiver->n > floor)
			pop(receiver);
		else
			r = err_set(err, EBADMSG, "the other end of the copy sends nonsense");
		if (r < 0)
			return r;
	}
	return r;
}

static int receive(struct receiver *receiver, struct err *err)
{
	char base[TREE_NAME_MAX + 1], name[TREE_NAME_MAX + 1];
	struct tree_entry start, entry;
	bool entered = false;
	int r = tree_get(receiver->in, &start, err);

	if (r < 0)
		return r;
	memcpy(base, start.name, strlen(start.name) + 1);
	if (start.type == TREE_START)
		r = tree_get(receiver->in, &entry, err);
	if (r < 0)
		return r;
	if (start.type != TREE_START || (!*base && entry.type != TREE_DIR) ||
	    (entry.type != TREE_FILE && entry.type != TREE_DIR && entry.type != TREE_LINK))
		return err_set(err, EBADMSG, "the other end of the copy sends nonsense");
	tree_path_enter(&receiver->path, receiver->target->path);
	r = find_target(receiver, &start, base, &entry, name, &entered, err);
	if (r == 0 && !entered)
		r = receive_entry(receiver, &entry, err);
	return r < 0 ? r : receive_rest(receiver, entered ? 0 : 1, err);
}

int tree_receive(const struct tree_target *target, struct tree_stream *in, struct err *err)
{
	CLEANUP_FREE struct receiver *receiver = calloc(1, sizeof(*receiver));
	int r;

	if (!receiver)
		return err_nomem(err);
	receiver->target = target;
	receiver->in = in;
	r = receive(receiver, err);
	while (receiver->n > 0)
		pop(receiver);
	return r;
}
