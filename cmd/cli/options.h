// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_OPTIONS_H
#define STACK_CMD_CLI_OPTIONS_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf;

/*
 * Options: one table is the parser and the help text
 *
 *	struct down_args {
 *		bool volumes;
 *		int64_t timeout;
 *	};
 *	static const struct option_spec down_options[] = {
 *		{'v', "volumes", OPTION_FLAG, offsetof(struct down_args, volumes), NULL,
 *		 "remove the volumes of the stack file too"},
 *		{'t', "timeout", OPTION_NUMBER, offsetof(struct down_args, timeout), "SECONDS",
 *		 "how long to wait …"},
 *	};
 */
enum option_kind {
	OPTION_FLAG,   /* bool: true when given; --name=false takes it back */
	OPTION_ON,     /* bool: true unless --name=false is given */
	OPTION_STRING, /* const char *: the last one given; NULL */
	OPTION_LIST,   /* struct string_list: all that were given */
	OPTION_NUMBER, /* int64_t: not negative; -1 when not given */
};

struct string_list {
	const char **items; /* the strings are argv's */
	size_t n;
};

struct option_spec {
	char letter;	  /* '\0': only the long form */
	const char *name; /* without "--" */
	enum option_kind kind;
	size_t offset;	      /* of the value in the struct that is filled */
	const char *argument; /* its name in the help text; NULL for a flag */
	const char *help;     /* NULL: works, but is not shown */
};

/* Add TEXT, which has to outlive LIST. */
void string_list_add(struct string_list *list, const char *text);
void string_list_release(struct string_list *list);

/*
 * Set the values in ARGS to "not given", then read ARGV, argv[0] being the
 * command's name.  "-h" and "--help" belong to every table.  Options may stand
 * behind operands, which are moved to the end, unless FIRST_OPERAND_ENDS.
 * RET_OPERANDS is the index of the first operand.
 *
 * 0, 1 when help was asked for, or -EINVAL with a sentence (and a suggestion).
 */
int options_parse(const struct option_spec *specs, size_t n, bool first_operand_ends, int argc,
		  char **argv, void *args, int *ret_operands, struct err *err);

/* Free the lists in ARGS. */
void options_release(const struct option_spec *specs, size_t n, void *args);

/* The table as lines of a help text. */
void options_help(const struct option_spec *specs, size_t n, struct strbuf *out);

#endif
