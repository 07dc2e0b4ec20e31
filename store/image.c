// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/image.h"

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "store/digest.h"
#include "store/image_file.h"
#include "store/index.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ID_PREFIX_MIN 6

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}

/* An absent store is an empty one: -ENOENT without a sentence. */
static int open_images(const struct paths *paths, int *ret_fd, struct err *err)
{
	char path[PATH_MAX];
	int fd, r;

	r = paths_join(path, sizeof(path), err, "%s/images", paths->root);
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return err_sys(err, errno, "open the image store '%s'", path);
	*ret_fd = fd;
	return 0;
}

/* Does the entry called REFERENCE with DIGEST answer to WANTED, a normalised reference? */
static bool matches(const char *wanted, const char *reference, const char *digest)
{
	const char *at = strchr(wanted, '@');
	size_t name = at ? (size_t)(at - wanted) : strlen(wanted);

	if (strcmp(wanted, reference) == 0)
		return true;
	if (!at || strcmp(at + 1, digest) != 0 || strncmp(wanted, reference, name) != 0)
		return false;
	return reference[name] == '\0' || reference[name] == ':';
}

/* The digest that REFERENCE names, or NULL; RET_REFERENCE is its name in the index. */
static const char *lookup(const json_t *index, const char *wanted, const char **ret_reference)
{
	for (size_t i = 0; i < index_size(index); i++) {
		const char *reference, *digest;

		index_entry(index, i, &reference, &digest);
		if (reference && digest && matches(wanted, reference, digest)) {
			*ret_reference = reference;
			return digest;
		}
	}
	return NULL;
}

/* The name that the index has for DIGEST, or NULL. */
static const char *name_of(const json_t *index, const char *wanted)
{
	for (size_t i = 0; i < index_size(index); i++) {
		const char *reference, *digest;

		index_entry(index, i, &reference, &digest);
		if (reference && digest && strcmp(digest, wanted) == 0)
			return reference;
	}
	return NULL;
}

/* The one image whose id begins with the digits of TEXT: -ENOENT, -ENOTUNIQ or 0. */
static int lookup_id(int images_fd, const char *text, char ret_hex[DIGEST_HEX_LEN + 1])
{
	const char *prefix = strncmp(text, "sha256:", 7) == 0 ? text + 7 : text;
	size_t len = strlen(prefix), found = 0;
	struct dirent *entry;
	DIR *dir;
	int fd;

	if (len < ID_PREFIX_MIN || len > DIGEST_HEX_LEN ||
	    strspn(prefix, "0123456789abcdef") != len)
		return -ENOENT;
	fd = openat(images_fd, IMAGE_FILE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -ENOENT;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, prefix, len) != 0 ||
		    strlen(entry->d_name) != DIGEST_HEX_LEN + strlen(".json"))
			continue;
		snprintf(ret_hex, DIGEST_HEX_LEN + 1, "%.*s", DIGEST_HEX_LEN, entry->d_name);
		found++;
	}
	closedir(dir);
	return found == 1 ? 0 : found ? -ENOTUNIQ : -ENOENT;
}

static int not_found(const json_t *index, const char *text, struct err *err)
{
	size_t n = index ? index_size(index) : 0, known = 0;
	const char **names = calloc(n + 1, sizeof(*names));
	const char *meant = NULL;

	for (size_t i = 0; names && i < n; i++) {
		const char *reference, *digest;

		index_entry(index, i, &reference, &digest);
		if (reference)
			names[known++] = image_reference_familiar(reference);
	}
	if (names)
		meant = text_suggest(text, names, known);
	if (meant)
		err_set(err, ENOENT, "no image '%s' in the store; did you mean '%s'?", text, meant);
	else
		err_set(err, ENOENT,
			"no image '%s' in the store; 'stack image pull %s' gets it from a "
			"registry, 'stack image import FILE %s' from a file",
			text, text, text);
	free(names);
	return -ENOENT;
}

/* Load the image with the digits HEX and call it REFERENCE. */
static int load(int images_fd, const char *hex, const char *reference, struct image *ret_image,
		struct err *err)
{
	struct image image;
	int r;

	r = image_file_load(images_fd, hex, &image, err);
	if (r < 0)
		return r;
	image.reference = strdup(reference ? reference : image.id);
	if (!image.reference) {
		image_release(&image);
		return err_nomem(err);
	}
	*ret_image = image;
	return 0;
}

int image_find(const struct paths *paths, const char *reference, struct image *ret_image,
	       struct err *err)
{
	CLEANUP(json_cleanup) json_t *index = NULL;
	CLEANUP_FD int fd = -1;
	char wanted[IMAGE_REFERENCE_SIZE], hex[DIGEST_HEX_LEN + 1], id[DIGEST_LEN + 1];
	const char *name = NULL, *digest = NULL;
	int r, normal;

	r = open_images(paths, &fd, err);
	if (r == -ENOENT)
		return not_found(NULL, reference, err);
	if (r == 0)
		r = index_load(fd, &index, err);
	if (r < 0)
		return r;
	normal = image_reference_normalize(reference, wanted, sizeof(wanted), err);
	if (normal == 0)
		digest = lookup(index, wanted, &name);
	if (!digest) {
		r = lookup_id(fd, reference, hex);
		if (r == -ENOTUNIQ)
			return err_set(err, ENOENT,
				       "more than one image id begins with '%s'; give more digits",
				       reference);
		if (r < 0 && normal < 0 && strncmp(reference, "sha256:", 7) != 0)
			return normal;
		if (r < 0)
			return not_found(index, reference, err);
		snprintf(id, sizeof(id), "sha256:%s", hex);
		digest = id;
		name = name_of(index, digest);
	}
	r = load(fd, digest_hex(digest), name, ret_image, err);
	/* The name is there, our file is not: some other program put the image there. */
	if (r == -ENOENT)
		return err_set(err, ENOENT,
			       "the image '%s' was not put in the store by stack; import it with "
			       "'stack image import'",
			       reference);
	return r;
}

static int file_path(const struct paths *paths, const struct image *image, char ret_path[PATH_MAX],
		     struct err *err)
{
	return paths_join(ret_path, PATH_MAX, err, "%s/images/" IMAGE_FILE_DIR "/%s.json",
			  paths->root, digest_hex(image->id));
}

int64_t image_confirmed_s(const struct paths *paths, const struct image *image)
{
	char path[PATH_MAX];
	struct stat st;

	if (file_path(paths, image, path, NULL) < 0 || stat(path, &st) < 0)
		return 0;
	return (int64_t)st.st_mtime;
}

int image_confirm(const struct paths *paths, const struct image *image, struct err *err)
{
	char path[PATH_MAX];
	int r = file_path(paths, image, path, err);

	if (r == 0 && utimensat(AT_FDCWD, path, NULL, 0) < 0)
		return err_sys(err, errno, "write to the image store");
	return r;
}

static int by_reference(const void *a, const void *b)
{
	return strcmp(((const struct image *)a)->reference, ((const struct image *)b)->reference);
}

int image_list(const struct paths *paths, struct image **ret_images, size_t *ret_n, struct err *err)
{
	CLEANUP(json_cleanup) json_t *index = NULL;
	CLEANUP_FD int fd = -1;
	struct image *images;
	size_t n = 0;
	int r;

	r = open_images(paths, &fd, err);
	if (r == -ENOENT)
		index = json_object();
	else if (r == 0)
		r = index_load(fd, &index, err);
	if (r < 0 && r != -ENOENT)
		return r;
	images = calloc(index_size(index) + 1, sizeof(*images));
	if (!images)
		return err_nomem(err);
	for (size_t i = 0; i < index_size(index); i++) {
		const char *reference, *digest;

		index_entry(index, i, &reference, &digest);
		if (!reference || !digest)
			continue;
		r = load(fd, digest_hex(digest), reference, &images[n], err);
		if (r == 0) {
			n++;
		} else if (r != -ENOENT) {
			images_free(images, n);
			return r;
		}
	}
	qsort(images, n, sizeof(*images), by_reference);
	*ret_images = images;
	*ret_n = n;
	return 0;
}

void images_free(struct image *images, size_t n)
{
	for (size_t i = 0; i < n; i++)
		image_release(&images[i]);
	free(images);
}
