// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/export/save.h"
#include "cmd/image/command.h"
#include "cmd/image/harden.h"
#include "core/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

struct save_arguments {
	struct save_options options;
	const char *output;
};

static const struct {
	const char *option, *word;
	int value;
} words[] = {
	{"format", "oci-archive", SAVE_OCI},	   {"format", "docker-archive", SAVE_DOCKER},
	{"compression", "keep", COMPRESSION_KEEP}, {"compression", "none", COMPRESSION_NONE},
	{"compression", "gzip", COMPRESSION_GZIP}, {"compression", "zstd", COMPRESSION_ZSTD},
};

static int usage(void)
{
	fprintf(stderr, "usage: stack image save %s\n%s\n", command_save.operands,
		command_save.help);
	return COMMAND_USAGE;
}

/* -1: WORD is none of those that OPTION takes, and that was said. */
static int choose(const char *option, const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i].option, option) == 0 && strcmp(words[i].word, word) == 0)
			return words[i].value;
	fprintf(stderr, "stack: image save: --%s does not know '%s'\n", option, word);
	return -1;
}

static int parse(int argc, char **argv, struct save_arguments *args)
{
	static const struct option options[] = {{"output", required_argument, NULL, 'o'},
						{"format", required_argument, NULL, 'f'},
						{"compression", required_argument, NULL, 'c'},
						{NULL, 0, NULL, 0}};
	int c, value = 0;

	while (value >= 0 && (c = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (c == 'o') {
			args->output = optarg;
		} else if (c == 'f') {
			value = choose("format", optarg);
			args->options.format = (enum save_format)value;
		} else if (c == 'c') {
			value = choose("compression", optarg);
			args->options.compression = (enum compression)value;
		} else {
			return usage();
		}
	}
	if (value < 0 || optind == argc)
		return usage();
	if (args->options.format == SAVE_DOCKER && args->options.compression > COMPRESSION_NONE) {
		fputs("stack: image save: a docker archive has its layers uncompressed; compress "
		      "all of it, or use the format oci-archive\n",
		      stderr);
		return COMMAND_USAGE;
	}
	return 0;
}

static int open_output(const char *path, int *ret_fd, struct err *err)
{
	if (!path && isatty(STDOUT_FILENO))
		return err_set(err, EINVAL,
			       "an archive is nothing for a terminal; give a file with -o, or "
			       "redirect the output");
	*ret_fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0644)
		       : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return *ret_fd < 0 ? err_sys(err, errno, "open '%s'", path ? path : "standard output") : 0;
}

static int run(const struct paths *paths, int argc, char **argv, struct err *err)
{
	struct save_arguments args = {.output = NULL};
	CLEANUP_FD int fd = -1;
	int r = parse(argc, argv, &args);

	if (r != 0)
		return r;
	r = open_output(args.output, &fd, err);
	if (r == 0)
		r = harden(paths, -1, err);
	if (r < 0)
		return r;
	r = save_run(paths, argv + optind, (size_t)(argc - optind), fd, &args.options, err);
	/* A part of an archive is no archive. */
	if (r < 0 && args.output && ftruncate(fd, 0) < 0)
		fprintf(stderr, "stack: what is in '%s' is not complete\n", args.output);
	return r;
}

const struct command command_save = {
	.name = "save",
	.operands = "[-o FILE] [--format oci-archive|docker-archive] "
		    "[--compression keep|none|gzip|zstd] NAME|ID…",
	.help = "      Write images to an archive, as 'stack image import', skopeo, podman and\n"
		"      docker read it.\n"
		"        -o, --output FILE         instead of standard output\n"
		"        --format FORMAT           oci-archive (default), or docker-archive for\n"
		"                                  'docker load'\n"
		"        --compression NAME        of the layers; keep (default) leaves all as it "
		"is,\n"
		"                                  digests included",
	.run = run,
};
