// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_INTERPOLATE_H
#define STACK_CORE_MODEL_INTERPOLATE_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct names;
struct node;
struct reporter;
struct strbuf;
struct uses;
struct variables;

/*
 * Interpolation: $V and ${V…} in values
 *
 *	$V ${V}			the value; nothing, and a warning, when it is not set
 *	${V:-word} ${V-word}	word when V is empty or not set; when it is not set
 *	${V:?word} ${V?word}	an error that says word, in those cases
 *	${V:+word} ${V+word}	word in the other cases, else nothing
 *	$$			a dollar sign
 *
 * as in the Compose Specification, "Interpolation".  A word may contain all of
 * these again.  Values are taken as they are, not interpolated again.
 */
struct interpolation {
	const struct variables *first, *second; /* who is asked, in this order; may be NULL */
	bool keep_dollar; /* a $ that begins none of the above stays; else it is an error */
	size_t budget;	  /* how many bytes may still come out */
	void (*unset)(void *data, const char *name); /* replaced by nothing; may be NULL */
	/* Told of every variable, as uses_add() takes it; nothing is required then.  NULL: nobody.
	 */
	void (*used)(void *data, const char *name, char sign, const char *word, size_t len);
	void *data;
};

/* What all values of one file may become together. */
#define INTERPOLATION_BUDGET ((size_t)16 << 20)

/*
 * Append TEXT, its variables replaced, to OUT.
 *
 * -EINVAL: a form that is none of the above, or ${V?word}.
 * -E2BIG: the budget is used up.
 */
int interpolate(struct interpolation *in, const char *text, size_t len, struct strbuf *out,
		struct err *err);

/*
 * Replace the variables in all values of the tree NODE, but not in keys and
 * not below top-level keys that begin with x-.  An unset variable is warned
 * about once: WARNED has the names.  With USES, which gets all variables, none
 * is warned about or required.
 *
 * -EINVAL: REPORT has been told why.
 */
int interpolate_tree(struct node *root, const struct variables *variables, struct uses *uses,
		     struct names *warned, struct arena *arena, struct reporter *report);

#endif
