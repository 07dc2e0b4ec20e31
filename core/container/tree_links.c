// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/tree_links.h"

#include "core/base/err.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct file {
	dev_t dev;
	ino_t ino;
	char path[];
};

static int compare(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static int remember(struct tree_links *links, const struct stat *st, const char *path,
		    struct err *err)
{
	size_t size = strlen(path) + 1;
	struct file *file = malloc(sizeof(*file) + size);

	if (!file)
		return err_nomem(err);
	file->dev = st->st_dev;
	file->ino = st->st_ino;
	memcpy(file->path, path, size);
	if (!tsearch(file, &links->files, compare)) {
		free(file);
		return err_nomem(err);
	}
	return 0;
}

int tree_links_find(struct tree_links *links, const struct stat *st, const char *path,
		    const char **ret_first, struct err *err)
{
	const struct file wanted = {.dev = st->st_dev, .ino = st->st_ino};
	struct file *const *found = tfind(&wanted, &links->files, compare);

	*ret_first = found ? (*found)->path : NULL;
	return found ? 0 : remember(links, st, path, err);
}

void tree_links_release(struct tree_links *links)
{
	tdestroy(links->files, free);
	links->files = NULL;
}
