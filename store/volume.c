// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/volume.h"

#include "core/base/fd.h"
#include "core/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

int volume_path(const struct paths *paths, const char *name, char *ret_path, size_t size,
		struct err *err)
{
	if (!text_is_name(name, 255))
		return err_set(err, EINVAL, "'%s' is no name for a volume", name);
	return paths_join(ret_path, size, err, "%s/volumes/%s/_data", paths->root, name);
}

int volume_create(const struct paths *paths, const char *name, struct err *err)
{
	char path[PATH_MAX], parent[PATH_MAX];
	int r = volume_path(paths, name, path, sizeof(path), err);

	if (r == 0)
		r = paths_join(parent, sizeof(parent), err, "%s/volumes", paths->root);
	/* Others may not look in: setuid programs in a volume stay out of their reach. */
	if (r == 0)
		r = fd_mkdir_p(parent, 0700, err);
	return r < 0 ? r : fd_mkdir_p(path, 0755, err);
}

bool volume_exists(const struct paths *paths, const char *name)
{
	char path[PATH_MAX];

	return volume_path(paths, name, path, sizeof(path), NULL) == 0 && access(path, F_OK) == 0;
}

int volume_remove(const struct paths *paths, const char *name, struct err *err)
{
	char path[PATH_MAX];
	int r = volume_path(paths, name, path, sizeof(path), err);

	if (r == 0)
		r = paths_join(path, sizeof(path), err, "%s/volumes/%s", paths->root, name);
	return r < 0 ? r : fd_remove_tree(AT_FDCWD, path, err);
}
