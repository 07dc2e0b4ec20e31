// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_SPOOL_H
#define STACK_STORE_IMPORT_SPOOL_H

#include "core/base/err.h"
#include "store/digest.h"

#include <stddef.h>
#include <stdint.h>

struct archive_entry;
struct layout;
struct stream;

/*
 * Spool: the files of an image that is being imported, by the names they have there
 *
 * An archive can only be read once and may come from a pipe, and its table of
 * contents may stand last; so its members go to the store's tmp/ as they come
 * and are hashed on the way.  The members of a directory are fetched when they
 * are asked for.  What turns out to belong to the image is then renamed to the
 * blob it is; the rest goes with tmp/.
 */
struct spool_file {
	char *name;
	char *link;		      /* another name that this one stands for, or NULL */
	char temp[24];		      /* in tmp/ */
	char hex[DIGEST_HEX_LEN + 1]; /* SHA-256 */
	uint64_t size;
};

struct spool {
	struct layout *layout;
	int source_fd; /* the directory that members are fetched from; -1: an archive */
	struct spool_file **files;
	size_t n_files, size;
	uint64_t bytes, max_bytes;
};

void spool_init(struct spool *spool, struct layout *layout, int source_fd, uint64_t max_bytes);

/* Forgets the files; those in tmp/ are removed. */
void spool_release(struct spool *spool);

/*
 * A new file called NAME, empty and open for writing.  RET_FD is the caller's,
 * RET_FILE is the spool's; `hex` and `size` are for the caller to set.
 */
int spool_create(struct spool *spool, const char *name, struct spool_file **ret_file, int *ret_fd,
		 struct err *err);

/* Take over the member that STREAM stands at.  Blocks: for both ends. */
int spool_add_member(struct spool *spool, struct stream *stream, struct archive_entry *entry,
		     struct err *err);

/* A file of our own making. */
int spool_add_text(struct spool *spool, const char *name, const char *text,
		   struct spool_file **ret_file, struct err *err);

/*
 * Take over the blob that the file HEX in DIRFD is said to be, as blobs/sha256/HEX.  It
 * stays where it is, for the same bytes serve both.  Those of SPOOL_TEXT_MAX at most are
 * verified; a larger one is a layer, which its diff id will tell.
 *
 * -ENOENT: it is not there.  Blocks: for the disk.
 */
int spool_adopt(struct spool *spool, int dirfd, const char *hex, struct spool_file **ret_file,
		struct err *err);

/* -ENOENT: the image has no such file.  Blocks: for a directory's file to be copied. */
int spool_find(struct spool *spool, const char *name, struct spool_file **ret_file,
	       struct err *err);

/* Open FILE for reading, at its start. */
int spool_open(const struct spool *spool, const struct spool_file *file, int *ret_fd,
	       struct err *err);

#define SPOOL_TEXT_MAX ((size_t)4 << 20)

/* The content of a small file, to be freed.  -EFBIG: over SPOOL_TEXT_MAX. */
int spool_read(const struct spool *spool, const struct spool_file *file, char **ret_text,
	       size_t *ret_len, struct err *err);

/* FILE becomes the blob that its digest names. */
int spool_publish(const struct spool *spool, const struct spool_file *file, struct err *err);

#endif
