// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_WATCH_FILES_H
#define STACK_CMD_CLI_WATCH_FILES_H

#include "cmd/cli/options.h"
#include "cmd/cli/watch_changes.h"
#include "core/base/err.h"
#include "core/model/watch.h"

#include <stdbool.h>

struct arena;

/*
 * Watch files: what changes below the paths of a stack file's rules
 *
 * inotify(7) knows directories one by one, so each has a watch of its own, with
 * those that are made later.  The directory of a rule's path is watched as well, or
 * the nearest one above it that is there: an editor that saves by renaming replaces
 * the very file, and what is not there may come.  Links to directories are not
 * followed.
 */

/* Patterns of ignore.h, and where the watched path is below the directory they start in. */
struct watch_ignored {
	struct string_list patterns;
	const char *base; /* "" where it is that directory, else with a slash at its end */
};

enum watch_ignored_by {
	WATCH_IGNORED_HERE,  /* our own, the rule's, and the .dockerignore in the path */
	WATCH_IGNORED_BUILD, /* the .dockerignore of the service's build */
	WATCH_IGNORED_COUNT
};

struct watch_item {
	const struct service *service;
	const struct watch_rule *rule;
	char *path; /* the rule's, without a slash at its end */
	struct watch_ignored ignored[WATCH_IGNORED_COUNT];
	bool is_file; /* so is the path, as far as is known */
	struct watch_changes changes;
};

/* The rule's path, and the patterns that count below it; strings in ARENA. */
void watch_item_init(struct watch_item *item, const struct service *service,
		     const struct watch_rule *rule, struct arena *arena);
void watch_item_release(struct watch_item *item);

/* See whether its path is a file; one that is not there is what it was. */
void watch_item_look(struct watch_item *item);

/* Is it a directory that the service's build leaves out as a whole? */
bool watch_item_is_left_out(const struct watch_item *item);

/* Does PATH, below ITEM's, count? */
bool watch_item_wants(const struct watch_item *item, const char *path, bool directory);

struct watch_directory {
	int wd;
	char *path;
};

struct watch_files {
	int fd; /* readable when there is something to read */
	struct watch_directory *directories;
	size_t n_directories;
	struct watch_item *items;
	size_t n_items;
};

/*
 * Watch the paths of the N ITEMS, which are borrowed.
 *
 * -ENOSPC, -EMFILE: the kernel's limit; the sentence says which and how to raise it.
 */
int watch_files_init(struct watch_files *files, struct watch_item *items, size_t n,
		     struct err *err);

/* Note what has changed in the items, NOW_MS being the time.  Returns likewise. */
int watch_files_read(struct watch_files *files, int64_t now_ms, struct err *err);
void watch_files_release(struct watch_files *files);

#endif
