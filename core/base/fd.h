// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_BASE_FD_H
#define STACK_CORE_BASE_FD_H

#include <stddef.h>
#include <sys/types.h>

struct err;

/*
 * Descriptors: whole reads and writes, and small files
 *
 * Uses nothing but system calls and malloc, so that the shim can have it too.
 */

/* Write all LEN bytes, over short writes and EINTR.  0 or -errno. */
int fd_write_all(int fd, const void *data, size_t len);

/*
 * Read until end of file or LEN bytes.  Returns the number of bytes read (less
 * than LEN only at end of file) or -errno.
 */
ssize_t fd_read_full(int fd, void *data, size_t len);

/*
 * Read a file of at most MAX bytes that is to be had as PATH below DIRFD
 * (AT_FDCWD: a path as usual).  The text is NUL-terminated, owned by the
 * caller; RET_LEN (may be NULL) is its length without the NUL.  Only regular
 * files and what the kernel shows as such are read: a FIFO is refused instead
 * of waited for.
 *
 * -ENOENT: no such file.  -EFBIG: more than MAX bytes.  -EINVAL: no regular file.
 */
int fd_read_file(int dirfd, const char *path, size_t max, char **ret_text, size_t *ret_len,
		 struct err *err);

/*
 * Write a control file of the kernel (/proc/sys, cgroupfs): open, one write(2),
 * close.  The errno of any of the three comes back as the code.
 */
int fd_write_control(int dirfd, const char *path, const char *text, struct err *err);

/*
 * Replace PATH below DIRFD with the LEN bytes of DATA, so that a reader and a
 * machine that loses power see the old content or the new one: temporary file,
 * fsync, rename.  MODE is that of the new file.
 *
 * Blocks: for the disk, unless PATH is on a tmpfs.
 */
int fd_replace_file(int dirfd, const char *path, const void *data, size_t len, mode_t mode,
		    struct err *err);

/* mkdir -p.  Directories that are made get MODE; those that exist keep theirs. */
int fd_mkdir_p(const char *path, mode_t mode, struct err *err);

/*
 * Remove PATH below DIRFD and all that is in it, crossing no mount point and
 * following no symlink.  What is gone already is success.
 *
 * Blocks: for the disk.
 */
int fd_remove_tree(int dirfd, const char *path, struct err *err);

#endif
