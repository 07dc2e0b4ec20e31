// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Root file systems that are no image's: `x-stack: {rootfs: …}`
 *
 * To all who want an image such a one is an image that says nothing and has no
 * layers.  Its id is made of the path, because what is in the directory may
 * change at any time, and who replaces a container for that is the user.
 */
#include "cmd/supervisor/host.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* No image's reference: what stands behind '@' there names its algorithm. */
#define ID_PREFIX "rootfs@"

static int check_directory(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT
			       ? err_set(err, ENOENT, "x-stack.rootfs: there is no '%s'", path)
			       : err_sys(err, errno, "x-stack.rootfs: open '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR, "x-stack.rootfs: '%s' is not a directory", path);
	return 0;
}

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

int host_image_find(const struct host *host, const char *name, struct image *ret_image,
		    struct err *err)
{
	static const char rootfs[] = ROOTFS_NAME_PREFIX "/";
	char id[sizeof(ID_PREFIX) + HASH_HEX_LEN];
	int r;

	if (begins(name, rootfs)) {
		r = check_directory(name + strlen(ROOTFS_NAME_PREFIX), err);
		if (r < 0)
			return r;
		memcpy(id, ID_PREFIX, sizeof(ID_PREFIX));
		hash_bytes(id + strlen(ID_PREFIX), name, strlen(name));
		name = id;
	} else if (!begins(name, ID_PREFIX)) {
		return image_find(host->paths, name, ret_image, err);
	}
	*ret_image = (struct image){.id = strdup(name)};
	return ret_image->id ? 0 : err_nomem(err);
}

/* PATH as it is seen from DIRECTORY as the root; NULL: it is not in there. */
static const char *below(const char *path, const char *directory)
{
	size_t len = strcmp(directory, "/") == 0 ? 0 : strlen(directory);

	return strncmp(path, directory, len) == 0 && path[len] == '/' ? path + len : NULL;
}

size_t host_rootfs_hidden(const struct host *host, const struct rootfs *rootfs,
			  const char *ret_targets[HOST_ROOTFS_HIDDEN_MAX], struct arena *arena)
{
	const char *const trees[HOST_ROOTFS_HIDDEN_MAX] = {host->paths->root, host->paths->run};
	CLEANUP_FREE char *root = rootfs->path ? realpath(rootfs->path, NULL) : NULL;
	size_t n = 0;

	for (size_t i = 0; root && i < HOST_ROOTFS_HIDDEN_MAX; i++) {
		CLEANUP_FREE char *tree = realpath(trees[i], NULL);
		const char *target = tree ? below(tree, root) : NULL;

		if (target)
			ret_targets[n++] = arena_strdup(arena, target);
	}
	return n;
}
