// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/watch_files.h"

#include "cmd/cli/cli.h"
#include "core/base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define EVENTS                                                                                     \
	(IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |        \
	 IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)
#define GONE (IN_DELETE | IN_MOVED_FROM)

/* Deeper than that is no tree of sources. */
#define DEPTH_MAX 256

/* PATH as it is below ITEM's, "" for that itself; NULL: it is elsewhere. */
static const char *below(const struct watch_item *item, const char *path)
{
	size_t len = strlen(item->path);

	if (strncmp(path, item->path, len) != 0)
		return NULL;
	if (path[len] == '\0')
		return path + len;
	return path[len] == '/' ? path + len + 1 : len == 1 ? path + 1 : NULL;
}

/* Is ITEM's path below the directory? */
static bool is_above(const char *directory, const struct watch_item *item)
{
	size_t len = strlen(directory);

	return len == 1 || (strncmp(item->path, directory, len) == 0 && item->path[len] == '/');
}

/* PATH, which is a DIRECTORY or not, is GONE or has changed in another way. */
static void mark(struct watch_files *files, const char *path, bool directory, bool gone,
		 int64_t now_ms)
{
	for (size_t i = 0; i < files->n_items; i++) {
		struct watch_item *item = &files->items[i];
		const char *rest = below(item, path);

		/* Where only some files count, a directory of others is nothing that happened. */
		if (!rest || (directory && item->rule->include.n > 0 && *rest) ||
		    !watch_item_wants(item, rest, directory))
			continue;
		/* When the whole directory is gone the container's own files in the target stay. */
		if (gone && *rest)
			watch_changes_remove(&item->changes, rest, now_ms);
		else if (!gone || !directory)
			watch_changes_add(&item->changes, rest, now_ms);
	}
}

static bool is_wanted(const struct watch_files *files, const char *directory)
{
	for (size_t i = 0; i < files->n_items; i++) {
		const char *rest = below(&files->items[i], directory);

		if (rest ? watch_item_wants(&files->items[i], rest, true)
			 : is_above(directory, &files->items[i]))
			return true;
	}
	return false;
}

static int no_room(int code, struct err *err)
{
	if (code == ENOSPC)
		return err_set(err, ENOSPC,
			       "there are more directories to watch than the kernel allows: raise "
			       "it with 'sysctl fs.inotify.max_user_watches=524288', or say below "
			       "'ignore' what need not be watched");
	return err_set(err, code,
		       "the kernel allows no further watcher: raise it with 'sysctl "
		       "fs.inotify.max_user_instances=1024'");
}

/* The kernel has one watch for one directory, whatever it is called.  1: it is not there. */
static int add_directory(struct watch_files *files, const char *path, struct err *err)
{
	int wd = inotify_add_watch(files->fd, path, EVENTS);
	struct watch_directory *grown;
	size_t at = 0;

	if (wd < 0 && errno == ENOSPC)
		return no_room(errno, err);
	if (wd < 0)
		return 1;
	while (at < files->n_directories && files->directories[at].wd != wd)
		at++;
	if (at == files->n_directories) {
		grown = realloc(files->directories, (at + 1) * sizeof(*grown));
		if (!grown)
			return err_nomem(err);
		files->directories = grown;
		files->n_directories++;
	} else {
		free(files->directories[at].path);
	}
	files->directories[at] = (struct watch_directory){wd, strdup(path)};
	return files->directories[at].path ? 0 : err_nomem(err);
}

static int add_tree(struct watch_files *files, const char *path, int64_t now_ms, int depth,
		    struct err *err);

/* ENTRY of the directory PATH; what is in a new one came before its watch did. */
static int add_entry(struct watch_files *files, int dir, const char *path, const char *name,
		     int64_t now_ms, int depth, struct err *err)
{
	char child[PATH_MAX];
	struct stat st;

	if ((size_t)snprintf(child, sizeof(child), "%s/%s", strcmp(path, "/") ? path : "", name) >=
		    sizeof(child) ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (now_ms >= 0)
		mark(files, child, S_ISDIR(st.st_mode), false, now_ms);
	if (S_ISDIR(st.st_mode) && is_wanted(files, child))
		return add_tree(files, child, now_ms, depth + 1, err);
	return 0;
}

/* Watch PATH and all below it.  NOW_MS -1: it was there before, and has not changed. */
static int add_tree(struct watch_files *files, const char *path, int64_t now_ms, int depth,
		    struct err *err)
{
	int r = depth < DEPTH_MAX ? add_directory(files, path, err) : 1;
	struct dirent *entry;
	DIR *dir;

	if (r != 0)
		return r < 0 ? r : 0;
	dir = opendir(path);
	while (dir && r == 0 && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			r = add_entry(files, dirfd(dir), path, entry->d_name, now_ms, depth, err);
	if (dir)
		closedir(dir);
	return r;
}

/* The length of what REST, which follows a directory's path, begins with: "/src" of "/src/a.c". */
static size_t component(const char *rest)
{
	size_t slash = strspn(rest, "/");

	return slash + strcspn(rest + slash, "/");
}

/* Cut the last component off; "/" stays. */
static void go_up(char *path)
{
	char *slash = strrchr(path, '/');

	*(slash > path ? slash : slash + 1) = '\0';
}

/*
 * Watch ITEM's path, and the nearest directory above it, in which it comes, or a
 * directory on the way to it.  What came before the watch did is found by looking.
 */
static int add_item(struct watch_files *files, const struct watch_item *item, int64_t now_ms,
		    struct err *err)
{
	char above[PATH_MAX];
	struct stat st;
	int r;

	if ((size_t)snprintf(above, sizeof(above), "%s", item->path) >= sizeof(above))
		return err_set(err, ENAMETOOLONG, "'%.64s…' is too long", item->path);
	do {
		go_up(above);
		r = add_directory(files, above, err);
	} while (r == 1 && strcmp(above, "/") != 0);
	if (r < 0)
		return r;
	snprintf(above + strlen(above), sizeof(above) - strlen(above), "%.*s",
		 (int)component(item->path + strlen(above)), item->path + strlen(above));
	if (now_ms >= 0 && stat(above, &st) == 0)
		mark(files, above, S_ISDIR(st.st_mode), false, now_ms);
	return add_tree(files, above, now_ms, 0, err);
}

int watch_files_init(struct watch_files *files, struct watch_item *items, size_t n, struct err *err)
{
	int r = 0;

	*files = (struct watch_files){
		.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), .items = items, .n_items = n};
	if (files->fd < 0)
		return no_room(errno, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (access(items[i].path, F_OK) < 0)
			cli_say("service '%s': '%s' is not there yet; it is watched as soon as it "
				"is",
				items[i].service->name, items[i].path);
		r = add_item(files, &items[i], -1, err);
	}
	return r;
}

/* It is called otherwise now, or is nowhere that matters. */
static void forget_tree(struct watch_files *files, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < files->n_directories; i++) {
		const char *at = files->directories[i].path;

		if (strncmp(at, path, len) == 0 && (at[len] == '/' || !at[len]))
			inotify_rm_watch(files->fd, files->directories[i].wd);
	}
}

/* The watch of a directory has ended; what came in it is waited for further up. */
static int forget(struct watch_files *files, size_t at, int64_t now_ms, struct err *err)
{
	CLEANUP_FREE char *path = files->directories[at].path;
	int r = 0;

	files->directories[at] = files->directories[--files->n_directories];
	for (size_t i = 0; r == 0 && i < files->n_items; i++)
		if (is_above(path, &files->items[i]))
			r = add_item(files, &files->items[i], now_ms, err);
	return r;
}

/* A new file is worth a look when it is closed; links and the like are never written. */
static bool is_unfinished(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1;
}

static int on_entry(struct watch_files *files, const char *path, uint32_t mask, int64_t now_ms,
		    struct err *err)
{
	bool directory = mask & IN_ISDIR;

	if (directory && (mask & IN_ATTRIB))
		return 0;
	if (!directory && (mask & IN_CREATE) && is_unfinished(path))
		return 0;
	if (directory && (mask & IN_MOVED_FROM))
		forget_tree(files, path);
	mark(files, path, directory, mask & GONE, now_ms);
	if (directory && (mask & (IN_CREATE | IN_MOVED_TO)) && is_wanted(files, path))
		return add_tree(files, path, now_ms, 0, err);
	return 0;
}

/* Events were lost: anything may have changed. */
static int on_overflow(struct watch_files *files, int64_t now_ms, struct err *err)
{
	int r = 0;

	cli_say("more has changed at once than the kernel could tell: looking at everything; what "
		"was deleted may stay in the containers");
	for (size_t i = 0; r == 0 && i < files->n_items; i++) {
		watch_changes_add(&files->items[i].changes, "", now_ms);
		r = add_item(files, &files->items[i], -1, err);
	}
	return r;
}

static int on_event(struct watch_files *files, const struct inotify_event *event, int64_t now_ms,
		    struct err *err)
{
	char path[PATH_MAX];
	size_t at = 0;

	if (event->mask & IN_Q_OVERFLOW)
		return on_overflow(files, now_ms, err);
	while (at < files->n_directories && files->directories[at].wd != event->wd)
		at++;
	if (at == files->n_directories)
		return 0;
	if (event->mask & IN_IGNORED)
		return forget(files, at, now_ms, err);
	/* The uppermost one: that it went is no event of a directory above it. */
	if (event->mask & IN_MOVE_SELF) {
		forget_tree(files, files->directories[at].path);
		return 0;
	}
	if (event->len == 0 ||
	    (size_t)snprintf(path, sizeof(path), "%s/%s",
			     strcmp(files->directories[at].path, "/") ? files->directories[at].path
								      : "",
			     event->name) >= sizeof(path))
		return 0;
	return on_entry(files, path, event->mask, now_ms, err);
}

int watch_files_read(struct watch_files *files, int64_t now_ms, struct err *err)
{
	_Alignas(struct inotify_event) char buffer[65536];
	ssize_t len;
	int r = 0;

	while (r == 0 && (len = read(files->fd, buffer, sizeof(buffer))) > 0) {
		for (char *p = buffer; r == 0 && p < buffer + len;) {
			const struct inotify_event *event = (const struct inotify_event *)p;

			r = on_event(files, event, now_ms, err);
			p += sizeof(*event) + event->len;
		}
	}
	return r;
}

void watch_files_release(struct watch_files *files)
{
	for (size_t i = 0; i < files->n_directories; i++)
		free(files->directories[i].path);
	free(files->directories);
	cleanup_close(&files->fd);
}
