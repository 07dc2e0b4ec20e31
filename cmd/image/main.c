// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/image/command.h"
#include "cmd/image/interrupt.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/base/text.h"
#include "store/digest.h"
#include "store/image.h"

#include <getopt.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
	&command_pull, &command_push,  &command_import, &command_ls,	&command_df,
	&command_save, &command_tag,   &command_rm,	&command_prune, &command_commit,
	&command_tar,  &command_login, &command_logout};

static int usage(FILE *out)
{
	fputs("usage: stack image COMMAND [ARGUMENT…]\n\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i]->help)
			fprintf(out, "  %s %s\n%s\n\n", commands[i]->name, commands[i]->operands,
				commands[i]->help);
	return out == stdout ? 0 : COMMAND_USAGE;
}

const char *command_size(uint64_t bytes, char buf[COMMAND_SIZE_LEN])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double size = (double)bytes;
	size_t unit = 0;

	for (; size >= 1000 && unit + 1 < ARRAY_SIZE(units); unit++)
		size /= 1024;
	snprintf(buf, COMMAND_SIZE_LEN, unit ? "%.1f %s" : "%.0f %s", size, units[unit]);
	return buf;
}

void command_waiting(void)
{
	fputs("waiting for another 'stack image' to finish\n", stderr);
}

const char *command_plural(size_t n)
{
	return n == 1 ? "" : "s";
}

void command_print_image(const struct image *image)
{
	char size[COMMAND_SIZE_LEN];

	printf("%s %.12s %s in %zu layer%s\n", image_reference_familiar(image->reference),
	       digest_hex(image->id), command_size(image->size, size), image->n_layers,
	       command_plural(image->n_layers));
}

bool command_list_options(int argc, char **argv, const char *flag, bool *ret_flag, bool *ret_json)
{
	const struct option options[] = {{"format", required_argument, NULL, 1},
					 {flag, no_argument, NULL, 2},
					 {NULL, 0, NULL, 0}};
	const char letters[] = {flag[0], '\0'};
	int c;

	while ((c = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (c == 2 || c == flag[0])
			*ret_flag = true;
		else if (c == 1 && strcmp(optarg, "json") == 0)
			*ret_json = true;
		else if (c != 1 || strcmp(optarg, "table") != 0)
			return false;
	}
	return optind == argc;
}

static int fail(const struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	text_escape(&text, err->msg, strlen(err->msg));
	fprintf(stderr, "stack: %s\n", text.text);
	return 1;
}

static const struct command *find(const char *name)
{
	const char *names[ARRAY_SIZE(commands)], *meant;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		names[i] = commands[i]->name;
		if (strcmp(name, names[i]) == 0)
			return commands[i];
	}
	meant = text_suggest(name, names, ARRAY_SIZE(names));
	fprintf(stderr, "stack: unknown command 'image %s'%s%s%s\n", name,
		meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"root", required_argument, NULL, 'R'},
						{"run", required_argument, NULL, 'U'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	const char *root = NULL, *run = NULL;
	const struct command *command;
	struct err err = ERR_INIT;
	struct paths paths;
	int c, status;

	/* libarchive translates the names in an archive to the locale's encoding. */
	setlocale(LC_CTYPE, "C.UTF-8");
	while ((c = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		if (c == 'R')
			root = optarg;
		else if (c == 'U')
			run = optarg;
		else
			return usage(c == 'h' ? stdout : stderr);
	}
	if (optind == argc)
		return usage(stderr);
	if (strcmp(argv[optind], "help") == 0)
		return usage(stdout);
	command = find(argv[optind]);
	if (!command)
		return COMMAND_USAGE;
	if (paths_init(&paths, root, run, &err) < 0)
		return fail(&err);
	argc -= optind;
	argv += optind;
	optind = 0; /* getopt(3): start anew */
	status = command->run(&paths, argc, argv, &err);
	interrupt_end();
	return status < 0 ? fail(&err) : status;
}
