// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * commit: `stack commit` knows the container and hands over its image and directory
 */
#include "store/import/commit.h"
#include "cmd/image/command.h"
#include "cmd/image/harden.h"
#include "core/base/cleanup.h"
#include "store/image.h"
#include "store/layout.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int usage(void)
{
	fprintf(stderr, "usage: stack commit [-c INSTRUCTION]… [-m TEXT] SERVICE NAME\n");
	return COMMAND_USAGE;
}

static int parse(int argc, char **argv, struct commit_options *args, char **changes)
{
	static const struct option options[] = {{"change", required_argument, NULL, 'c'},
						{"first-id", required_argument, NULL, 'i'},
						{"message", required_argument, NULL, 'm'},
						{NULL, 0, NULL, 0}};
	size_t n = 0;
	int c;

	while ((c = getopt_long(argc, argv, "c:m:", options, NULL)) != -1) {
		if (c == 'c')
			changes[n++] = optarg;
		else if (c == 'm')
			args->message = optarg;
		else if (c == 'i')
			args->first_id = (uint32_t)strtoul(optarg, NULL, 10);
		else
			return usage();
	}
	if (argc - optind != 3)
		return usage();
	args->changes = changes;
	args->upper = argv[optind];
	args->image = argv[optind + 1];
	args->reference = argv[optind + 2];
	return 0;
}

static int run(const struct paths *paths, int argc, char **argv, struct err *err)
{
	CLEANUP(layout_release) struct layout layout = LAYOUT_INIT;
	CLEANUP(image_release) struct image image = {0};
	CLEANUP_FREE char **changes = calloc((size_t)argc + 1, sizeof(*changes));
	struct commit_options options = {.first_id = 0};
	int r;

	if (!changes)
		return err_nomem(err);
	r = parse(argc, argv, &options, changes);
	if (r == 0)
		r = harden_mounts(err);
	if (r == 0)
		r = layout_open(&layout, paths, command_waiting, err);
	if (r == 0)
		r = harden(paths, -1, err);
	if (r == 0)
		r = commit_run(&layout, &options, &image, err);
	if (r == 0)
		command_print_image(&image);
	return r;
}

const struct command command_commit = {
	.name = "commit",
	.operands = NULL, /* not for people */
	.run = run,
};
