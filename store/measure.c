// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/measure.h"

#include "core/base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK 512 /* of st_blocks, stat(2) */

int measure(const char *path, uint64_t *ret_bytes, struct err *err)
{
	CLEANUP_FREE char *root = strdup(path);
	uint64_t bytes = 0;
	FTSENT *item;
	FTS *tree;

	if (!root)
		return err_nomem(err);
	tree = fts_open((char *const[]){root, NULL}, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	if (!tree)
		return err_sys(err, errno, "read '%s'", path);
	for (errno = 0; (item = fts_read(tree)); errno = 0) {
		const struct stat *st = item->fts_statp;

		if (item->fts_info == FTS_DP || item->fts_info == FTS_NS)
			continue;
		bytes += (uint64_t)st->st_blocks * BLOCK /
			 (S_ISDIR(st->st_mode) || st->st_nlink < 2 ? 1 : st->st_nlink);
	}
	fts_close(tree);
	*ret_bytes = bytes;
	return 0;
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
