// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/unpack.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "store/import/node.h"
#include "store/import/place.h"
#include "store/import/stream.h"

#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define ENTRIES_MAX 1000000
/* Directory times wait until the end; a million names of usual length fit in here. */
#define DIR_TIMES_MAX ((size_t)64 << 20)

#define WHITEOUT	".wh."
#define WHITEOUT_META	".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

/* What one layer has taken. */
struct tally {
	struct unpack_budget *budget;
	uint64_t bytes, entries;
};

struct unpack {
	struct stream *stream;
	struct place place;
	struct place link_place;
	struct tally tally;
	struct strbuf dir_times; /* of each: struct timespec, path, NUL */
};

void unpack_budget_init(struct unpack_budget *budget, uint64_t max_bytes)
{
	budget->max_bytes = max_bytes;
	budget->max_entries = ENTRIES_MAX;
	atomic_init(&budget->bytes, 0);
}

int unpack_room(int fd, uint64_t *ret_bytes, struct err *err)
{
	struct statvfs fs;

	if (fstatvfs(fd, &fs) < 0)
		return err_sys(err, errno, "find out how much space the image store has");
	*ret_bytes = (uint64_t)fs.f_bavail * fs.f_frsize / 10 * 9;
	return 0;
}

int unpack_too_big(uint64_t max_bytes, struct err *err)
{
	return err_set(err, EFBIG, "the image needs more than the %llu MiB that there is room for",
		       (unsigned long long)(max_bytes >> 20));
}

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Is a directory on the way to the last component called like a whiteout? */
static bool below_whiteout(const char *path, const char *prefix)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(path, '/')) {
		if (has_prefix(path, prefix))
			return true;
		path = slash + 1;
	}
	return false;
}

static bool take(struct unpack_budget *budget, uint64_t size)
{
	uint64_t before = atomic_load(&budget->bytes);

	do
		if (size > budget->max_bytes - before)
			return false;
	while (!atomic_compare_exchange_weak(&budget->bytes, &before, before + size));
	return true;
}

static int count(struct tally *tally, struct archive_entry *entry, struct err *err)
{
	struct unpack_budget *budget = tally->budget;
	int64_t size = archive_entry_size(entry);

	if (++tally->entries > budget->max_entries)
		return err_set(err, EFBIG, "a layer has more than %llu files",
			       (unsigned long long)budget->max_entries);
	if (archive_entry_hardlink(entry) || archive_entry_filetype(entry) != AE_IFREG)
		return 0;
	if (size < 0 || !take(budget, (uint64_t)size))
		return unpack_too_big(budget->max_bytes, err);
	tally->bytes += (uint64_t)size;
	return 0;
}

static int remember_times(struct unpack *u, const char *path, struct archive_entry *entry,
			  struct err *err)
{
	struct timespec time = {archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};

	if (u->dir_times.len > DIR_TIMES_MAX)
		return err_set(err, EFBIG, "a layer has too many directories");
	strbuf_add(&u->dir_times, &time, sizeof(time));
	strbuf_add(&u->dir_times, path, strlen(path) + 1);
	return 0;
}

static void restore_times(struct unpack *u)
{
	size_t at = 0;

	while (at < u->dir_times.len) {
		const char *path = u->dir_times.text + at + sizeof(struct timespec);
		struct timespec times[2];
		int fd;

		memcpy(&times[0], u->dir_times.text + at, sizeof(times[0]));
		times[1] = times[0];
		at += sizeof(times[0]) + strlen(path) + 1;
		/* A later entry may have put something else there: then the time went with it. */
		fd = place_open_dir(&u->place, path);
		if (fd < 0)
			continue;
		futimens(fd, times);
		close(fd);
	}
}

static int make_hardlink(struct unpack *u, int dirfd, const char *base, struct archive_entry *entry,
			 struct err *err)
{
	char target[PATH_MAX];
	const char *target_base;
	enum node_before before;
	struct stat from, to;
	bool removed;
	int r, fd;

	r = place_clean(archive_entry_hardlink(entry), target, err);
	if (r == 0 && target[0] == '\0')
		r = err_set(err, EPERM, "the archive has a hard link '%s' to a directory", base);
	if (r == 0)
		r = place_parent(&u->link_place, target, false, &fd, &target_base, err);
	if (r < 0)
		return r;
	if (fstatat(fd, target_base, &from, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, EINVAL,
			       "the archive has a hard link '%s' to '%s', which is not in it", base,
			       target);
	if (S_ISDIR(from.st_mode))
		return err_set(err, EPERM, "the archive has a hard link '%s' to a directory", base);
	if (fstatat(dirfd, base, &to, AT_SYMLINK_NOFOLLOW) == 0 && to.st_ino == from.st_ino)
		return 0;
	r = node_clear(dirfd, base, false, &before, &removed, err);
	if (r == 0 && linkat(fd, target_base, dirfd, base, 0) < 0)
		r = err_sys(err, errno, "link '%s' to '%s'", base, target);
	if (removed) {
		place_forget(&u->place);
		place_forget(&u->link_place);
	}
	return r;
}

static int make_node(struct unpack *u, int dirfd, const char *path, const char *base,
		     struct archive_entry *entry, struct err *err)
{
	mode_t type = archive_entry_filetype(entry);
	enum node_before before;
	bool removed;
	int r;

	if (type == AE_IFSOCK) /* a socket means nothing without its process */
		return 0;
	r = node_clear(dirfd, base, type == AE_IFDIR, &before, &removed, err);
	if (r < 0)
		return r;
	if (type == AE_IFREG)
		r = node_file(dirfd, base, entry, u->stream, err);
	else if (type == AE_IFDIR)
		r = node_directory(dirfd, base, entry, before, err);
	else if (type == AE_IFLNK)
		r = node_symlink(dirfd, base, entry, err);
	else if (type == AE_IFIFO || type == AE_IFCHR || type == AE_IFBLK)
		r = node_special(dirfd, base, entry, err);
	else
		r = err_set(err, EINVAL, "the archive's entry '%s' is of an unknown kind", path);
	if (r == 0 && type == AE_IFDIR)
		r = remember_times(u, path, entry, err);
	if (removed) {
		place_forget(&u->place);
		place_forget(&u->link_place);
	}
	return r;
}

static int make_whiteout(int dirfd, const char *path, const char *base, struct err *err)
{
	const char *hidden = base + strlen(WHITEOUT);

	if (strcmp(base, WHITEOUT_OPAQUE) == 0)
		return node_opaque(dirfd, err);
	if (hidden[0] == '\0' || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
		return err_set(err, EPERM, "the archive has an unsafe whiteout '%.200s'", path);
	return node_whiteout(dirfd, hidden, err);
}

/* The root itself: only a directory can say anything about it. */
static int set_root(struct unpack *u, struct archive_entry *entry, struct err *err)
{
	int r;

	if (archive_entry_filetype(entry) != AE_IFDIR || archive_entry_hardlink(entry))
		return err_set(err, EPERM, "the archive has an entry in the place of its root");
	r = node_directory_metadata(u->place.root_fd, entry, err);
	return r < 0 ? r : remember_times(u, "", entry, err);
}

static int unpack_entry(struct unpack *u, struct archive_entry *entry, struct err *err)
{
	const char *name = archive_entry_pathname(entry), *base;
	char path[PATH_MAX];
	int r, dirfd;

	if (!name || !name[0])
		return err_set(err, EINVAL, "the archive has an entry without a readable name");
	r = place_clean(name, path, err);
	if (r == 0)
		r = count(&u->tally, entry, err);
	if (r < 0)
		return r;
	if (path[0] == '\0')
		return set_root(u, entry, err);
	if (below_whiteout(path, WHITEOUT_META)) /* what AUFS kept for itself */
		return 0;
	if (below_whiteout(path, WHITEOUT))
		return err_set(err, EPERM,
			       "the archive has an unsafe entry '%.200s' (below a "
			       "whiteout)",
			       path);
	r = place_parent(&u->place, path, true, &dirfd, &base, err);
	if (r < 0)
		return r;
	if (has_prefix(base, WHITEOUT_META) && strcmp(base, WHITEOUT_OPAQUE) != 0)
		return 0;
	if (has_prefix(base, WHITEOUT))
		return make_whiteout(dirfd, path, base, err);
	if (archive_entry_hardlink(entry))
		return make_hardlink(u, dirfd, base, entry, err);
	return make_node(u, dirfd, path, base, entry, err);
}

int unpack_layer(struct stream *stream, int root_fd, struct unpack_budget *budget,
		 uint64_t *ret_bytes, struct err *err)
{
	struct unpack u = {
		.stream = stream,
		.tally = {.budget = budget},
		.dir_times = STRBUF_INIT,
	};
	struct archive_entry *entry;
	int r;

	place_init(&u.place, root_fd);
	place_init(&u.link_place, root_fd);
	while ((r = stream_next(stream, &entry, err)) > 0) {
		r = unpack_entry(&u, entry, err);
		if (r < 0)
			break;
	}
	if (r == 0)
		restore_times(&u);
	*ret_bytes = u.tally.bytes;
	strbuf_release(&u.dir_times);
	place_release(&u.place);
	place_release(&u.link_place);
	return r;
}

int unpack_count(struct stream *stream, struct unpack_budget *budget, uint64_t *ret_bytes,
		 struct err *err)
{
	struct tally tally = {.budget = budget};
	struct archive_entry *entry;
	int r;

	while ((r = stream_next(stream, &entry, err)) > 0) {
		r = count(&tally, entry, err);
		if (r < 0)
			return r;
	}
	*ret_bytes = tally.bytes;
	return r;
}
