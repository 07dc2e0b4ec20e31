// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/watch_sync.h"

#include "cmd/cli/copy.h"
#include "cmd/cli/watch_files.h"
#include "core/base/cleanup.h"
#include "core/base/paths.h"
#include "core/container/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The stream goes into directories and out of them, as the sorted paths ask for. */
struct batch {
	struct tree_sender sender; /* its path is where the stream is */
	int root;
	size_t lengths[TREE_DEPTH_MAX + 1];
	unsigned int depth;
};

static bool wanted(void *data, const char *path, bool directory)
{
	return watch_item_wants(data, path, directory);
}

/* Sockets and FIFOs come and go among sources; nobody wants to be told each time. */
static void skipped(void *data, const char *path, const char *what)
{
	(void)data;
	(void)path;
	(void)what;
}

static int put(struct batch *batch, enum tree_type type, const char *name, struct err *err)
{
	const struct tree_entry entry = {.type = type, .name = name, .mode = 0755};

	return tree_put(batch->sender.out, &entry, err);
}

static int leave(struct batch *batch, struct err *err)
{
	tree_path_leave(&batch->sender.path, batch->lengths[--batch->depth]);
	return put(batch, TREE_LEAVE, NULL, err);
}

/* One that is there in the container stays as it is, so this says what is for a new one. */
static int enter(struct batch *batch, const char *path, size_t len, struct err *err)
{
	struct tree_entry entry = {.type = TREE_DIR, .mode = 0755};
	char name[TREE_NAME_MAX + 1];
	struct stat st;

	if (len > TREE_NAME_MAX || batch->depth == TREE_DEPTH_MAX)
		return err_set(err, ENAMETOOLONG, "'%.64s…' is too deep, or too long", path);
	snprintf(name, sizeof(name), "%.*s", (int)len, path);
	batch->lengths[batch->depth++] = tree_path_enter(&batch->sender.path, name);
	if (fstatat(batch->root, batch->sender.path.text, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		entry.mode = st.st_mode & 07777;
		entry.mtime_s = st.st_mtim.tv_sec;
	}
	entry.name = name;
	return tree_put(batch->sender.out, &entry, err);
}

static bool is_in(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return len == 0 || (strncmp(path, dir, len) == 0 && path[len] == '/');
}

/* Go to the directory that PATH is in; RET_BASE is its last component. */
static int go_to(struct batch *batch, const char *path, const char **ret_base, struct err *err)
{
	const char *at = batch->sender.path.text;
	int r = 0;

	while (r == 0 && !is_in(path, at))
		r = leave(batch, err);
	while (r == 0) {
		const char *name = path + strlen(at) + (*at != '\0'), *slash = strchr(name, '/');

		*ret_base = name;
		if (!slash)
			break;
		r = enter(batch, name, (size_t)(slash - name), err);
	}
	return r;
}

/* PATH, or the uppermost directory on the way that is not there.  Is it missing? */
static bool cut_to_missing(int root, char path[PATH_MAX])
{
	struct stat st;

	for (char *end = path; *end; end += *end == '/') {
		char after;

		end += strcspn(end, "/");
		after = *end;
		*end = '\0';
		if (fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return true;
		*end = after;
	}
	return false;
}

static int send_change(struct batch *batch, const char *changed, struct err *err)
{
	char path[PATH_MAX], parent[PATH_MAX];
	CLEANUP_FD int dir = -1;
	const char *base = path;
	bool missing;
	int r;

	snprintf(path, sizeof(path), "%s", changed);
	missing = cut_to_missing(batch->root, path);
	r = go_to(batch, path, &base, err);
	if (r < 0)
		return r;
	if (missing)
		return put(batch, TREE_REMOVE, base, err);
	snprintf(parent, sizeof(parent), "./%.*s", (int)(base - path), path);
	dir = openat(batch->root, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* Gone again: that is a change of its own. */
	return dir < 0 ? 0 : tree_send_entry(&batch->sender, dir, base, err);
}

/* What was gone and is a directory now has nothing in it of what it had. */
static int send_gone(struct batch *batch, const char *gone, struct err *err)
{
	const char *base = gone;
	struct stat st;
	int r;

	if (fstatat(batch->root, gone, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)) {
		r = go_to(batch, gone, &base, err);
		if (r == 0)
			r = put(batch, TREE_REMOVE, base, err);
		if (r < 0)
			return r;
	}
	return send_change(batch, gone, err);
}

/* Where the directory itself is gone there is nothing. */
static int send_everything(struct batch *batch, struct err *err)
{
	int fd =
		batch->root < 0 ? -1 : openat(batch->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (batch->root < 0)
		return 0;
	if (!dir) {
		r = err_sys(err, errno, "read the watched directory");
		cleanup_close(&fd);
		return r;
	}
	while (r == 0 && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			r = tree_send_entry(&batch->sender, fd, entry->d_name, err);
	closedir(dir);
	return r;
}

static int send_directory(struct batch *batch, const struct watch_changes *changes, struct err *err)
{
	const struct tree_entry start = {.type = TREE_START,
					 .flags = TREE_CONTENTS | TREE_MAKE_PARENTS};
	int r = tree_put(batch->sender.out, &start, err);

	if (r == 0)
		r = put(batch, TREE_DIR, "root", err);
	for (size_t i = 0; r == 0 && i < changes->gone.n; i++)
		r = send_gone(batch, changes->gone.items[i], err);
	for (size_t i = 0; r == 0 && i < changes->paths.n; i++)
		r = *changes->paths.items[i] ? send_change(batch, changes->paths.items[i], err)
					     : send_everything(batch, err);
	while (r == 0 && batch->depth > 0)
		r = leave(batch, err);
	return r < 0 ? r : put(batch, TREE_LEAVE, NULL, err);
}

/* The watched path is a file, and BASE what it is called in the container. */
static int send_file(struct batch *batch, const char *path, const char *base, struct err *err)
{
	const struct tree_entry start = {
		.type = TREE_START, .flags = TREE_MAKE_PARENTS, .name = base};
	const char *name = strrchr(path, '/') + 1;
	char parent[PATH_MAX];
	CLEANUP_FD int dir = -1;
	int r;

	snprintf(parent, sizeof(parent), "%.*s", (int)(name - path), path);
	dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "open '%s'", parent);
	r = tree_put(batch->sender.out, &start, err);
	batch->sender.wanted = NULL;
	return r < 0 ? r : tree_send_entry(&batch->sender, dir, name, err);
}

static int remove_file(struct batch *batch, const char *base, struct err *err)
{
	const struct tree_entry start = {.type = TREE_START,
					 .flags = TREE_CONTENTS | TREE_MAKE_PARENTS};
	int r = tree_put(batch->sender.out, &start, err);

	if (r == 0)
		r = put(batch, TREE_DIR, "root", err);
	if (r == 0)
		r = put(batch, TREE_REMOVE, base, err);
	return r < 0 ? r : put(batch, TREE_LEAVE, NULL, err);
}

static int send_all(struct batch *batch, const struct watch_item *item,
		    const struct watch_changes *changes, const char *base, struct err *err)
{
	const struct tree_entry end = {.type = TREE_END};
	int r;

	if (!item->is_file)
		r = send_directory(batch, changes, err);
	else if (access(item->path, F_OK) == 0)
		r = send_file(batch, item->path, base, err);
	else
		r = remove_file(batch, base, err);
	if (r == 0)
		r = tree_put(batch->sender.out, &end, err);
	return r < 0 ? r : tree_flush(batch->sender.out, err);
}

/* A file goes to the directory of its target, which is left in TARGET. */
static const char *split_target(char target[PATH_MAX])
{
	size_t len = strlen(target);
	char *slash;

	while (len > 1 && target[len - 1] == '/')
		target[--len] = '\0';
	slash = strrchr(target, '/');
	memmove(slash + 2, slash + 1, strlen(slash + 1) + 1);
	slash[1] = '\0';
	return slash + 2;
}

static int transfer(const struct watch_item *item, const struct watch_changes *changes,
		    const char *base, int fd, const volatile sig_atomic_t *stop, struct err *err)
{
	CLEANUP_FREE struct tree_stream *stream = calloc(1, sizeof(*stream));
	CLEANUP_FREE struct batch *batch = calloc(1, sizeof(*batch));
	CLEANUP_FD int descriptors = tree_open_descriptors(err), root = -1;

	if (!stream || !batch)
		return err_nomem(err);
	if (descriptors < 0)
		return descriptors;
	root = item->is_file ? -1 : open(item->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 && !item->is_file && errno != ENOENT)
		return err_sys(err, errno, "open '%s'", item->path);
	tree_stream_init(stream, fd, stop);
	*batch = (struct batch){.root = root,
				.sender = {.out = stream,
					   .descriptors = descriptors,
					   .wanted = wanted,
					   .skipped = skipped,
					   .data = (void *)(uintptr_t)item}};
	return send_all(batch, item, changes, base, err);
}

int watch_sync(const struct watch_item *item, const struct watch_changes *changes,
	       const char *directory, const volatile sig_atomic_t *stop, struct err *err)
{
	const struct copy_options options = {.stop = stop};
	char target[PATH_MAX];
	const struct copy_end end = {
		.kind = COPY_CONTAINER, .path = target, .directory = directory};
	const char *base = NULL;
	pid_t pid;
	int fd, r, ended;

	/* Room for the byte that splitting it takes. */
	r = paths_join(target, sizeof(target) - 1, err, "%s", item->rule->target);
	if (r < 0)
		return r;
	if (item->is_file)
		base = split_target(target);
	r = copy_spawn(&end, false, &options, &pid, &fd, err);
	if (r < 0)
		return r;
	r = transfer(item, changes, base, fd, stop, err);
	close(fd);
	ended = copy_wait(pid, NULL);
	return r == -EPIPE && ended == 1 ? 1 : r < 0 ? r : ended;
}
