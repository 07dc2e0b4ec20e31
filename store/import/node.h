// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_NODE_H
#define STACK_STORE_IMPORT_NODE_H

#include "core/base/err.h"

#include <stdbool.h>

struct archive_entry;
struct stream;

/*
 * Node: one file, directory, link or device of a layer, as its entry says
 *
 * Every function acts on the name BASE in the directory DIRFD, which is a name
 * of nobody else: the layer is not in use yet.  Owner, mode, times and extended
 * attributes are set through a descriptor of the object just made, or without
 * following symlinks where it cannot be opened.  The umask must be 0.
 */

enum node_before {
	NODE_NONE,	/* nothing was there, or it was removed */
	NODE_DIRECTORY, /* there is a directory, and it stays */
	NODE_WHITEOUT,	/* a whiteout was removed: lower layers' content was to be hidden */
};

/*
 * Make room for BASE.  With KEEP_DIR a directory that is there stays.
 * RET_REMOVED tells whether something went away.
 */
int node_clear(int dirfd, const char *base, bool keep_dir, enum node_before *ret_before,
	       bool *ret_removed, struct err *err);

/* A regular file with the content that STREAM has for ENTRY. */
int node_file(int dirfd, const char *base, struct archive_entry *entry, struct stream *stream,
	      struct err *err);

/* A directory, new or BEFORE.  Its times are the caller's: content is still to come. */
int node_directory(int dirfd, const char *base, struct archive_entry *entry,
		   enum node_before before, struct err *err);

/* Owner, mode and attributes of the directory that FD is open on. */
int node_directory_metadata(int fd, struct archive_entry *entry, struct err *err);

int node_symlink(int dirfd, const char *base, struct archive_entry *entry, struct err *err);

/* FIFO, character or block device. */
int node_special(int dirfd, const char *base, struct archive_entry *entry, struct err *err);

/*
 * What overlayfs takes for "BASE of the layers below is not there" (kernel,
 * Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories").
 * OCI image-spec layer.md: a whiteout says nothing about BASE of this layer.
 */
int node_whiteout(int dirfd, const char *base, struct err *err);

/* The directory FD shows nothing of the layers below. */
int node_opaque(int fd, struct err *err);

#endif
