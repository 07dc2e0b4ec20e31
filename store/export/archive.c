// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/export/archive.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BUFFER_SIZE ((size_t)256 << 10)

static struct archive_member *add(struct archive_file *file, const char *name, struct err *err)
{
	struct archive_member *grown =
		reallocarray(file->members, file->n + 1, sizeof(*file->members));

	if (!grown) {
		err_nomem(err);
		return NULL;
	}
	file->members = grown;
	grown += file->n++;
	*grown = (struct archive_member){.fd = -1};
	snprintf(grown->name, sizeof(grown->name), "%s", name);
	return grown;
}

int archive_file_add(struct archive_file *file, const char *name, int fd, uint64_t size,
		     const char *hex, struct err *err)
{
	struct archive_member *member = add(file, name, err);

	if (!member) {
		close(fd);
		return -ENOMEM;
	}
	member->fd = fd;
	member->size = size;
	snprintf(member->hex, sizeof(member->hex), "%s", hex);
	return 0;
}

int archive_file_add_text(struct archive_file *file, const char *name, const char *text,
			  struct err *err)
{
	struct archive_member *member = add(file, name, err);

	if (!member)
		return -ENOMEM;
	member->text = strdup(text);
	member->size = strlen(text);
	return member->text ? 0 : err_nomem(err);
}

bool archive_file_has(const struct archive_file *file, const char *name)
{
	for (size_t i = 0; i < file->n; i++)
		if (strcmp(file->members[i].name, name) == 0)
			return true;
	return false;
}

void archive_file_release(struct archive_file *file)
{
	for (size_t i = 0; i < file->n; i++) {
		cleanup_close(&file->members[i].fd);
		free(file->members[i].text);
	}
	free(file->members);
	*file = (struct archive_file){0};
}

static int failed(struct archive *tar, struct err *err)
{
	int code = archive_errno(tar);

	return err_sys(err, code > 0 ? code : EIO, "write the archive");
}

static int copy_content(struct archive *tar, const struct archive_member *member, char *buffer,
			struct err *err)
{
	char hex[DIGEST_HEX_LEN + 1];
	struct digest_stream digest;
	uint64_t left = member->size;

	digest_start(&digest);
	while (left > 0) {
		size_t wanted = left < BUFFER_SIZE ? (size_t)left : BUFFER_SIZE;
		ssize_t n = fd_read_full(member->fd, buffer, wanted);

		if (n < 0)
			return err_sys(err, (int)-n, "read the image store");
		if ((size_t)n < wanted)
			break;
		digest_update(&digest, buffer, wanted);
		if (archive_write_data(tar, buffer, wanted) < 0)
			return failed(tar, err);
		left -= wanted;
	}
	digest_finish(&digest, hex);
	if (left > 0 || strcmp(hex, member->hex) != 0)
		return err_set(err, EINVAL, "the image store is damaged: '%s' is something else",
			       member->name);
	return 0;
}

static int write_member(struct archive *tar, const struct archive_member *member, char *buffer,
			struct err *err)
{
	struct archive_entry *entry = archive_entry_new();
	int r;

	if (!entry)
		return err_nomem(err);
	archive_entry_copy_pathname(entry, member->name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)member->size);
	archive_entry_set_mtime(entry, 0, 0);
	r = archive_write_header(tar, entry) < ARCHIVE_WARN ? failed(tar, err) : 0;
	archive_entry_free(entry);
	if (r < 0)
		return r;
	if (member->fd >= 0)
		return copy_content(tar, member, buffer, err);
	return archive_write_data(tar, member->text, member->size) < 0 ? failed(tar, err) : 0;
}

static void tar_cleanup(struct archive **tar)
{
	archive_write_free(*tar);
}

int archive_file_write(const struct archive_file *file, int fd, struct err *err)
{
	CLEANUP(tar_cleanup) struct archive *tar = archive_write_new();
	CLEANUP_FREE char *buffer = malloc(BUFFER_SIZE);

	if (!tar || !buffer)
		return err_nomem(err);
	archive_write_set_format_pax_restricted(tar);
	archive_write_set_bytes_in_last_block(tar, 512);
	if (archive_write_open_fd(tar, fd) != ARCHIVE_OK)
		return failed(tar, err);
	/* The table of contents was added last. */
	for (size_t i = file->n; i-- > 0;) {
		int r = write_member(tar, &file->members[i], buffer, err);

		if (r < 0)
			return r;
	}
	return archive_write_close(tar) == ARCHIVE_OK ? 0 : failed(tar, err);
}
