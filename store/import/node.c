// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/node.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/container/xattr.h"
#include "store/import/stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define SPARSE_REGIONS_MAX 65536
#define PERMISSIONS	   07777

static int failed(const char *what, const char *base, struct err *err)
{
	return err_sys(err, errno, "%s '%s'", what, base);
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

int node_clear(int dirfd, const char *base, bool keep_dir, enum node_before *ret_before,
	       bool *ret_removed, struct err *err)
{
	struct stat st;

	*ret_before = NODE_NONE;
	*ret_removed = false;
	if (fstatat(dirfd, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : failed("stat", base, err);
	if (S_ISDIR(st.st_mode) && keep_dir) {
		*ret_before = NODE_DIRECTORY;
		return 0;
	}
	*ret_removed = true;
	if (is_whiteout(&st))
		*ret_before = NODE_WHITEOUT;
	return fd_remove_tree(dirfd, base, err);
}

static void entry_times(struct archive_entry *entry, struct timespec ret_times[2])
{
	ret_times[0] =
		(struct timespec){archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
	ret_times[1] = ret_times[0];
}

static int set_xattrs(int fd, struct archive_entry *entry, struct err *err)
{
	const void *value;
	const char *name;
	size_t len;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &len) == ARCHIVE_OK) {
		if (!name || !xattr_is_portable(name) || fsetxattr(fd, name, value, len, 0) == 0)
			continue;
		/* A file system without user attributes (tmpfs before 6.6) does without. */
		if (errno == ENOTSUP && name[0] == 'u')
			continue;
		return failed("set attribute", name, err);
	}
	return 0;
}

/* chown clears setuid and capabilities, so it comes first. */
static int set_metadata(int fd, const char *base, struct archive_entry *entry, struct err *err)
{
	if (fchown(fd, (uid_t)archive_entry_uid(entry), (gid_t)archive_entry_gid(entry)) < 0)
		return failed("change the owner of", base, err);
	if (fchmod(fd, archive_entry_perm(entry) & PERMISSIONS) < 0)
		return failed("change the mode of", base, err);
	return set_xattrs(fd, entry, err);
}

static int write_at(int fd, const char *data, size_t len, off_t offset)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, data, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		offset += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_content(int fd, const char *base, off_t size, struct stream *stream,
			 struct err *err)
{
	const void *data;
	off_t offset, end = 0;
	size_t len;
	int r;

	while ((r = stream_data(stream, &data, &len, &offset, err)) > 0) {
		if (offset < 0 || offset > size || len > (size_t)(size - offset))
			return err_set(err, EINVAL, "the archive's entry '%s' is damaged", base);
		r = write_at(fd, data, len, offset);
		if (r < 0)
			return err_sys(err, -r, "write '%s'", base);
		end = offset + (off_t)len;
	}
	if (r == 0 && end < size && ftruncate(fd, size) < 0)
		return failed("write", base, err);
	return r;
}

int node_file(int dirfd, const char *base, struct archive_entry *entry, struct stream *stream,
	      struct err *err)
{
	CLEANUP_FD int fd = -1;
	struct timespec times[2];
	int r;

	if (archive_entry_sparse_count(entry) > SPARSE_REGIONS_MAX)
		return err_set(err, EFBIG, "the archive's entry '%s' has too many holes", base);
	fd = openat(dirfd, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed("create", base, err);
	r = write_content(fd, base, archive_entry_size(entry), stream, err);
	if (r == 0)
		r = set_metadata(fd, base, entry, err);
	if (r < 0)
		return r;
	entry_times(entry, times);
	return futimens(fd, times) < 0 ? failed("set the time of", base, err) : 0;
}

int node_opaque(int fd, struct err *err)
{
	if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0)
		return err_sys(err, errno, "mark a directory as opaque");
	return 0;
}

static int open_directory(int dirfd, const char *base, struct err *err)
{
	int fd = openat(dirfd, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? failed("open directory", base, err) : fd;
}

int node_directory_metadata(int fd, struct archive_entry *entry, struct err *err)
{
	return set_metadata(fd, archive_entry_pathname(entry), entry, err);
}

int node_directory(int dirfd, const char *base, struct archive_entry *entry,
		   enum node_before before, struct err *err)
{
	CLEANUP_FD int fd = -1;
	int r = 0;

	if (before != NODE_DIRECTORY && mkdirat(dirfd, base, 0700) < 0)
		return failed("create directory", base, err);
	fd = open_directory(dirfd, base, err);
	if (fd < 0)
		return fd;
	if (before == NODE_WHITEOUT)
		r = node_opaque(fd, err);
	return r < 0 ? r : set_metadata(fd, base, entry, err);
}

/* Owner and time of what cannot be opened; the mode came with it. */
static int set_link_metadata(int dirfd, const char *base, struct archive_entry *entry,
			     struct err *err)
{
	struct timespec times[2];

	if (fchownat(dirfd, base, (uid_t)archive_entry_uid(entry), (gid_t)archive_entry_gid(entry),
		     AT_SYMLINK_NOFOLLOW) < 0)
		return failed("change the owner of", base, err);
	entry_times(entry, times);
	if (utimensat(dirfd, base, times, AT_SYMLINK_NOFOLLOW) < 0)
		return failed("set the time of", base, err);
	return 0;
}

int node_symlink(int dirfd, const char *base, struct archive_entry *entry, struct err *err)
{
	const char *target = archive_entry_symlink(entry);

	if (!target || !target[0])
		return err_set(err, EINVAL, "the archive's symlink '%s' has no target", base);
	if (symlinkat(target, dirfd, base) < 0)
		return failed("create symlink", base, err);
	return set_link_metadata(dirfd, base, entry, err);
}

int node_special(int dirfd, const char *base, struct archive_entry *entry, struct err *err)
{
	mode_t type = archive_entry_filetype(entry);
	dev_t dev = S_ISFIFO(type) ? 0
				   : makedev((unsigned)archive_entry_rdevmajor(entry),
					     (unsigned)archive_entry_rdevminor(entry));

	/* As a device it would be a whiteout to overlayfs, so it is made as one. */
	if (S_ISCHR(type) && dev == makedev(0, 0))
		return node_whiteout(dirfd, base, err);
	if (mknodat(dirfd, base, type | (archive_entry_perm(entry) & PERMISSIONS), dev) < 0)
		return failed("create device", base, err);
	return set_link_metadata(dirfd, base, entry, err);
}

int node_whiteout(int dirfd, const char *base, struct err *err)
{
	CLEANUP_FD int fd = -1;
	struct stat st;

	if (mknodat(dirfd, base, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	if (errno != EEXIST || fstatat(dirfd, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed("create whiteout", base, err);
	if (!S_ISDIR(st.st_mode))
		return 0;
	fd = open_directory(dirfd, base, err);
	return fd < 0 ? fd : node_opaque(fd, err);
}
