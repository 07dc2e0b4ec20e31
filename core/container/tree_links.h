// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_TREE_LINKS_H
#define STACK_CORE_CONTAINER_TREE_LINKS_H

struct err;
struct stat;

/* Links: under which name a file that has several was seen first */
struct tree_links {
	void *files;
};

/*
 * RET_FIRST is the path that the file of ST was given at an earlier call, valid
 * until the release, or NULL; then PATH is remembered.
 */
int tree_links_find(struct tree_links *links, const struct stat *st, const char *path,
		    const char **ret_first, struct err *err);

void tree_links_release(struct tree_links *links);

#endif
