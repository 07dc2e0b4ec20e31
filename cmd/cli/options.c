// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/options.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/base/text.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* getopt_long() answers with this for row i of a table as OPTION_BASE + i. */
#define OPTION_BASE 256

struct getopt_tables {
	char letters[160];
	struct option *names;
};

static void *value_of(const struct option_spec *spec, void *args)
{
	return (char *)args + spec->offset;
}

void string_list_add(struct string_list *list, const char *text)
{
	list->items = reallocarray(list->items, list->n + 1, sizeof(*list->items));
	if (!list->items)
		abort();
	list->items[list->n++] = text;
}

void string_list_release(struct string_list *list)
{
	free(list->items);
	*list = (struct string_list){.items = NULL};
}

void options_release(const struct option_spec *specs, size_t n, void *args)
{
	for (size_t i = 0; i < n; i++)
		if (specs[i].kind == OPTION_LIST)
			string_list_release(value_of(&specs[i], args));
}

static void set_defaults(const struct option_spec *specs, size_t n, void *args)
{
	for (size_t i = 0; i < n; i++) {
		void *value = value_of(&specs[i], args);

		switch (specs[i].kind) {
		case OPTION_FLAG:
		case OPTION_ON:
			*(bool *)value = specs[i].kind == OPTION_ON;
			break;
		case OPTION_STRING:
			*(const char **)value = NULL;
			break;
		case OPTION_LIST:
			*(struct string_list *)value = (struct string_list){.items = NULL};
			break;
		case OPTION_NUMBER:
			*(int64_t *)value = -1;
			break;
		}
	}
}

static int set_number(const struct option_spec *spec, int64_t *value, struct err *err)
{
	char *end;

	errno = 0;
	*value = strtoll(optarg, &end, 10);
	if (end == optarg || *end != '\0' || errno != 0 || *value < 0)
		return err_set(err, EINVAL, "'%s' for --%s is not a number", optarg, spec->name);
	return 0;
}

static int set_flag(const struct option_spec *spec, bool *value, struct err *err)
{
	*value = !optarg || strcmp(optarg, "true") == 0;
	if (!*value && strcmp(optarg, "false") != 0)
		return err_set(err, EINVAL, "'%s' for --%s is neither true nor false", optarg,
			       spec->name);
	return 0;
}

static int set_value(const struct option_spec *spec, void *args, struct err *err)
{
	void *value = value_of(spec, args);

	switch (spec->kind) {
	case OPTION_FLAG:
	case OPTION_ON:
		return set_flag(spec, value, err);
	case OPTION_STRING:
		*(const char **)value = optarg;
		return 0;
	case OPTION_LIST:
		string_list_add(value, optarg);
		return 0;
	case OPTION_NUMBER:
		return set_number(spec, value, err);
	}
	return 0;
}

/* WORD as the user typed it is in no table: which did he mean? */
static int unknown_option(const struct option_spec *specs, size_t n, const char *word,
			  struct err *err)
{
	CLEANUP_FREE const char **names = NULL;
	CLEANUP_FREE char *name = NULL;
	const char *suggestion;

	if (strncmp(word, "--", 2) != 0)
		return err_set(err, EINVAL, "unknown option '-%c'", optopt);
	names = reallocarray(NULL, n + 1, sizeof(*names));
	name = strndup(word + 2, strcspn(word + 2, "="));
	if (!names || !name)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		names[i] = specs[i].name;
	names[n] = "help";
	suggestion = text_suggest(name, names, n + 1);
	if (!suggestion)
		return err_set(err, EINVAL, "unknown option '--%s'", name);
	return err_set(err, EINVAL, "unknown option '--%s'; did you mean '--%s'?", name,
		       suggestion);
}

/* A letter's row.  NULL: there is none. */
static const struct option_spec *by_letter(const struct option_spec *specs, size_t n, int letter)
{
	for (size_t i = 0; i < n; i++)
		if (letter != '\0' && specs[i].letter == letter)
			return &specs[i];
	return NULL;
}

static int make_tables(const struct option_spec *specs, size_t n, bool first_operand_ends,
		       struct getopt_tables *tables, struct err *err)
{
	char *letter = tables->letters;

	tables->names = calloc(n + 2, sizeof(*tables->names));
	if (!tables->names)
		return err_nomem(err);
	if (first_operand_ends)
		*letter++ = '+';
	*letter++ = ':';
	*letter++ = 'h';
	tables->names[n] = (struct option){.name = "help", .val = 'h'};
	for (size_t i = 0; i < n; i++) {
		bool flag = specs[i].kind == OPTION_FLAG || specs[i].kind == OPTION_ON;

		tables->names[i].name = specs[i].name;
		tables->names[i].has_arg = flag ? optional_argument : required_argument;
		tables->names[i].val = OPTION_BASE + (int)i;
		if (!specs[i].letter)
			continue;
		*letter++ = specs[i].letter;
		if (!flag)
			*letter++ = ':';
	}
	*letter = '\0';
	return 0;
}

/* What getopt_long() complained about, as a sentence. */
static int refuse(const struct option_spec *specs, size_t n, int answer, char **argv,
		  struct err *err)
{
	const char *word = argv[optind - 1];

	if (answer == ':' && optopt >= OPTION_BASE)
		return err_set(err, EINVAL, "option '--%s' needs a value",
			       specs[optopt - OPTION_BASE].name);
	if (answer == ':')
		return err_set(err, EINVAL, "option '-%c' needs a value", optopt);
	if (optopt == 'h' && strncmp(word, "--", 2) == 0)
		return err_set(err, EINVAL, "option '%.*s' takes no value", (int)strcspn(word, "="),
			       word);
	return unknown_option(specs, n, word, err);
}

static int parse(const struct option_spec *specs, size_t n, const struct getopt_tables *tables,
		 int argc, char **argv, void *args, struct err *err)
{
	int answer, r = 0;

	optind = 0; /* glibc: begin anew, with the first character of the letters looked at again */
	opterr = 0;
	while (r == 0) {
		const struct option_spec *spec;

		answer = getopt_long(argc, argv, tables->letters, tables->names, NULL);
		if (answer == -1)
			return 0;
		if (answer == '?' || answer == ':')
			return refuse(specs, n, answer, argv, err);
		spec = answer >= OPTION_BASE ? &specs[answer - OPTION_BASE]
					     : by_letter(specs, n, answer);
		if (!spec)
			return 1; /* -h */
		r = set_value(spec, args, err);
	}
	return r;
}

int options_parse(const struct option_spec *specs, size_t n, bool first_operand_ends, int argc,
		  char **argv, void *args, int *ret_operands, struct err *err)
{
	struct getopt_tables tables = {.names = NULL};
	int r;

	set_defaults(specs, n, args);
	r = make_tables(specs, n, first_operand_ends, &tables, err);
	if (r == 0)
		r = parse(specs, n, &tables, argc, argv, args, err);
	free(tables.names);
	if (r == 0)
		*ret_operands = optind;
	return r;
}

#define HELP_COLUMN 30

static void help_line(char letter, const char *name, const char *argument, const char *help,
		      struct strbuf *out)
{
	size_t start = out->len;

	if (letter)
		strbuf_printf(out, "  -%c, --%s", letter, name);
	else
		strbuf_printf(out, "      --%s", name);
	if (argument)
		strbuf_printf(out, " %s", argument);
	if (out->len - start > HELP_COLUMN - 2) {
		strbuf_putc(out, '\n');
		start = out->len;
	}
	while (out->len - start < HELP_COLUMN)
		strbuf_putc(out, ' ');
	strbuf_printf(out, "%s\n", help);
}

void options_help(const struct option_spec *specs, size_t n, struct strbuf *out)
{
	for (size_t i = 0; i < n; i++)
		if (specs[i].help)
			help_line(specs[i].letter, specs[i].name, specs[i].argument, specs[i].help,
				  out);
	help_line('h', "help", NULL, "show this", out);
}
