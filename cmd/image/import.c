// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/import.h"
#include "cmd/image/command.h"
#include "cmd/image/harden.h"
#include "cmd/image/interrupt.h"
#include "core/base/cleanup.h"
#include "core/model/units.h"
#include "store/digest.h"
#include "store/image.h"
#include "store/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct import_arguments {
	struct import_options options;
	bool quiet;
};

static void report_progress(void *data, uint64_t bytes)
{
	char size[COMMAND_SIZE_LEN];

	(void)data;
	fprintf(stderr, "\r\033[Kreading %s", command_size(bytes, size));
}

static int usage(void)
{
	fprintf(stderr, "usage: stack image import %s\n%s\n", command_import.operands,
		command_import.help);
	return COMMAND_USAGE;
}

/* 0, or the exit status.  CHANGES has room for all of ARGV. */
static int parse(int argc, char **argv, struct import_arguments *args, char **changes)
{
	static const struct option options[] = {{"change", required_argument, NULL, 'c'},
						{"max-size", required_argument, NULL, 'm'},
						{"quiet", no_argument, NULL, 'q'},
						{"built", no_argument, NULL, 'b'},
						{NULL, 0, NULL, 0}};
	size_t n_changes = 0;
	int64_t bytes;
	int c;

	args->options.changes = changes;
	while ((c = getopt_long(argc, argv, "c:q", options, NULL)) != -1) {
		if (c == 'c') {
			changes[n_changes++] = optarg;
		} else if (c == 'q') {
			args->quiet = true;
		} else if (c == 'b') { /* for `stack build` */
			args->options.built = true;
		} else if (c == 'm' && units_bytes(optarg, &bytes) == 0 && bytes > 0) {
			args->options.max_bytes = (uint64_t)bytes;
		} else {
			if (c == 'm')
				fprintf(stderr, "stack: '%s' is no size such as 20g\n", optarg);
			return usage();
		}
	}
	changes[n_changes] = NULL;
	if (argc - optind < 1 || argc - optind > 2)
		return usage();
	args->options.source = argv[optind];
	args->options.reference = argv[optind + 1];
	return 0;
}

static int open_source(const char *source, int *ret_fd, int *ret_directory, struct err *err)
{
	struct stat st;
	int fd;

	if (strcmp(source, "-") == 0) {
		if (isatty(STDIN_FILENO))
			return err_set(err, EINVAL,
				       "'-' reads the image from standard input, which is a "
				       "terminal; redirect a file or a pipe to it");
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	} else {
		fd = open(source, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	}
	if (fd < 0)
		return err_sys(err, errno, "open '%s'", source);
	*ret_fd = fd;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat '%s'", source);
	*ret_directory = S_ISDIR(st.st_mode) ? fd : -1;
	return 0;
}

/* The directory SOURCE is to be behind harden_mounts() as well.  FD stays its number. */
static int open_again(const char *source, int fd, struct err *err)
{
	CLEANUP_FD int again = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (again < 0 || dup3(again, fd, O_CLOEXEC) < 0)
		return err_sys(err, errno, "open '%s'", source);
	return 0;
}

static int import(const struct paths *paths, struct import_arguments *args, struct err *err)
{
	CLEANUP(layout_release) struct layout layout = LAYOUT_INIT;
	CLEANUP_FD int fd = -1;
	struct image *images = NULL;
	char normal[IMAGE_REFERENCE_SIZE];
	int r = 0, directory = -1;
	size_t n = 0;

	if (args->options.reference)
		r = image_reference_normalize(args->options.reference, normal, sizeof(normal), err);
	if (r == 0 && geteuid() != 0)
		r = err_set(err, EPERM,
			    "importing an image takes root: its files belong to many users");
	if (r == 0)
		r = open_source(args->options.source, &fd, &directory, err);
	if (r == 0)
		r = harden_mounts(err);
	if (r == 0 && directory >= 0)
		r = open_again(args->options.source, fd, err);
	if (r == 0)
		r = layout_open(&layout, paths, command_waiting, err);
	if (r == 0)
		r = harden(paths, directory, err);
	if (r < 0)
		return r;
	interrupt_catch();
	args->options.progress.stopped = interrupted;
	if (!args->quiet && isatty(STDERR_FILENO))
		args->options.progress.report = report_progress;
	r = import_run(&layout, fd, &args->options, &images, &n, err);
	if (args->options.progress.report)
		fputs("\r\033[K", stderr);
	for (size_t i = 0; r == 0 && i < n; i++)
		command_print_image(&images[i]);
	images_free(images, n);
	return r < 0 ? err_wrap(err, "import '%s'", args->options.source) : 0;
}

static int run(const struct paths *paths, int argc, char **argv, struct err *err)
{
	CLEANUP_FREE char **changes = calloc((size_t)argc + 1, sizeof(*changes));
	struct import_arguments args = {.quiet = false};
	int r;

	if (!changes)
		return err_nomem(err);
	r = parse(argc, argv, &args, changes);
	return r ? r : import(paths, &args, err);
}

const struct command command_import = {
	.name = "import",
	.operands = "[-c INSTRUCTION]… FILE|DIRECTORY|- [NAME]",
	.help = "      Put an image into the store: an archive made by 'docker save', an OCI\n"
		"      layout (tar or directory), or a root file system (tar or directory).\n"
		"      Archives may be compressed; '-' is standard input.\n"
		"        -c, --change INSTRUCTION  configure a root file system with a line of a\n"
		"                                  Dockerfile, such as 'CMD [\"nginx\"]'\n"
		"        --max-size SIZE           refuse what unpacks to more (20g)\n"
		"        -q, --quiet               show no progress",
	.run = run,
};
