// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/image/transfer_arguments.h"

#include "core/model/units.h"

#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>

#define PARALLEL     4
#define RETRIES	     4
#define DELAY_MS     500
#define DELAY_MS_MAX 60000
#define IMAGES_MAX   1024
#define PARALLEL_MAX 32
#define RETRIES_MAX  100

static int usage(const struct command *command)
{
	fprintf(stderr, "usage: stack image %s %s\n%s\n", command->name, command->operands,
		command->help);
	return COMMAND_USAGE;
}

static int parse_number(const char *text, int64_t min, int64_t max, unsigned int *ret)
{
	int64_t value;

	if (units_integer(text, &value) < 0 || value < min || value > max)
		return -EINVAL;
	*ret = (unsigned int)value;
	return 0;
}

static int parse_delay(const char *text, unsigned int *ret)
{
	int64_t delay_ms;

	if (units_duration(text, &delay_ms) < 0 || delay_ms < 0 || delay_ms > DELAY_MS_MAX)
		return -EINVAL;
	*ret = (unsigned int)delay_ms;
	return 0;
}

static int set_option(struct transfer_arguments *arguments, int c, const char *text)
{
	switch (c) {
	case 'p':
		arguments->platform = text;
		return 0;
	case 'g':
		return view_kind_parse(text, &arguments->kind);
	case 'j':
		return parse_number(text, 1, PARALLEL_MAX, &arguments->policy.parallel);
	case 'r':
		return parse_number(text, 0, RETRIES_MAX, &arguments->policy.retries);
	case 'd':
		return parse_delay(text, &arguments->policy.delay_ms);
	case 'q':
		arguments->kind = VIEW_QUIET;
		return 0;
	case 'i':
		arguments->ignore_failures = true;
		return 0;
	default:
		return -EINVAL;
	}
}

int transfer_arguments_parse(struct transfer_arguments *ret, const struct command *command,
			     int argc, char **argv, struct err *err)
{
	static const struct option options[] = {{"platform", required_argument, NULL, 'p'},
						{"progress", required_argument, NULL, 'g'},
						{"parallel", required_argument, NULL, 'j'},
						{"retry", required_argument, NULL, 'r'},
						{"retry-delay", required_argument, NULL, 'd'},
						{"quiet", no_argument, NULL, 'q'},
						{"ignore-failures", no_argument, NULL, 'i'},
						{NULL, 0, NULL, 0}};
	int c;

	*ret = (struct transfer_arguments){.policy = {PARALLEL, RETRIES, DELAY_MS}};
	view_kind_parse("auto", &ret->kind);
	while ((c = getopt_long(argc, argv, "q", options, NULL)) != -1) {
		if (c == '?')
			return usage(command);
		if (set_option(ret, c, optarg) < 0)
			return err_set(err, EINVAL, "'%s' is not what this option takes", optarg);
	}
	ret->names = argv + optind;
	ret->n = (size_t)(argc - optind);
	return ret->n == 0 || ret->n > IMAGES_MAX ? usage(command) : 0;
}
