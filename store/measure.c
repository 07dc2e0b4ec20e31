// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/measure.h"

#include "core/base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK 512 /* of st_blocks, stat(2) */

static double share(const struct stat *st)
{
	return S_ISDIR(st->st_mode) || st->st_nlink < 2 ? 1 : 1 / (double)st->st_nlink;
}

/* The sum of what OF says of everything below PATH. */
static int sum(const char *path, double (*of)(const struct stat *st), uint64_t *ret_bytes,
	       struct err *err)
{
	CLEANUP_FREE char *root = strdup(path);
	double bytes = 0;
	FTSENT *item;
	FTS *tree;

	if (!root)
		return err_nomem(err);
	tree = fts_open((char *const[]){root, NULL}, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	if (!tree)
		return err_sys(err, errno, "read '%s'", path);
	for (errno = 0; (item = fts_read(tree)); errno = 0) {
		if (item->fts_info != FTS_DP && item->fts_info != FTS_NS)
			bytes += of(item->fts_statp);
	}
	fts_close(tree);
	*ret_bytes = (uint64_t)(bytes + 0.5);
	return 0;
}

static double disk(const struct stat *st)
{
	return (double)st->st_blocks * BLOCK * share(st);
}

static double content(const struct stat *st)
{
	return S_ISREG(st->st_mode) ? (double)st->st_size * share(st) : 0;
}

int measure(const char *path, uint64_t *ret_bytes, struct err *err)
{
	return sum(path, disk, ret_bytes, err);
}

int measure_content(const char *path, uint64_t *ret_bytes, struct err *err)
{
	return sum(path, content, ret_bytes, err);
}

int measure_entries(const char *path, uint64_t *ret_bytes, uint64_t *ret_n, struct err *err)
{
	const struct dirent *entry;
	uint64_t n = 0;
	DIR *dir = opendir(path);
	int r;

	if (!dir && errno != ENOENT)
		return err_sys(err, errno, "read '%s'", path);
	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	r = measure(path, ret_bytes, err);
	if (r == 0)
		*ret_n = n;
	return r;
}
