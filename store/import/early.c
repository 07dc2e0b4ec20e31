// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/early.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "store/digest.h"
#include "store/import/unpacker.h"
#include "store/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define ITEMS_MAX 512 /* each holds a descriptor */

struct item {
	char hex[DIGEST_HEX_LEN + 1];
	int lock_fd; /* -1: taken over */
	struct unpacking *unpacking;
};

struct early {
	int pull_fd, layers_fd;
	struct unpack_budget budget;
	struct unpacker *unpacker;
	struct item items[ITEMS_MAX];
	size_t n;
};

int early_new(const struct paths *paths, int pull_fd, const struct stream_progress *progress,
	      struct early **ret_early, struct err *err)
{
	struct early *early = calloc(1, sizeof(*early));
	uint64_t room = 0;
	int r;

	if (!early)
		return err_nomem(err);
	early->pull_fd = pull_fd;
	early->layers_fd = -1;
	r = layout_open_layers(paths, &early->layers_fd, err);
	if (r == 0)
		r = unpack_room(early->layers_fd, &room, err);
	unpack_budget_init(&early->budget, room);
	if (r == 0)
		r = unpacker_new(&early->budget, progress, &early->unpacker, err);
	if (r < 0) {
		early_free(early);
		return r;
	}
	*ret_early = early;
	return 0;
}

void early_free(struct early *early)
{
	if (!early)
		return;
	unpacker_free(early->unpacker);
	for (size_t i = 0; i < early->n; i++) {
		char name[LAYOUT_NAME_LEN];

		if (early->items[i].lock_fd < 0)
			continue;
		layout_name(name, LAYOUT_EARLY, early->items[i].hex);
		fd_remove_tree(early->layers_fd, name, NULL);
		close(early->items[i].lock_fd);
	}
	cleanup_close(&early->layers_fd);
	free(early);
}

/* The new directory NAME, locked.  -1: somebody else is at it. */
static int make_tree(int layers_fd, const char *name)
{
	CLEANUP_FD int fd = -1;
	struct stat ours, named;

	if (mkdirat(layers_fd, name, 0755) < 0)
		return -1;
	fd = openat(layers_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return -1;
	/* Until it was locked it could be taken for one of a dead process. */
	if (fstat(fd, &ours) < 0 || fstatat(layers_fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
	    ours.st_ino != named.st_ino)
		return -1;
	return TAKE_FD(fd);
}

static bool is_here(const struct early *early, const char *hex)
{
	for (size_t i = 0; i < early->n; i++)
		if (strcmp(early->items[i].hex, hex) == 0)
			return true;
	return false;
}

void early_add(struct early *early, const char *hex)
{
	char name[LAYOUT_NAME_LEN];
	struct item *item = &early->items[early->n];

	if (early->n == ITEMS_MAX || !digest_is_hex(hex) || is_here(early, hex) ||
	    faccessat(early->pull_fd, hex, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	layout_name(name, LAYOUT_EARLY, hex);
	item->lock_fd = make_tree(early->layers_fd, name);
	if (item->lock_fd < 0)
		return;
	memcpy(item->hex, hex, sizeof(item->hex));
	early->n++;
	if (unpacker_add(early->unpacker, early->pull_fd, hex, early->layers_fd, name,
			 &item->unpacking, NULL) < 0) {
		fd_remove_tree(early->layers_fd, name, NULL);
		close(TAKE_FD(item->lock_fd));
	}
}

bool early_take(struct early *early, const char *hex, char *ret_name, int *ret_lock_fd,
		struct unpacking **ret_unpacking)
{
	for (size_t i = 0; i < early->n; i++) {
		struct item *item = &early->items[i];

		if (item->lock_fd < 0 || strcmp(item->hex, hex) != 0)
			continue;
		layout_name(ret_name, LAYOUT_EARLY, hex);
		*ret_lock_fd = TAKE_FD(item->lock_fd);
		*ret_unpacking = item->unpacking;
		return true;
	}
	return false;
}

struct unpacker *early_unpacker(struct early *early)
{
	return early->unpacker;
}

struct unpack_budget *early_budget(struct early *early)
{
	return &early->budget;
}
