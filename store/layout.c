// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/layout.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "store/image_file.h"
#include "store/lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_dir(int dirfd, const char *name, int *ret_fd, struct err *err)
{
	int fd;

	if (mkdirat(dirfd, name, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "create directory '%s'", name);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open directory '%s'", name);
	*ret_fd = fd;
	return 0;
}

static bool begins(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* An early layer is its owner's as long as he lives. */
static int remove_unfinished(int dirfd, const char *name, struct err *err)
{
	CLEANUP_FD int fd = -1;

	if (name[0] != '.')
		return 0;
	if (begins(name, LAYOUT_EARLY)) {
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
			return 0;
	}
	return fd_remove_tree(dirfd, name, err);
}

static int remove_dead_early(int dirfd, const char *name, struct err *err)
{
	return begins(name, LAYOUT_EARLY) ? remove_unfinished(dirfd, name, err) : 0;
}

/* Call REMOVE for each entry of DIRFD. */
static int sweep(int dirfd, int (*remove)(int dirfd, const char *name, struct err *err),
		 struct err *err)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		r = err_sys(err, errno, "read the image store");
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0 && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = remove(dirfd, entry->d_name, err);
	}
	closedir(dir);
	return r;
}

static int write_marker(int images_fd, struct err *err)
{
	static const char marker[] = "{\"imageLayoutVersion\":\"1.0.0\"}\n";

	if (faccessat(images_fd, "oci-layout", F_OK, 0) == 0)
		return 0;
	return fd_replace_file(images_fd, "oci-layout", marker, sizeof(marker) - 1, 0644, err);
}

static int open_tree(struct layout *layout, int root_fd, void (*waited)(void), struct err *err)
{
	CLEANUP_FD int blobs = -1, image_files = -1;
	int r;

	r = open_dir(root_fd, "images", &layout->images_fd, err);
	if (r == 0)
		r = lock_take(layout->images_fd, "lock", waited, &layout->lock_fd, err);
	if (r == 0)
		r = open_dir(root_fd, "layers", &layout->layers_fd, err);
	if (r == 0)
		r = open_dir(layout->images_fd, "tmp", &layout->tmp_fd, err);
	if (r == 0)
		r = open_dir(layout->images_fd, IMAGE_FILE_DIR, &image_files, err);
	if (r == 0)
		r = open_dir(layout->images_fd, "blobs", &blobs, err);
	if (r == 0)
		r = open_dir(blobs, "sha256", &layout->blobs_fd, err);
	if (r == 0)
		r = write_marker(layout->images_fd, err);
	return r;
}

int layout_open(struct layout *layout, const struct paths *paths, void (*waited)(void),
		struct err *err)
{
	CLEANUP_FD int root_fd = -1;
	int r;

	r = fd_mkdir_p(paths->root, 0711, err);
	if (r < 0)
		return r;
	root_fd = open(paths->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return err_sys(err, errno, "open '%s'", paths->root);
	*layout = (struct layout)LAYOUT_INIT;
	layout->paths = *paths;
	r = open_tree(layout, root_fd, waited, err);
	if (r == 0)
		r = sweep(layout->tmp_fd, fd_remove_tree, err);
	if (r == 0)
		r = sweep(layout->layers_fd, remove_unfinished, err);
	if (r < 0) {
		layout_release(layout);
		return err_wrap(err, "image store '%s'", paths->root);
	}
	return 0;
}

void layout_release(struct layout *layout)
{
	/* The lock goes last: until then nobody else may look. */
	int *const fds[] = {&layout->tmp_fd, &layout->blobs_fd, &layout->layers_fd,
			    &layout->images_fd, &layout->lock_fd};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		cleanup_close(fds[i]);
		*fds[i] = -1;
	}
}

int layout_open_layers(const struct paths *paths, int *ret_fd, struct err *err)
{
	CLEANUP_FD int root_fd = -1, fd = -1;
	int r;

	root_fd = open(paths->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return err_sys(err, errno, "open '%s'", paths->root);
	r = open_dir(root_fd, "layers", &fd, err);
	if (r == 0)
		r = sweep(fd, remove_dead_early, err);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

void layout_name(char ret[LAYOUT_NAME_LEN], const char *prefix, const char *hex)
{
	snprintf(ret, LAYOUT_NAME_LEN, "%s%.*s", prefix, DIGEST_HEX_LEN, hex);
}

bool layout_has_layer(const struct layout *layout, const char *hex)
{
	return faccessat(layout->layers_fd, hex, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
