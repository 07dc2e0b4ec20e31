// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_DOTENV_H
#define STACK_CORE_MODEL_DOTENV_H

#include <stdbool.h>
#include <stddef.h>

struct reporter;
struct variables;

/*
 * .env files, and those of env_file:
 *
 *	# a comment
 *	NAME=text up to " #" or the end of the line; $V and ${V…} are replaced
 *	export NAME="may go over several lines, with \n \t \" \\ \$; ${V} is replaced"
 *	NAME='as it is'
 *	NAME		takes the value from the environment
 */
struct dotenv {
	const char *file;		     /* for messages */
	const struct variables *environment; /* asked first for $V; may be NULL */
	bool raw; /* format: raw: NAME=text, and nothing in it means anything */
};

#define DOTENV_SIZE_MAX ((size_t)1 << 20)

/*
 * Set what TEXT says in RET, over what is there.  What is set already can be
 * used in $V.
 *
 * -EINVAL: REPORT has been told why, with positions.
 */
int dotenv_parse(const struct dotenv *dotenv, const char *text, size_t len, struct variables *ret,
		 struct reporter *report);

#endif
