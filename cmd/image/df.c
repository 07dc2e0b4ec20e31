// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * df: what takes how much of the disk, and how much of it nothing uses
 *
 * An image is its layers, unpacked, and its blobs; several images may share both.
 */
#include "cmd/image/command.h"
#include "core/base/cleanup.h"
#include "store/digest.h"
#include "store/image.h"
#include "store/image_file.h"
#include "store/measure.h"
#include "store/usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct df {
	const struct paths *paths;
	int images_fd; /* -1: there is no store */
	json_t *users;
	json_t *parts; /* path below <root> → {size, images, used} */
	json_t *list;  /* of images */
	json_t *total; /* kind → {count, size, reclaimable} */
};

static void df_release(struct df *df)
{
	cleanup_close(&df->images_fd);
	json_decref(df->users);
	json_decref(df->parts);
	json_decref(df->list);
	json_decref(df->total);
}

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void add_total(struct df *df, const char *kind, uint64_t count, uint64_t size,
		      uint64_t reclaimable)
{
	json_object_set_new(df->total, kind,
			    json_pack("{s:I, s:I, s:I}", "count", (json_int_t)count, "size",
				      (json_int_t)size, "reclaimable", (json_int_t)reclaimable));
}

/* --- images --- */

static int add_part(struct df *df, const char *path, bool used, struct err *err)
{
	json_t *part = json_object_get(df->parts, path);
	char full[PATH_MAX];
	uint64_t bytes;
	int r;

	if (!part) {
		r = paths_join(full, sizeof(full), err, "%s/%s", df->paths->root, path);
		if (r == 0)
			r = measure(full, &bytes, err);
		if (r < 0)
			return r;
		part = json_pack("{s:I, s:i, s:b}", "size", (json_int_t)bytes, "images", 0, "used",
				 0);
		json_object_set_new(df->parts, path, part);
	}
	json_object_set_new(part, "images", json_integer(number(part, "images") + 1));
	if (used)
		json_object_set_new(part, "used", json_true());
	return 0;
}

static json_t *parts_of(const struct df *df, const struct image *image, char *const *blobs)
{
	json_t *paths = json_array();

	(void)df;
	for (size_t i = 0; i < image->n_layers; i++)
		json_array_append_new(paths, json_sprintf("layers/%s", image->layers[i]));
	for (size_t i = 0; blobs[i]; i++) {
		json_t *path = json_sprintf("images/blobs/sha256/%s", blobs[i]);
		bool known = false;

		/* One blob may be two layers. */
		for (size_t k = 0; k < json_array_size(paths); k++)
			known |= json_equal(json_array_get(paths, k), path);
		if (known)
			json_decref(path);
		else
			json_array_append_new(paths, path);
	}
	return paths;
}

static bool is_listed(const struct df *df, const char *id)
{
	for (size_t i = 0; i < json_array_size(df->list); i++)
		if (strcmp(json_string_value(json_object_get(json_array_get(df->list, i), "id")),
			   id) == 0)
			return true;
	return false;
}

static int add_image(struct df *df, const struct image *image, struct err *err)
{
	const json_t *user = json_object_get(df->users, digest_hex(image->id));
	bool known = is_listed(df, image->id);
	json_t *paths, *path;
	char **blobs;
	size_t i;
	int r;

	r = image_file_blobs(df->images_fd, digest_hex(image->id), &blobs, err);
	if (r < 0)
		return r;
	paths = parts_of(df, image, blobs);
	image_file_list_free(blobs);
	/* Another name for an image takes no room. */
	json_array_foreach (paths, i, path)
		if (r == 0 && !known)
			r = add_part(df, json_string_value(path), user != NULL, err);
	json_array_append_new(df->list,
			      json_pack("{s:s, s:s, s:O?, s:o}", "reference", image->reference,
					"id", image->id, "used_by", user, "parts", paths));
	return r;
}

/* Those with names, then those that only a container holds. */
static int add_images(struct df *df, struct err *err)
{
	struct image *images;
	const char *hex;
	json_t *user;
	size_t n;
	int r = image_list(df->paths, &images, &n, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_image(df, &images[i], err);
	images_free(images, n);
	json_object_foreach (df->users, hex, user) {
		CLEANUP(image_release) struct image image = {0};

		if (r == 0 && image_find(df->paths, hex, &image, NULL) == 0 &&
		    !is_listed(df, image.id))
			r = add_image(df, &image, err);
	}
	return r;
}

static void finish_images(struct df *df)
{
	uint64_t size = 0, unused = 0, count = 0;
	json_t *image, *part, *path;
	const char *key;
	size_t i, k;

	json_object_foreach (df->parts, key, part) {
		size += (uint64_t)number(part, "size");
		if (!json_is_true(json_object_get(part, "used")))
			unused += (uint64_t)number(part, "size");
	}
	json_array_foreach (df->list, i, image) {
		json_int_t shared = 0, unique = 0;

		json_array_foreach (json_object_get(image, "parts"), k, path) {
			part = json_object_get(df->parts, json_string_value(path));
			if (number(part, "images") > 1)
				shared += number(part, "size");
			else
				unique += number(part, "size");
		}
		json_object_set_new(image, "shared", json_integer(shared));
		json_object_set_new(image, "unique", json_integer(unique));
		json_object_del(image, "parts");
		count++;
	}
	add_total(df, "images", count, size, unused);
}

/* --- the rest --- */

/* What each project has in its directory NAME. */
static int add_projects(struct df *df, const char *kind, const char *name, struct err *err)
{
	uint64_t bytes = 0, count = 0;
	const struct dirent *entry;
	char path[PATH_MAX];
	DIR *dir;
	int r = paths_join(path, sizeof(path), err, "%s/projects", df->paths->root);

	if (r < 0)
		return r;
	dir = opendir(path);
	if (!dir && errno != ENOENT)
		return err_sys(err, errno, "read '%s'", path);
	while (dir && r == 0 && (entry = readdir(dir))) {
		uint64_t more = 0, n = 0;

		if (entry->d_name[0] == '.')
			continue;
		r = paths_join(path, sizeof(path), err, "%s/projects/%s/%s", df->paths->root,
			       entry->d_name, name);
		if (r == 0)
			r = measure_entries(path, &more, &n, err);
		bytes += more;
		count += n;
	}
	if (dir)
		closedir(dir);
	if (r == 0)
		add_total(df, kind, count, bytes, 0);
	return r;
}

static int add_directory(struct df *df, const char *kind, const char *name, bool reclaimable,
			 struct err *err)
{
	uint64_t bytes = 0, n = 0;
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), err, "%s/%s", df->paths->root, name);

	if (r == 0)
		r = measure_entries(path, &bytes, &n, err);
	if (r == 0)
		add_total(df, kind, n, bytes, reclaimable ? bytes : 0);
	return r;
}

static int gather(struct df *df, struct err *err)
{
	char path[PATH_MAX];
	int r = usage_load(df->paths, &df->users, err);

	if (r == 0)
		r = paths_join(path, sizeof(path), err, "%s/images", df->paths->root);
	if (r < 0)
		return r;
	df->images_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (df->images_fd >= 0)
		r = add_images(df, err);
	else if (errno != ENOENT)
		r = err_sys(err, errno, "open '%s'", path);
	finish_images(df);
	if (r == 0)
		r = add_projects(df, "containers", "containers", err);
	if (r == 0)
		r = add_projects(df, "logs", "logs", err);
	if (r == 0)
		r = add_directory(df, "volumes", "volumes", false, err);
	return r < 0 ? r : add_directory(df, "build cache", "build/storage", true, err);
}

static void print_totals(const struct df *df)
{
	const char *kind;
	json_t *row;

	printf("%-12s   %6s   %10s   %11s\n", "TYPE", "COUNT", "SIZE", "RECLAIMABLE");
	json_object_foreach (df->total, kind, row) {
		char size[COMMAND_SIZE_LEN], unused[COMMAND_SIZE_LEN];

		printf("%-12s   %6lld   %10s   %11s\n", kind, (long long)number(row, "count"),
		       command_size((uint64_t)number(row, "size"), size),
		       command_size((uint64_t)number(row, "reclaimable"), unused));
	}
}

static void print_images(const struct df *df)
{
	json_t *image;
	size_t i;

	printf("\n%-40s   %-12s   %10s   %10s   %s\n", "IMAGE", "ID", "SHARED", "UNIQUE",
	       "USED BY");
	json_array_foreach (df->list, i, image) {
		const char *id = json_string_value(json_object_get(image, "id"));
		const char *reference = json_string_value(json_object_get(image, "reference"));
		const char *user = json_string_value(json_object_get(image, "used_by"));
		char shared[COMMAND_SIZE_LEN], unique[COMMAND_SIZE_LEN];

		printf("%-40s   %.12s   %10s   %10s   %s\n",
		       strcmp(id, reference) == 0 ? "-" : image_reference_familiar(reference),
		       digest_hex(id), command_size((uint64_t)number(image, "shared"), shared),
		       command_size((uint64_t)number(image, "unique"), unique), user ? user : "-");
	}
}

static int print_json(const struct df *df, struct err *err)
{
	json_t *all = json_pack("{s:O, s:O}", "total", df->total, "images", df->list);
	int r = json_dumpf(all, stdout, JSON_INDENT(2));

	json_decref(all);
	return r < 0 || putchar('\n') == EOF ? err_sys(err, EIO, "write the list") : 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: stack image df %s\n%s\n", command_df.operands, command_df.help);
	return COMMAND_USAGE;
}

static int run(const struct paths *paths, int argc, char **argv, struct err *err)
{
	CLEANUP(df_release)
	struct df df = {.paths = paths,
			.images_fd = -1,
			.parts = json_object(),
			.list = json_array(),
			.total = json_object()};
	bool json = false, verbose = false;
	int r;

	if (!command_list_options(argc, argv, "verbose", &verbose, &json))
		return usage();
	r = gather(&df, err);
	if (r < 0)
		return r;
	if (json)
		return print_json(&df, err);
	print_totals(&df);
	if (verbose)
		print_images(&df);
	return fflush(stdout) == 0 ? 0 : err_sys(err, errno, "write the list");
}

const struct command command_df = {
	.name = "df",
	.operands = "[-v] [--format table|json]",
	.help = "      Show what takes how much of the disk, and how much of it 'prune' gives "
		"back.\n"
		"        -v, --verbose             each image, with what it shares with others",
	.run = run,
};
