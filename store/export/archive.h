// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_EXPORT_ARCHIVE_H
#define STACK_STORE_EXPORT_ARCHIVE_H

#include "core/base/err.h"
#include "store/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Archive file: a tar archive that is planned first and then written in one go
 *
 * Its members have no owners and no times.  The last one that is added is written
 * first: what is known last is what a reader of a pipe has to know first.
 */
#define ARCHIVE_NAME_MAX 128

struct archive_member {
	char name[ARCHIVE_NAME_MAX];
	char hex[DIGEST_HEX_LEN + 1]; /* what it has to be; "": not checked */
	int fd;			      /* -1: it is `text` */
	char *text;
	uint64_t size;
};

struct archive_file {
	struct archive_member *members;
	size_t n;
};

/* FD, which is taken over even on failure, has SIZE bytes with the digest HEX. */
int archive_file_add(struct archive_file *file, const char *name, int fd, uint64_t size,
		     const char *hex, struct err *err);
int archive_file_add_text(struct archive_file *file, const char *name, const char *text,
			  struct err *err);
bool archive_file_has(const struct archive_file *file, const char *name);

/* -EINVAL: a member is not what it has to be.  Blocks: for who reads FD. */
int archive_file_write(const struct archive_file *file, int fd, struct err *err);

void archive_file_release(struct archive_file *file);

#endif
