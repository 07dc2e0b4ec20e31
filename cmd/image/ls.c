// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/image/command.h"
#include "store/digest.h"
#include "store/image.h"
#include "store/image_file.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void print_created(int64_t created_s)
{
	time_t created = (time_t)created_s;
	struct tm tm;
	char text[32] = "-";

	if (localtime_r(&created, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm);
	fputs(text, stdout);
}

/* References are plain ASCII by their grammar, so printf can align them. */
static void print_table(const struct image *images, size_t n)
{
	size_t width = strlen("IMAGE");

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(image_reference_familiar(images[i].reference));

		width = len > width ? len : width;
	}
	printf("%-*s   %-12s   %10s   %6s   %s\n", (int)width, "IMAGE", "ID", "SIZE", "LAYERS",
	       "IMPORTED");
	for (size_t i = 0; i < n; i++) {
		char size[COMMAND_SIZE_LEN];

		printf("%-*s   %.12s   %10s   %6zu   ", (int)width,
		       image_reference_familiar(images[i].reference), digest_hex(images[i].id),
		       command_size(images[i].size, size), images[i].n_layers);
		print_created(images[i].created_s);
		putchar('\n');
	}
}

static int print_json(const struct image *images, size_t n, struct err *err)
{
	json_t *list = json_array();
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		json_t *image;

		r = image_to_json(&images[i], &image, err);
		if (r == 0)
			json_array_append_new(list, image);
	}
	if (r == 0 && json_dumpf(list, stdout, JSON_INDENT(2)) == 0)
		putchar('\n');
	json_decref(list);
	return r;
}

static int usage(void)
{
	fprintf(stderr, "usage: stack image ls %s\n%s\n", command_ls.operands, command_ls.help);
	return COMMAND_USAGE;
}

static int run(const struct paths *paths, int argc, char **argv, struct err *err)
{
	struct image *images;
	bool json = false, quiet = false;
	size_t n;
	int r;

	if (!command_list_options(argc, argv, "quiet", &quiet, &json))
		return usage();
	r = image_list(paths, &images, &n, err);
	if (r < 0)
		return r;
	if (json)
		r = print_json(images, n, err);
	else if (!quiet)
		print_table(images, n);
	for (size_t i = 0; quiet && !json && i < n; i++)
		printf("%s\n", images[i].id);
	images_free(images, n);
	return fflush(stdout) == 0 ? r : err_sys(err, errno, "write the list");
}

const struct command command_ls = {
	.name = "ls",
	.operands = "[-q] [--format table|json]",
	.help = "      List the images in the store.\n"
		"        -q, --quiet               print only their ids",
	.run = run,
};
