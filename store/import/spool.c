// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/spool.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/hash.h"
#include "store/import/place.h"
#include "store/import/stream.h"
#include "store/layout.h"

#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MEMBERS_MAX 65536
#define LINKS_MAX   8
#define COPY_SIZE   ((size_t)256 << 10)

void spool_init(struct spool *spool, struct layout *layout, int source_fd, uint64_t max_bytes)
{
	*spool = (struct spool){
		.layout = layout,
		.source_fd = source_fd,
		.max_bytes = max_bytes,
	};
}

void spool_release(struct spool *spool)
{
	for (size_t i = 0; i < spool->n_files; i++) {
		struct spool_file *file = spool->files[i];

		if (file->temp[0])
			unlinkat(spool->layout->tmp_fd, file->temp, 0);
		free(file->name);
		free(file->link);
		free(file);
	}
	free(spool->files);
	spool->files = NULL;
	spool->n_files = spool->size = 0;
}

static int add_file(struct spool *spool, const char *name, struct spool_file **ret_file,
		    struct err *err)
{
	struct spool_file *file = NULL;

	if (spool->n_files >= MEMBERS_MAX)
		return err_set(err, EFBIG, "the archive has more than %d members", MEMBERS_MAX);
	if (spool->n_files == spool->size) {
		size_t size = spool->size ? spool->size * 2 : 64;
		struct spool_file **files = realloc(spool->files, size * sizeof(*files));

		if (!files)
			return err_nomem(err);
		spool->files = files;
		spool->size = size;
	}
	file = calloc(1, sizeof(*file));
	if (!file)
		return err_nomem(err);
	file->name = strdup(name);
	if (!file->name) {
		free(file);
		return err_nomem(err);
	}
	spool->files[spool->n_files++] = file;
	*ret_file = file;
	return 0;
}

static void name_temp(const struct spool *spool, struct spool_file *file)
{
	snprintf(file->temp, sizeof(file->temp), "%zu", spool->n_files);
}

int spool_create(struct spool *spool, const char *name, struct spool_file **ret_file, int *ret_fd,
		 struct err *err)
{
	struct spool_file *file = NULL;
	int fd, r;

	r = add_file(spool, name, &file, err);
	if (r < 0)
		return r;
	name_temp(spool, file);
	fd = openat(spool->layout->tmp_fd, file->temp,
		    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "create a file in the image store");
	*ret_file = file;
	*ret_fd = fd;
	return 0;
}

static int append(struct spool *spool, int fd, struct digest_stream *digest, const void *data,
		  size_t len, struct err *err)
{
	int r;

	spool->bytes += len;
	if (spool->bytes > spool->max_bytes)
		return err_set(err, EFBIG,
			       "the image needs more than the %llu MiB that there is room for",
			       (unsigned long long)(spool->max_bytes >> 20));
	digest_update(digest, data, len);
	r = fd_write_all(fd, data, len);
	return r < 0 ? err_sys(err, -r, "write to the image store") : 0;
}

static void finish(struct spool_file *file, struct digest_stream *digest)
{
	file->size = digest->bytes;
	digest_finish(digest, file->hex);
}

int spool_add_text(struct spool *spool, const char *name, const char *text,
		   struct spool_file **ret_file, struct err *err)
{
	CLEANUP_FD int fd = -1;
	struct digest_stream digest;
	struct spool_file *file = NULL;
	int r;

	r = spool_create(spool, name, &file, &fd, err);
	if (r < 0)
		return r;
	digest_start(&digest);
	r = append(spool, fd, &digest, text, strlen(text), err);
	if (r < 0)
		return r;
	finish(file, &digest);
	*ret_file = file;
	return 0;
}

/* "a/b" and "../c" give "c": what a link in an archive stands for. */
static int link_target(const char *from, const char *to, char ret_path[PATH_MAX], struct err *err)
{
	char joined[2 * PATH_MAX];
	const char *slash = strrchr(from, '/');
	size_t dir = slash ? (size_t)(slash - from) : 0;

	if (strlen(to) >= PATH_MAX)
		return err_set(err, EINVAL, "the archive has a link with too long a target");
	while (strncmp(to, "../", 3) == 0 && dir > 0) {
		while (dir > 0 && from[--dir] != '/')
			;
		to += 3;
	}
	snprintf(joined, sizeof(joined), "%.*s/%s", (int)dir, from, to);
	return place_clean(joined, ret_path, err);
}

static int add_link(struct spool *spool, const char *name, const char *from, const char *to,
		    struct err *err)
{
	struct spool_file *file = NULL;
	char target[PATH_MAX];
	int r;

	r = link_target(from, to ? to : "", target, err);
	if (r == 0)
		r = add_file(spool, name, &file, err);
	if (r < 0)
		return r;
	file->link = strdup(target);
	return file->link ? 0 : err_nomem(err);
}

int spool_add_member(struct spool *spool, struct stream *stream, struct archive_entry *entry,
		     struct err *err)
{
	const char *raw_name = archive_entry_pathname(entry);
	CLEANUP_FD int fd = -1;
	struct digest_stream digest;
	struct spool_file *file = NULL;
	char name[PATH_MAX];
	const void *data;
	off_t offset;
	size_t len;
	int r;

	if (!raw_name)
		return err_set(err, EINVAL, "the archive has an entry without a readable name");
	r = place_clean(raw_name, name, err);
	if (r < 0)
		return r;
	if (archive_entry_hardlink(entry))
		return add_link(spool, name, "", archive_entry_hardlink(entry), err);
	if (archive_entry_filetype(entry) == AE_IFLNK)
		return add_link(spool, name, name, archive_entry_symlink(entry), err);
	if (archive_entry_filetype(entry) != AE_IFREG)
		return 0;
	if (archive_entry_sparse_count(entry) > 0)
		return err_set(err, EINVAL, "the archive has an entry with holes, '%.200s'", name);
	r = spool_create(spool, name, &file, &fd, err);
	if (r < 0)
		return r;
	digest_start(&digest);
	while ((r = stream_data(stream, &data, &len, &offset, err)) > 0) {
		r = append(spool, fd, &digest, data, len, err);
		if (r < 0)
			return r;
	}
	if (r == 0)
		finish(file, &digest);
	return r;
}

/* Open NAME in the directory that is imported, without leaving it. */
static int open_source(const struct spool *spool, const char *name, struct err *err)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	struct stat st;
	long fd;

	do
		fd = syscall(SYS_openat2, spool->source_fd, name, &how, sizeof(how));
	while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	if (fd < 0)
		return err_sys(err, errno, "open '%s' in the image", name);
	if (fstat((int)fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close((int)fd);
		return err_set(err, EINVAL, "'%s' in the image is not a regular file", name);
	}
	return (int)fd;
}

static int fetch(struct spool *spool, const char *name, struct spool_file **ret_file,
		 struct err *err)
{
	CLEANUP_FD int fd = -1, from = open_source(spool, name, err);
	CLEANUP_FREE char *buffer = malloc(COPY_SIZE);
	struct digest_stream digest;
	struct spool_file *file = NULL;
	int r;

	if (from < 0)
		return from;
	if (!buffer)
		return err_nomem(err);
	r = spool_create(spool, name, &file, &fd, err);
	digest_start(&digest);
	while (r == 0) {
		ssize_t n = fd_read_full(from, buffer, COPY_SIZE);

		if (n < 0)
			return err_sys(err, (int)-n, "read '%s' in the image", name);
		if (n == 0)
			break;
		r = append(spool, fd, &digest, buffer, (size_t)n, err);
	}
	if (r < 0)
		return r;
	finish(file, &digest);
	*ret_file = file;
	return 0;
}

/* Has the small file that FILE is the content that its name says? */
static int check_adopted(const struct spool *spool, const struct spool_file *file, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	char hex[HASH_HEX_LEN + 1];
	size_t len = 0;
	int r = spool_read(spool, file, &text, &len, err);

	if (r < 0)
		return r;
	hash_bytes(hex, text, len);
	if (strcmp(hex, file->hex) != 0)
		return err_set(err, EINVAL, "the content of sha256:%.12s… has another digest",
			       file->hex);
	return 0;
}

int spool_adopt(struct spool *spool, int dirfd, const char *hex, struct spool_file **ret_file,
		struct err *err)
{
	char name[sizeof("blobs/sha256/") + DIGEST_HEX_LEN];
	struct spool_file *file = NULL;
	struct stat st;
	int r;

	if (fstatat(dirfd, hex, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, ENOENT, "the image is incomplete: sha256:%.12s… is missing",
			       hex);
	snprintf(name, sizeof(name), "blobs/sha256/%s", hex);
	r = add_file(spool, name, &file, err);
	if (r < 0)
		return r;
	name_temp(spool, file);
	if (linkat(dirfd, hex, spool->layout->tmp_fd, file->temp, 0) < 0)
		return err_sys(err, errno, "take over a blob in the image store");
	file->size = (uint64_t)st.st_size;
	memcpy(file->hex, hex, sizeof(file->hex));
	r = file->size <= SPOOL_TEXT_MAX ? check_adopted(spool, file, err) : 0;
	if (r == 0)
		*ret_file = file;
	return r;
}

static struct spool_file *lookup(const struct spool *spool, const char *name)
{
	/* As in tar, the last of two members with one name is the one that counts. */
	for (size_t i = spool->n_files; i-- > 0;)
		if (strcmp(spool->files[i]->name, name) == 0)
			return spool->files[i];
	return NULL;
}

int spool_find(struct spool *spool, const char *name, struct spool_file **ret_file, struct err *err)
{
	struct spool_file *file = NULL;
	char path[PATH_MAX];
	int r;

	r = place_clean(name, path, err);
	if (r < 0)
		return r;
	file = lookup(spool, path);
	for (int i = 0; file && file->link && i < LINKS_MAX; i++)
		file = lookup(spool, file->link);
	if (file && !file->link) {
		*ret_file = file;
		return 0;
	}
	if (spool->source_fd >= 0)
		return fetch(spool, path, ret_file, err);
	return err_set(err, ENOENT, "the image is incomplete: '%.200s' is not in it", name);
}

int spool_open(const struct spool *spool, const struct spool_file *file, int *ret_fd,
	       struct err *err)
{
	int fd = openat(spool->layout->tmp_fd, file->temp, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "open a file in the image store");
	*ret_fd = fd;
	return 0;
}

int spool_read(const struct spool *spool, const struct spool_file *file, char **ret_text,
	       size_t *ret_len, struct err *err)
{
	if (file->size > SPOOL_TEXT_MAX)
		return err_set(err, EFBIG, "'%s' in the image is larger than %zu MiB", file->name,
			       SPOOL_TEXT_MAX >> 20);
	return fd_read_file(spool->layout->tmp_fd, file->temp, SPOOL_TEXT_MAX, ret_text, ret_len,
			    err);
}

int spool_publish(const struct spool *spool, const struct spool_file *file, struct err *err)
{
	/* One file may be two layers of the image: the second time it is there already. */
	if (renameat(spool->layout->tmp_fd, file->temp, spool->layout->blobs_fd, file->hex) == 0 ||
	    (errno == ENOENT &&
	     faccessat(spool->layout->blobs_fd, file->hex, F_OK, AT_SYMLINK_NOFOLLOW) == 0))
		return 0;
	return err_sys(err, errno, "put a blob into the image store");
}
