// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The range of host ids of a container with `userns_mode`
 *
 * Ranges for `auto` are taken from above what useradd(8) gives to users as
 * subordinate ids and below what signed 32 bits hold, within systemd's range
 * for containers (systemd.io/UIDS-GIDS).  Which are taken is written nowhere
 * but in the owner of the upper directories, which has to be the range anyway.
 */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "core/base/hash.h"
#include "net/lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define RANGE	  UINT32_C(65536)
#define RANGES_AT UINT32_C(0x40000000)
#define N_RANGES  UINT32_C(12288)
#define LOCK_MS	  10000

/* The range DIR/upper belongs to, or N_RANGES. */
static uint32_t range_of(int dir, const char *container)
{
	char path[PATH_MAX];
	struct stat st;

	if (paths_join(path, sizeof(path), NULL, "%s/upper", container) < 0 ||
	    fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_uid < RANGES_AT)
		return N_RANGES;
	return (st.st_uid - RANGES_AT) / RANGE < N_RANGES ? (st.st_uid - RANGES_AT) / RANGE
							  : N_RANGES;
}

/* Call FN with each entry of the directory PATH in the directory AT.  One that is not there has
 * none. */
static void for_each_entry(int at, const char *path, void (*fn)(int dir, const char *name, void *),
			   void *data)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir && fd >= 0)
		close(fd);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			fn(dirfd(dir), entry->d_name, data);
	if (dir)
		closedir(dir);
}

static void note_container(int dir, const char *name, void *taken)
{
	uint32_t range = range_of(dir, name);

	if (range < N_RANGES)
		((bool *)taken)[range] = true;
}

static void note_project(int dir, const char *name, void *taken)
{
	char path[PATH_MAX];

	if (paths_join(path, sizeof(path), NULL, "%s/containers", name) == 0)
		for_each_entry(dir, path, note_container, taken);
}

static uint32_t free_range(const struct host *host, const char *container)
{
	CLEANUP_FREE bool *taken = calloc(N_RANGES, sizeof(*taken));
	char path[PATH_MAX], hex[9];
	uint32_t first, range;

	if (!taken || paths_join(path, sizeof(path), NULL, "%s/projects", host->paths->root) < 0)
		return N_RANGES;
	for_each_entry(AT_FDCWD, path, note_project, taken);
	/* Not from the start: the containers of another root directory are not seen here. */
	hash_name(hex, 8, host->id, container, NULL);
	first = (uint32_t)strtoul(hex, NULL, 16) % N_RANGES;
	for (range = first; taken[range];) {
		range = (range + 1) % N_RANGES;
		if (range == first)
			return N_RANGES;
	}
	return range;
}

static int own_directories(const struct host *host, const char *container, uint32_t owner,
			   struct err *err)
{
	static const char *const subs[] = {"upper", "work"};
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(subs); i++) {
		int r = host_rootfs_dir(host, container, subs[i], path, sizeof(path), err);

		if (r < 0)
			return r;
		if (lchown(path, owner, owner) < 0)
			return err_sys(err, errno, "give '%s' to the container's root", path);
	}
	return 0;
}

static int choose(const struct host *host, const char *container, uint32_t *ret_first,
		  struct err *err)
{
	CLEANUP_FD int lock = -1, dir = -1;
	char path[PATH_MAX];
	uint32_t range;
	int r;

	r = lock_directory(host->paths->root, LOCK_MS, &lock, err);
	if (r == 0)
		r = host_rootfs_dir(host, container, NULL, path, sizeof(path), err);
	if (r < 0)
		return r;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	range = dir < 0 ? N_RANGES : range_of(dir, ".");
	if (range == N_RANGES)
		range = free_range(host, container);
	if (range == N_RANGES)
		return err_set(err, ENOSPC, "userns_mode: no range of ids is free on this host");
	*ret_first = RANGES_AT + range * RANGE;
	return own_directories(host, container, *ret_first, err);
}

int host_choose_ids(const struct host *host, const struct service *service, const char *container,
		    struct host_ids *ret_ids, struct err *err)
{
	const struct userns *userns = &service->userns;
	struct host_ids ids = {0};
	int r = 0;

	switch (userns->mode) {
	case USERNS_HOST:
		break;
	case USERNS_MAP:
		ids = (struct host_ids){userns->first, userns->count};
		r = own_directories(host, container, ids.first, err);
		break;
	case USERNS_AUTO:
		ids.count = RANGE;
		r = choose(host, container, &ids.first, err);
		break;
	}
	if (r == 0)
		*ret_ids = ids;
	return r;
}
