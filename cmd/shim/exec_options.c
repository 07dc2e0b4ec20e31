// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/shim/exec_options.h"

#include "core/base/err.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_PRIVILEGED = 256, OPTION_TIMEOUT };

static const struct option long_options[] = {
	{"privileged", no_argument, NULL, OPTION_PRIVILEGED},
	{"timeout", required_argument, NULL, OPTION_TIMEOUT},
	{0},
};

static int parse_timeout(const char *text, int *ret_ms, struct err *err)
{
	char *end = NULL;
	long ms = strtol(text, &end, 10);

	if (end == text || *end || ms <= 0 || ms > INT_MAX)
		return err_set(err, EINVAL, "--timeout wants milliseconds, not '%s'", text);
	*ret_ms = (int)ms;
	return 0;
}

static int take_option(struct exec_options *options, int option, size_t *n_variables,
		       struct err *err)
{
	switch (option) {
	case 't':
		options->tty = true;
		return 0;
	case 'i':
		options->interactive = true;
		return 0;
	case 'd':
		options->detach = true;
		return 0;
	case 'u':
		options->user = optarg;
		return 0;
	case 'w':
		options->cwd = optarg;
		return 0;
	case 'e':
		options->variables[(*n_variables)++] = optarg;
		return 0;
	case OPTION_PRIVILEGED:
		options->privileged = true;
		return 0;
	case OPTION_TIMEOUT:
		return parse_timeout(optarg, &options->timeout_ms, err);
	default:
		return err_set(err, EINVAL, "unknown option, or one without its value");
	}
}

int exec_options_parse(int argc, char **argv, struct exec_options *ret_options, struct err *err)
{
	struct exec_options options = {.timeout_ms = -1};
	size_t n_variables = 0;
	int option, r = 0;

	options.variables = calloc((size_t)argc + 1, sizeof(*options.variables));
	if (!options.variables)
		return err_nomem(err);
	opterr = 0;
	while (r == 0 && (option = getopt_long(argc, argv, "+tidu:w:e:", long_options, NULL)) != -1)
		r = take_option(&options, option, &n_variables, err);
	if (r == 0 && (argc - optind < 3 || strcmp(argv[optind + 1], "--") != 0))
		r = err_set(err, EINVAL, "usage: stack-shim exec [OPTION…] DIR -- PROGRAM [ARG…]");
	if (r == 0 && options.detach && (options.tty || options.interactive))
		r = err_set(err, EINVAL, "-d does not go together with -t or -i");
	if (r < 0) {
		free(options.variables);
		return r;
	}
	options.dir = argv[optind];
	options.argv = (spec_strings)(uintptr_t)(argv + optind + 2);
	*ret_options = options;
	return 0;
}

/* Replace the variable of the same name in the N of ENVP, or append it. */
static void set_variable(spec_strings envp, size_t *n, const char *variable)
{
	size_t len = strcspn(variable, "=") + 1, i = 0;

	while (i < *n && strncmp(envp[i], variable, len) != 0)
		i++;
	envp[i] = variable;
	if (i == *n)
		(*n)++;
}

int exec_options_environment(const struct exec_options *options, spec_strings base,
			     spec_strings *ret_envp, struct err *err)
{
	size_t n = 0, extra = 0;
	spec_strings envp;

	while (base && base[n])
		n++;
	while (options->variables[extra])
		extra++;
	envp = calloc(n + extra + 1, sizeof(*envp));
	if (!envp)
		return err_nomem(err);
	if (n)
		memcpy(envp, base, n * sizeof(*envp));
	for (size_t i = 0; i < extra; i++) {
		const char *variable = options->variables[i], *value;
		char *text;

		if (strchr(variable, '=')) {
			set_variable(envp, &n, variable);
			continue;
		}
		value = getenv(variable);
		if (!value)
			continue;
		if (asprintf(&text, "%s=%s", variable, value) < 0)
			return err_nomem(err);
		set_variable(envp, &n, text);
	}
	*ret_envp = envp;
	return 0;
}
