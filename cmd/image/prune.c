// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/image/command.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "store/digest.h"
#include "store/image.h"
#include "store/index.h"
#include "store/layout.h"
#include "store/lock.h"
#include "store/measure.h"
#include "store/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct prune_arguments {
	bool all, build_cache, force;
};

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}

static int usage(void)
{
	fprintf(stderr, "usage: stack image prune %s\n%s\n", command_prune.operands,
		command_prune.help);
	return COMMAND_USAGE;
}

static int parse(int argc, char **argv, struct prune_arguments *args)
{
	static const struct option options[] = {{"all", no_argument, NULL, 'a'},
						{"build-cache", no_argument, NULL, 'b'},
						{"force", no_argument, NULL, 'f'},
						{NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "af", options, NULL)) != -1) {
		if (c == 'a')
			args->all = true;
		else if (c == 'b')
			args->build_cache = true;
		else if (c == 'f')
			args->force = true;
		else
			return usage();
	}
	return optind == argc ? 0 : usage();
}

/* What can be had again only by a pull or a build is not taken without a word. */
static int confirm(const struct prune_arguments *args, struct err *err)
{
	char answer[16];

	if (args->force || !(args->all || args->build_cache))
		return 0;
	if (!isatty(STDIN_FILENO))
		return err_set(err, EINVAL, "nobody is there to say yes; -f prunes without asking");
	fprintf(stderr, "Remove %s%s%s? [y/N] ", args->all ? "every image no container uses" : "",
		args->all && args->build_cache ? " and " : "",
		args->build_cache ? "the build cache" : "");
	if (!fgets(answer, sizeof(answer), stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
		return err_set(err, ECANCELED, "nothing was removed");
	return 0;
}

/* Names of images that nothing uses go from the index; the images go with the collection. */
static int forget_unused(const struct layout *layout, struct err *err)
{
	CLEANUP(json_cleanup) json_t *index = NULL;
	CLEANUP(json_cleanup) json_t *users = NULL;
	int r = index_load(layout->images_fd, &index, err);

	if (r == 0)
		r = usage_load(&layout->paths, &users, err);
	for (size_t i = index_size(index); r == 0 && i-- > 0;) {
		const char *reference, *digest;

		index_entry(index, i, &reference, &digest);
		if (!reference || !digest || json_object_get(users, digest_hex(digest)))
			continue;
		printf("%s\n", image_reference_familiar(reference));
		r = index_remove(index, reference, err);
	}
	return r < 0 ? r : index_store(layout->images_fd, index, err);
}

static int store_size(const struct paths *paths, uint64_t *ret_bytes, struct err *err)
{
	static const char *const places[] = {"images", "layers", "build/storage"};
	uint64_t all = 0;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		uint64_t bytes = 0;
		char path[PATH_MAX];
		int r = paths_join(path, sizeof(path), err, "%s/%s", paths->root, places[i]);

		if (r == 0)
			r = measure(path, &bytes, err);
		if (r < 0)
			return r;
		all += bytes;
	}
	*ret_bytes = all;
	return 0;
}

static int empty_build_cache(const struct paths *paths, struct err *err)
{
	CLEANUP_FD int dir = -1, lock = -1;
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), err, "%s/build", paths->root);

	if (r < 0)
		return r;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "open '%s'", path);
	r = lock_try(dir, "lock", &lock, err);
	if (r == -EAGAIN)
		return err_set(err, EBUSY, "the build cache is in use: a build is at work");
	/* With nobody at work, all that a build was given and has begun is left behind. */
	if (r == 0)
		r = paths_join(path, sizeof(path), err, "%s/.build", paths->run);
	if (r == 0)
		r = fd_remove_tree(AT_FDCWD, path, err);
	if (r == 0)
		r = fd_remove_tree(dir, "work", err);
	return r < 0 ? r : fd_remove_tree(dir, "storage", err);
}

static int prune(const struct paths *paths, const struct prune_arguments *args, struct err *err)
{
	CLEANUP(layout_release) struct layout layout = LAYOUT_INIT;
	uint64_t before = 0, after = 0;
	char size[COMMAND_SIZE_LEN];
	int r = layout_open(&layout, paths, command_waiting, err);

	if (r == 0)
		r = store_size(paths, &before, err);
	if (r == 0 && args->all)
		r = forget_unused(&layout, err);
	if (r == 0)
		r = layout_collect(&layout, err);
	if (r == 0 && args->build_cache)
		r = empty_build_cache(paths, err);
	if (r == 0)
		r = store_size(paths, &after, err);
	if (r < 0)
		return r;
	fprintf(stderr, "freed %s\n", command_size(before > after ? before - after : 0, size));
	return 0;
}

static int run(const struct paths *paths, int argc, char **argv, struct err *err)
{
	struct prune_arguments args = {.all = false};
	int r = parse(argc, argv, &args);

	if (r == 0)
		r = confirm(&args, err);
	return r != 0 ? r : prune(paths, &args, err);
}

const struct command command_prune = {
	.name = "prune",
	.operands = "[-a] [--build-cache] [-f]",
	.help = "      Remove what no image needs any more.  What a container uses stays, running\n"
		"      or not, and so does what an enabled project will use.\n"
		"        -a, --all                 every image that nothing uses, too\n"
		"        --build-cache             what builds have kept, too\n"
		"        -f, --force               do not ask",
	.run = run,
};
